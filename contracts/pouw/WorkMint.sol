// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {IGristToken} from "../interfaces/IGristToken.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {IVerifierPool} from "../interfaces/IVerifierPool.sol";
import {IWorkMint} from "../interfaces/IWorkMint.sol";
import {Attestations} from "../libraries/Attestations.sol";
import {SegmentHash} from "../libraries/SegmentHash.sol";
import {Sha256Merkle} from "../libraries/Sha256Merkle.sol";
import {Tickets} from "../libraries/Tickets.sol";
import {Attestation} from "../types/AttestationTypes.sol";
import {ClaimDetails, ClaimId} from "../types/ClaimTypes.sol";
import {LockedClaims, LockedClaimsLib} from "../types/LockedClaims.sol";
import {Segment} from "../types/SegmentTypes.sol";
import {Role, TaskId} from "../types/TaskTypes.sol";

/// @title WorkMint
/// @notice See {IWorkMint}.
/// @dev A claim is one word, and what every claim changes besides are words that never return to zero: the counts of its
/// epoch and of its slot's locked claims, and what its task has minted.
contract WorkMint is IWorkMint, ReentrancyGuardTransient {
    using Attestations for mapping(uint256 number => Attestation);
    using Attestations for mapping(bytes32 sealedRoot => uint256 blockNumber);
    using SegmentHash for *;

    struct Epoch {
        uint256 target; // 0: not open
        uint32 claims;
        uint32 accepted;
    }

    /// @dev One word. The digest has as many bits as an address.
    struct ClaimRecord {
        ClaimState state; // Expired is never stored: it follows from the block number
        uint8 attestations;
        uint8 decisive; // number of the attestation that was the k-th of its root, once there is one
        uint40 claimedAt; // block
        uint32 pausedBefore; // blocks for which the slot had been suspended by then
        bytes20 digest;
    }

    /// @dev One word.
    struct Budget {
        uint128 minted; // GRIST wei
        uint128 cap; // GRIST wei; 0 until it was looked up
    }

    uint256 private constant BPS = 10_000;
    uint256 private constant MINT_CAP_BPS = 9_000;
    uint256 private constant MOST_VERIFIERS = 8;

    IGristToken private immutable _token;
    ITaskRegistry private immutable _registry;
    IEpochBeacon private immutable _beacon;
    IVerifierPool private immutable _pool;

    uint64 public immutable override macsPerTicket;
    uint8 public immutable override verifiersPerClaim;
    uint64 private immutable _halvingEpochs;
    uint32 private immutable _wantedClaims;
    uint16 private immutable _verifierShareBps;
    uint256 private immutable _initialTarget;
    uint256 private immutable _initialEmission;
    uint256 private immutable _maxPerTicket;

    // What the token and the beacon never change, at hand: the beacon's deadlines grow by an epoch's length per epoch.
    uint256 private immutable _supplyCap;
    uint64 private immutable _epochBlocks;
    uint64 private immutable _firstClaimsCloseAt; // of epoch 0
    uint64 private immutable _firstSettlesAt; // of epoch 0
    uint64 private immutable _attestationBlocks;
    uint64 private immutable _attestationRounds;

    /// @dev Blocks by which the ends of claims' windows are counted in {LockedClaims}.
    uint64 private immutable _lockPeriod;

    /// @dev Of the last epoch that was opened, plus one; 0 if none.
    uint64 private _opened;
    mapping(uint64 epoch => Epoch) private _epochs;
    mapping(ClaimId => ClaimRecord) private _claims;
    mapping(ClaimId => mapping(uint256 number => Attestation)) private _attestations;
    mapping(bytes32 sealedRoot => uint256 blockNumber) private _sealedAt;
    mapping(TaskId => mapping(uint256 slot => LockedClaims)) private _locked;
    mapping(TaskId => Budget) private _budgets;

    constructor(
        IGristToken token,
        ITaskRegistry registry,
        IEpochBeacon beacon,
        IVerifierPool pool,
        Parameters memory parameters
    ) {
        _requireRange("macsPerTicket", parameters.macsPerTicket, 1, type(uint64).max);
        _requireRange("halvingEpochs", parameters.halvingEpochs, 1, type(uint64).max);
        _requireRange("wantedClaims", parameters.wantedClaims, 1, type(uint32).max);
        _requireRange("verifierShareBps", parameters.verifierShareBps, 0, BPS);
        _requireRange("verifiersPerClaim", parameters.verifiersPerClaim, 1, MOST_VERIFIERS);
        _requireRange("initialTarget", parameters.initialTarget, 1, type(uint256).max);
        _requireRange("initialEmission", parameters.initialEmission, 0, type(uint128).max);
        _requireRange("maxPerTicket", parameters.maxPerTicket, 1, type(uint128).max);

        _token = token;
        _registry = registry;
        _beacon = beacon;
        _pool = pool;
        macsPerTicket = parameters.macsPerTicket;
        verifiersPerClaim = parameters.verifiersPerClaim;
        _halvingEpochs = parameters.halvingEpochs;
        _wantedClaims = parameters.wantedClaims;
        _verifierShareBps = parameters.verifierShareBps;
        _initialTarget = parameters.initialTarget;
        _initialEmission = parameters.initialEmission;
        _maxPerTicket = parameters.maxPerTicket;

        _supplyCap = token.cap();
        _epochBlocks = beacon.epochBlocks();
        _firstClaimsCloseAt = beacon.claimsCloseAt(0);
        _firstSettlesAt = beacon.settlesAt(0);
        _attestationBlocks = beacon.attestationBlocks();
        _attestationRounds = beacon.attestationRounds();
        // The longest window is that of a claim made right after its epoch's first seed block. It may begin within a
        // period and end within another, so it must span one less than there are.
        uint256 longest = _firstSettlesAt - (_firstClaimsCloseAt - _epochBlocks);
        _lockPeriod = SafeCast.toUint64(Math.ceilDiv(longest, LockedClaimsLib.PERIODS - 1));
    }

    // --- anyone

    /// @inheritdoc IWorkMint
    function openEpoch(uint64 epoch) external returns (uint256 target) {
        return _open(epoch);
    }

    /// @inheritdoc IWorkMint
    function mint(ClaimDetails calldata details) external nonReentrant returns (uint256 reward) {
        (ClaimId claimId, ClaimRecord memory record) = _requireClaimed(details);
        require(record.state == ClaimState.Attested, WorkMint_WrongState(claimId, _stateOf(record)));
        ITaskRegistry.PlaceView memory place = _placeOf(details);
        require(!place.convicted, WorkMint_SlotConvicted(details.taskId, details.slot));
        require(!place.suspended, WorkMint_SlotSuspended(details.taskId, details.slot));
        uint256 windowEnd = _windowEnd(details, record, place);
        require(block.number >= windowEnd, WorkMint_NotSettled(claimId, windowEnd));

        uint256 whole = _rewardIn(details.epoch);
        Budget memory budget = _budgetOf(details.taskId);
        reward = Math.min(whole, budget.cap - budget.minted);
        reward = Math.min(reward, _supplyCap - _token.totalSupply());
        require(reward != 0, WorkMint_NothingToMint(claimId));

        // What a cap has cut cannot be told from the epoch later, so its verifiers are paid at once.
        bool cut = reward < whole;
        _claims[claimId].state = cut ? ClaimState.Paid : ClaimState.Minted;
        budget.minted += SafeCast.toUint128(reward);
        _budgets[details.taskId] = budget;
        uint256 verifiersPart = _verifiersPartOf(reward);
        emit RewardMinted(claimId, details.taskId, details.miner, reward, verifiersPart);
        _token.mint(details.miner, reward - verifiersPart);
        if (cut) _payVerifiers(claimId, record, verifiersPart);
    }

    /// @inheritdoc IWorkMint
    function payVerifiers(ClaimDetails[] calldata claims) external nonReentrant {
        for (uint256 i = 0; i < claims.length; ++i) {
            (ClaimId claimId, ClaimRecord memory record) = _requireClaimed(claims[i]);
            if (record.state == ClaimState.Paid) continue;
            require(record.state == ClaimState.Minted, WorkMint_WrongState(claimId, _stateOf(record)));

            _claims[claimId].state = ClaimState.Paid;
            _payVerifiers(claimId, record, _verifiersPartOf(_rewardIn(claims[i].epoch)));
        }
    }

    /// @inheritdoc IWorkMint
    function discard(ClaimDetails calldata details) external {
        (ClaimId claimId, ClaimRecord memory record) = _requireClaimed(details);
        bool pending = record.state == ClaimState.Claimed || record.state == ClaimState.Attested;
        require(pending, WorkMint_WrongState(claimId, record.state));
        uint64 settledAt = _settlesAt(details.epoch);
        require(block.number < settledAt, WorkMint_Settled(claimId, settledAt));
        require(_placeOf(details).convicted, WorkMint_SlotNotConvicted(details.taskId, details.slot));

        _claims[claimId].state = ClaimState.Void;
        if (record.state == ClaimState.Attested) --_epochs[details.epoch].accepted;
        emit ClaimDiscarded(claimId);
    }

    // --- miner's operator

    /// @inheritdoc IWorkMint
    function claim(Claim calldata claim_) external returns (ClaimId claimId) {
        uint256 target = _open(claim_.epoch);
        TaskId taskId = claim_.segment.taskId;
        uint8 slot = SafeCast.toUint8(claim_.segment.slot);
        ITaskRegistry.ClaimContext memory context = _registry.claimContextOf(taskId, slot, claim_.epoch);
        require(msg.sender == context.operator, WorkMint_NotTheOperator(msg.sender, context.operator));
        require(!context.dropped, WorkMint_SlotDropped(taskId, slot));

        ClaimDetails memory details = ClaimDetails({
            taskId: taskId,
            slot: slot,
            index: claim_.record.index,
            ticket: claim_.ticket,
            epoch: claim_.epoch,
            miner: context.owner,
            segmentId: _requireCommitted(claim_, context),
            work: claim_.record.work,
            y: claim_.y,
            traceId: claim_.traceId
        });
        _requireSigned(claim_, context.operator);
        _requireRecorded(claim_);
        _requireLucky(details, context.macs, target);
        claimId = details.id();
        require(_claims[claimId].state == ClaimState.None, WorkMint_AlreadyClaimed(claimId));

        _lock(details, context);
        _claims[claimId] = ClaimRecord({
            state: ClaimState.Claimed,
            attestations: 0,
            decisive: 0,
            claimedAt: SafeCast.toUint40(block.number),
            pausedBefore: SafeCast.toUint32(context.pausedBlocks),
            digest: details.digest()
        });
        ++_epochs[claim_.epoch].claims;
        emit TicketClaimed(claimId, taskId, context.owner, details);
    }

    // --- drawn verifier's operator

    /// @inheritdoc IWorkMint
    function sealAttestation(bytes32 sealedRoot) external {
        if (_sealedAt.keepSeal(sealedRoot)) emit AttestationSealed(sealedRoot);
    }

    /// @inheritdoc IWorkMint
    function revealAttestation(
        ClaimDetails calldata details,
        uint8 seat,
        bytes32 traceRoot,
        bytes32 salt
    ) external nonReentrant {
        (ClaimId claimId, ClaimRecord memory record) = _requireClaimed(details);
        ClaimState state = _stateOf(record);
        bool pending = state == ClaimState.Claimed || state == ClaimState.Attested;
        require(pending, WorkMint_WrongState(claimId, state));
        (uint256 round, bool revealing) = _roundOf(record);
        require(revealing, WorkMint_NotRevealing(claimId, round));
        bool late = state == ClaimState.Attested && round != _attestations[claimId][record.decisive].round;
        require(!late, WorkMint_NotNeeded(claimId, round));
        require(seat < verifiersPerClaim, WorkMint_NoSuchSeat(seat, verifiersPerClaim));
        address verifier = _draw(claimId, details.epoch, round, seat);
        address operator = _pool.operatorOf(verifier);
        require(msg.sender == operator, WorkMint_NotTheVerifiersOperator(msg.sender, verifier, operator));
        bytes32 opened = keccak256(abi.encode(claimId, verifier, traceRoot, salt));
        bool inTime = _sealedAt.openSeal(opened, record.claimedAt, _attestationBlocks, round);
        require(inTime, WorkMint_NotSealed(claimId, verifier, round, opened));

        uint8 number = record.attestations;
        Attestation memory given = Attestation(verifier, uint8(round), bytes11(traceRoot));
        uint256 agreeing = _attestations[claimId].add(number, given);
        require(agreeing != 0, WorkMint_AlreadyAttested(claimId, verifier));
        record.attestations = number + 1;
        emit AttestationRevealed(claimId, verifier, traceRoot);
        if (agreeing <= number) emit AttestationsDiffer(claimId, verifier, traceRoot);
        if (state == ClaimState.Claimed && agreeing == verifiersPerClaim) {
            (record.state, record.decisive) = (ClaimState.Attested, number);
            ++_epochs[details.epoch].accepted;
            emit ClaimAttested(claimId, traceRoot);
        }
        _claims[claimId] = record;
        if (record.state == ClaimState.Attested) _credit(details.taskId, claimId, record);
    }

    // --- views

    /// @inheritdoc IWorkMint
    function claimOf(ClaimId claimId) external view returns (ClaimView memory) {
        ClaimRecord memory record = _claims[claimId];
        return ClaimView(_stateOf(record), record.attestations, record.claimedAt, record.digest);
    }

    /// @inheritdoc IWorkMint
    function isClaimed(ClaimDetails calldata details) external view returns (bool) {
        ClaimRecord memory record = _claims[details.id()];
        return record.state != ClaimState.None && record.digest == details.digest();
    }

    /// @inheritdoc IWorkMint
    function attestationsOf(ClaimId claimId) external view returns (Attestation[] memory) {
        return _attestations[claimId].list(_claims[claimId].attestations);
    }

    /// @inheritdoc IWorkMint
    function mintableAt(ClaimDetails calldata details) external view returns (uint256) {
        (, ClaimRecord memory record) = _requireClaimed(details);
        return _windowEnd(details, record, _placeOf(details));
    }

    /// @inheritdoc IWorkMint
    function lockedClaimsOf(TaskId taskId, uint8 slot) external view returns (uint256) {
        uint256 pausedBlocks = _registry.claimContextOf(taskId, slot, 0).pausedBlocks;
        return _locked[taskId][slot].until((block.number - pausedBlocks) / _lockPeriod).count();
    }

    /// @inheritdoc IWorkMint
    function targetOf(uint64 epoch) public view returns (uint256) {
        uint256 target = _epochs[epoch].target;
        if (target != 0 || epoch < _opened) return target;
        if (_opened == 0) return _initialTarget;
        Epoch storage last = _epochs[_opened - 1];
        return Tickets.retarget(last.target, _wantedClaims, last.claims);
    }

    /// @inheritdoc IWorkMint
    function claimsIn(uint64 epoch) external view returns (uint32 made, uint32 accepted) {
        return (_epochs[epoch].claims, _epochs[epoch].accepted);
    }

    /// @inheritdoc IWorkMint
    function ticketsOf(uint64 macs, uint32 index) public view returns (uint256) {
        return Tickets.countOf(macs, index, macsPerTicket);
    }

    /// @inheritdoc IWorkMint
    function ticketInput(
        TaskId taskId,
        address miner,
        uint8 slot,
        uint32 index,
        bytes32 work,
        uint32 ticket
    ) external view returns (bytes32) {
        return Tickets.inputOf(address(this), taskId, miner, slot, index, work, ticket);
    }

    /// @inheritdoc IWorkMint
    function isLucky(uint64 epoch, bytes32 x, bytes32 y) external view returns (bool) {
        return Tickets.isLucky(x, y, targetOf(epoch));
    }

    /// @inheritdoc IWorkMint
    function drawnVerifier(ClaimId claimId, uint64 epoch, uint32 round, uint8 seat) external view returns (address) {
        return _draw(claimId, epoch, round, seat);
    }

    /// @inheritdoc IWorkMint
    function roundOf(ClaimId claimId) external view returns (uint32 round, bool revealing) {
        ClaimRecord memory record = _claims[claimId];
        require(record.state != ClaimState.None, WorkMint_WrongState(claimId, ClaimState.None));
        uint256 number;
        (number, revealing) = _roundOf(record);
        round = SafeCast.toUint32(number);
    }

    /// @inheritdoc IWorkMint
    function emissionOf(uint64 epoch) public view returns (uint256) {
        return _initialEmission >> (epoch / _halvingEpochs);
    }

    /// @inheritdoc IWorkMint
    function mintedFor(TaskId taskId) external view returns (uint256) {
        return _budgets[taskId].minted;
    }

    /// @inheritdoc IWorkMint
    function mintCapOf(TaskId taskId) public view returns (uint256) {
        return (_registry.burnedOf(taskId) * MINT_CAP_BPS) / BPS;
    }

    // --- opening and claiming

    /// @dev Opens a claimable epoch if it is not open. The count of claims that the target follows from is final: claims
    /// of the last epoch opened before closed at the latest in the block whose header is the first that can seed this one
    /// (see {IEpochBeacon}), and only while its own claims are open an epoch can be opened, so none can still slip in
    /// between.
    function _open(uint64 epoch) private returns (uint256 target) {
        uint64 closesAt = _firstClaimsCloseAt + epoch * _epochBlocks;
        require(block.number <= closesAt, WorkMint_ClaimsClosed(epoch, closesAt));
        target = _epochs[epoch].target;
        if (target != 0) return target;

        require(_beacon.seedOf(epoch) != 0, WorkMint_SeedNotProven(epoch));
        require(_registry.workIn(epoch) != 0, WorkMint_IdleEpoch(epoch));
        target = targetOf(epoch);
        _epochs[epoch].target = target;
        _opened = epoch + 1;
        emit EpochOpened(epoch, target);
    }

    /// @dev Checks that the claim's segment is the one that the epoch's commit fixed at its place, and returns its id.
    function _requireCommitted(
        Claim calldata claim_,
        ITaskRegistry.ClaimContext memory context
    ) private pure returns (bytes32 segmentId) {
        Segment calldata segment = claim_.segment;
        uint32 index = claim_.record.index;
        bool some = context.segmentsRoot != 0;
        require(some, WorkMint_NothingCommitted(segment.taskId, segment.slot, claim_.epoch));
        bool inside = context.first <= index && index <= context.last;
        require(inside, WorkMint_OutsideCommit(index, context.first, context.last));

        uint256 length = context.segmentLength;
        uint256 leaf = (index - context.first) / length;
        uint256 leaves = (context.last - context.first) / length + 1;
        uint256 first = context.first + leaf * length;
        uint256 last = Math.min(first + length - 1, context.last);
        bool aligned = segment.first == first && segment.last == last;
        require(aligned, WorkMint_NotASegmentOfTheCommit(segment.first, segment.last));
        segmentId = segment.segmentId();
        bool committed = Sha256Merkle.isLeafAt(context.segmentsRoot, segmentId, leaf, leaves, claim_.segmentProof);
        require(committed, WorkMint_SegmentNotCommitted(segmentId, leaf));
    }

    function _requireSigned(Claim calldata claim_, address operator) private view {
        address signer = ECDSA.recoverCalldata(claim_.segment.digest(address(_registry)), claim_.signature);
        require(signer == operator, WorkMint_WrongSigner(signer, operator));
    }

    /// @dev That the record's index lies in the segment follows from `_requireCommitted`.
    function _requireRecorded(Claim calldata claim_) private pure {
        Segment calldata segment = claim_.segment;
        bytes32 hash = claim_.record.recordHash();
        uint256 leaf = claim_.record.index - segment.first;
        uint256 leaves = segment.last - segment.first + 1;
        bool recorded = Sha256Merkle.isLeafAt(segment.recordsRoot, hash, leaf, leaves, claim_.recordProof);
        require(recorded, WorkMint_RecordNotInSegment(hash, leaf));
    }

    function _requireLucky(ClaimDetails memory details, uint64 macs, uint256 target) private view {
        uint256 tickets = ticketsOf(macs, details.index);
        require(details.ticket < tickets, WorkMint_NoSuchTicket(details.ticket, tickets));
        bytes32 x = Tickets.inputOf(address(this), details);
        require(Tickets.isLucky(x, details.y, target), WorkMint_NotLucky(x, details.y, target));
    }

    /// @dev Counts the claim as locked, if the slot's stake bears that.
    function _lock(ClaimDetails memory details, ITaskRegistry.ClaimContext memory context) private {
        (TaskId taskId, uint32 slot, uint256 paused) = (details.taskId, details.slot, context.pausedBlocks);
        LockedClaims before = _locked[taskId][slot].until((block.number - paused) / _lockPeriod);
        LockedClaims locked = before.with(Math.ceilDiv(_settlesAt(details.epoch) - paused, _lockPeriod));
        uint256 needed = locked.count() * _maxPerTicket;
        if (needed > context.stake) {
            Budget memory budget = _budgetOf(taskId);
            needed = Math.min(needed, budget.cap - budget.minted);
            bool helps = before.count() != 0 && _maxPerTicket <= context.stake;
            uint256 retryAt = helps ? before.oldest() * _lockPeriod + paused : 0;
            require(needed <= context.stake, WorkMint_StakeTooLow(taskId, slot, context.stake, needed, retryAt));
        }
        _locked[taskId][slot] = locked;
    }

    // --- claims

    /// @dev Returns the claim that was made with these details.
    function _requireClaimed(
        ClaimDetails calldata details
    ) private view returns (ClaimId claimId, ClaimRecord memory record) {
        claimId = details.id();
        record = _claims[claimId];
        bytes20 digest = details.digest();
        require(digest == record.digest, WorkMint_WrongDetails(claimId, digest, record.digest));
    }

    /// @dev That the slot fits in eight bits was checked when it claimed.
    function _placeOf(ClaimDetails calldata details) private view returns (ITaskRegistry.PlaceView memory) {
        return _registry.placeOf(details.taskId, Role.Miner, uint8(details.slot));
    }

    function _stateOf(ClaimRecord memory record) private view returns (ClaimState) {
        if (record.state != ClaimState.Claimed) return record.state;
        (uint256 round, ) = _roundOf(record);
        return round < _attestationRounds ? ClaimState.Claimed : ClaimState.Expired;
    }

    function _roundOf(ClaimRecord memory record) private view returns (uint256 round, bool revealing) {
        return Attestations.roundSince(record.claimedAt, _attestationBlocks);
    }

    function _settlesAt(uint64 epoch) private view returns (uint64) {
        return _firstSettlesAt + epoch * _epochBlocks;
    }

    /// @dev The window stands still while the slot is suspended.
    function _windowEnd(
        ClaimDetails calldata details,
        ClaimRecord memory record,
        ITaskRegistry.PlaceView memory place
    ) private view returns (uint256) {
        return _settlesAt(details.epoch) + place.pausedBlocks - record.pausedBefore;
    }

    // --- attestation

    function _draw(ClaimId claimId, uint64 epoch, uint256 round, uint256 seat) private view returns (address) {
        return _pool.draw(epoch, keccak256(abi.encode(_beacon.seedOf(epoch), claimId, round, seat)));
    }

    /// @dev The registry is trusted not to block.
    function _credit(TaskId taskId, ClaimId claimId, ClaimRecord memory record) private {
        address[] memory verifiers = _attestations[claimId].credited(record.attestations, record.decisive);
        for (uint256 i = 0; i < verifiers.length; ++i) _registry.creditAttestation(taskId, verifiers[i]);
    }

    // --- minting

    /// @dev What a claim of a settled epoch mints if no cap cuts it. Nothing can change the number of accepted claims any
    /// more, so the shares sum to the emission at most.
    function _rewardIn(uint64 epoch) private view returns (uint256) {
        return Math.min(emissionOf(epoch) / _epochs[epoch].accepted, _maxPerTicket);
    }

    function _verifiersPartOf(uint256 reward) private view returns (uint256) {
        return (reward * _verifierShareBps) / BPS;
    }

    /// @dev Minting GRIST calls nothing of the receivers', so no receiver can block another.
    function _payVerifiers(ClaimId claimId, ClaimRecord memory record, uint256 part) private {
        address[] memory attesters = _attestations[claimId].attesters(record.attestations, record.decisive);
        uint256 share = part / attesters.length;
        emit VerifiersPaid(claimId, attesters, share);
        for (uint256 i = 0; i < attesters.length; ++i) _token.mint(attesters[i], share);
    }

    function _budgetOf(TaskId taskId) private view returns (Budget memory budget) {
        budget = _budgets[taskId];
        if (budget.cap == 0) budget.cap = SafeCast.toUint128(mintCapOf(taskId));
    }

    function _requireRange(string memory parameter, uint256 value, uint256 least, uint256 most) private pure {
        require(value >= least && value <= most, WorkMint_ParameterOutOfRange(parameter, value, least, most));
    }
}
