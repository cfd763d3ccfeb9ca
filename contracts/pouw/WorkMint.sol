// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {IGristToken} from "../interfaces/IGristToken.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {IVerifierPool} from "../interfaces/IVerifierPool.sol";
import {ClaimId, IWorkMint} from "../interfaces/IWorkMint.sol";
import {SegmentHash} from "../libraries/SegmentHash.sol";
import {Sha256Merkle} from "../libraries/Sha256Merkle.sol";
import {Tickets} from "../libraries/Tickets.sol";
import {Segment} from "../types/SegmentTypes.sol";
import {Commit, Phase, TaskId} from "../types/TaskTypes.sol";

/// @title WorkMint
/// @notice See {IWorkMint}.
contract WorkMint is IWorkMint, ReentrancyGuard {
    using SegmentHash for *;

    struct Epoch {
        uint256 target; // 0: not open
        uint32 claims;
        uint32 accepted;
    }

    struct ClaimRecord {
        ClaimState state; // Expired is never stored: it follows from the block number
        address miner;
        uint64 claimedAt; // block
        uint64 epoch;
        uint128 reward; // GRIST wei
        TaskId taskId;
        bytes32 traceRoot; // of the first attestation; all others must equal it
        address[] attesters;
    }

    uint256 private constant BPS = 10_000;
    uint256 private constant MINT_CAP_BPS = 9_000;
    uint256 private constant MOST_VERIFIERS = 8;
    bytes32 private constant DISAGREEMENT = "DISAGREEMENT";

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

    /// @dev Of the last epoch that was opened, plus one; 0 if none.
    uint64 private _opened;
    mapping(uint64 epoch => Epoch) private _epochs;
    mapping(ClaimId => ClaimRecord) private _claims;
    mapping(ClaimId => mapping(uint256 round => mapping(address verifier => bytes32))) private _seals;
    mapping(TaskId => uint256) public override mintedFor;

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
    }

    // --- anyone

    /// @inheritdoc IWorkMint
    function openEpoch(uint64 epoch) external returns (uint256 target) {
        _requireClaimable(epoch);
        return _open(epoch);
    }

    /// @inheritdoc IWorkMint
    function mint(ClaimId claimId) external nonReentrant returns (uint256 reward) {
        ClaimRecord storage record = _claims[claimId];
        TaskId taskId = record.taskId;
        uint64 settlesAt = _beacon.settlesAt(record.epoch);
        require(record.state == ClaimState.Attested, WorkMint_WrongState(claimId, _stateOf(record)));
        require(block.number >= settlesAt, WorkMint_NotSettled(claimId, settlesAt));

        // Nothing can change the number of accepted claims of a settled epoch any more, so the shares sum to its emission
        // at most.
        reward = Math.min(emissionOf(record.epoch) / _epochs[record.epoch].accepted, _maxPerTicket);
        reward = Math.min(reward, Math.saturatingSub(mintCapOf(taskId), mintedFor[taskId]));
        reward = Math.min(reward, _token.cap() - _token.totalSupply());
        require(reward != 0, WorkMint_NothingToMint(claimId));

        record.state = ClaimState.Minted;
        record.reward = SafeCast.toUint128(reward);
        mintedFor[taskId] += reward;
        _payOut(claimId, record, reward);
    }

    // --- miner's operator

    /// @inheritdoc IWorkMint
    function claim(Claim calldata claim_) external nonReentrant returns (ClaimId claimId) {
        Segment calldata segment = claim_.segment;
        TaskId taskId = segment.taskId;
        uint32 index = claim_.record.index;

        _requireClaimable(claim_.epoch);
        ITaskRegistry.TaskView memory task = _registry.taskOf(taskId);
        require(task.phase != Phase.Cancelled, WorkMint_TaskCancelled(taskId));
        ITaskRegistry.SlotView memory slot = _registry.slotOf(taskId, SafeCast.toUint8(segment.slot));
        require(msg.sender == slot.operator, WorkMint_NotTheOperator(msg.sender, slot.operator));
        require(!slot.dropped, WorkMint_SlotDropped(taskId, segment.slot));

        bytes32 segmentId = _requireCommitted(claim_, task.segmentLength);
        _requireSigned(claim_, slot.operator);
        _requireRecorded(claim_);
        uint256 tickets = ticketsOf(task.macs, index);
        require(claim_.ticket < tickets, WorkMint_NoSuchTicket(claim_.ticket, tickets));
        _requireLucky(claim_, slot.owner, _open(claim_.epoch));
        claimId = ClaimId.wrap(keccak256(abi.encode(taskId, segment.slot, index, claim_.ticket)));
        ClaimRecord storage record = _claims[claimId];
        require(record.state == ClaimState.None, WorkMint_AlreadyClaimed(claimId));

        record.state = ClaimState.Claimed;
        record.miner = slot.owner;
        record.claimedAt = SafeCast.toUint64(block.number);
        record.epoch = claim_.epoch;
        record.taskId = taskId;
        ++_epochs[claim_.epoch].claims;
        emit TicketClaimed(
            claimId,
            taskId,
            slot.owner,
            segment.slot,
            claim_.epoch,
            index,
            claim_.ticket,
            segmentId,
            claim_.y,
            claim_.traceId
        );
    }

    // --- drawn verifier's operator

    /// @inheritdoc IWorkMint
    function commitAttestation(ClaimId claimId, address verifier, bytes32 sealedRoot) external {
        ClaimRecord storage record = _claims[claimId];
        _requireState(claimId, record, ClaimState.Claimed);
        _requireOperator(verifier);
        (uint256 round, bool revealing) = _roundOf(record);
        require(!revealing, WorkMint_NotCommitting(claimId, round));
        require(sealedRoot != 0, WorkMint_EmptySeal(claimId, verifier));
        require(_seals[claimId][round][verifier] == 0, WorkMint_AlreadySealed(claimId, verifier, round));
        require(!_hasAttested(record, verifier), WorkMint_AlreadyAttested(claimId, verifier));
        require(_isDrawn(claimId, record, round, verifier), WorkMint_NotDrawn(claimId, verifier, round));

        _seals[claimId][round][verifier] = sealedRoot;
        emit AttestationCommitted(claimId, verifier, round);
    }

    /// @inheritdoc IWorkMint
    function revealAttestation(
        ClaimId claimId,
        address verifier,
        bytes32 traceRoot,
        bytes32 salt
    ) external nonReentrant {
        ClaimRecord storage record = _claims[claimId];
        // After the k-th attestation the others of the round still count, above all one that differs.
        if (record.state != ClaimState.Attested) _requireState(claimId, record, ClaimState.Claimed);
        _requireOperator(verifier);
        (uint256 round, bool revealing) = _roundOf(record);
        bytes32 sealedRoot = _seals[claimId][round][verifier];
        bytes32 opened = keccak256(abi.encode(claimId, verifier, traceRoot, salt));
        require(revealing, WorkMint_NotRevealing(claimId, round));
        require(sealedRoot != 0, WorkMint_NothingSealed(claimId, verifier, round));
        require(sealedRoot == opened, WorkMint_SealMismatch(claimId, verifier, sealedRoot, opened));

        delete _seals[claimId][round][verifier];
        emit AttestationRevealed(claimId, verifier, traceRoot);
        if (record.attesters.length != 0 && record.traceRoot != traceRoot) {
            _freeze(claimId, record, verifier, DISAGREEMENT);
        } else {
            record.traceRoot = traceRoot;
            record.attesters.push(verifier);
            _accept(claimId, record);
        }
    }

    /// @inheritdoc IWorkMint
    function report(ClaimId claimId, address verifier, bytes32 reason) external {
        ClaimRecord storage record = _claims[claimId];
        if (record.state != ClaimState.Attested) _requireState(claimId, record, ClaimState.Claimed);
        _requireOperator(verifier);
        uint64 settledAt = _beacon.settlesAt(record.epoch);
        require(block.number < settledAt, WorkMint_Settled(claimId, settledAt));
        require(!_hasAttested(record, verifier), WorkMint_AlreadyAttested(claimId, verifier));
        (uint256 round, ) = _roundOf(record);
        require(_isDrawnUpTo(claimId, record, round, verifier), WorkMint_NotDrawn(claimId, verifier, round));

        _freeze(claimId, record, verifier, reason);
    }

    // --- views

    /// @inheritdoc IWorkMint
    function claimOf(ClaimId claimId) external view returns (ClaimView memory) {
        ClaimRecord storage record = _claims[claimId];
        return
            ClaimView({
                state: _stateOf(record),
                miner: record.miner,
                taskId: record.taskId,
                epoch: record.epoch,
                claimedAt: record.claimedAt,
                attestations: SafeCast.toUint8(record.attesters.length),
                traceRoot: record.traceRoot,
                reward: record.reward
            });
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
    function drawnVerifier(ClaimId claimId, uint32 round, uint8 seat) external view returns (address) {
        ClaimRecord storage record = _claims[claimId];
        require(record.state != ClaimState.None, WorkMint_WrongState(claimId, ClaimState.None));
        return _draw(claimId, record.epoch, round, seat);
    }

    /// @inheritdoc IWorkMint
    function roundOf(ClaimId claimId) external view returns (uint32 round, bool revealing) {
        ClaimRecord storage record = _claims[claimId];
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
    function mintCapOf(TaskId taskId) public view returns (uint256) {
        return (_registry.taskOf(taskId).burned * MINT_CAP_BPS) / BPS;
    }

    // --- opening and claiming

    function _requireClaimable(uint64 epoch) private view {
        uint64 closesAt = _beacon.claimsCloseAt(epoch);
        require(_beacon.seedOf(epoch) != 0, WorkMint_SeedNotProven(epoch));
        require(block.number <= closesAt, WorkMint_ClaimsClosed(epoch, closesAt));
        require(_registry.workIn(epoch) != 0, WorkMint_IdleEpoch(epoch));
    }

    /// @dev Opens a claimable epoch if it is not open. The count of claims that the target follows from is final: claims
    /// of the last epoch opened before closed at the latest in the block whose header is the first that can seed this one
    /// (see {IEpochBeacon}), and only while its own claims are open an epoch can be opened, so none can still slip in
    /// between.
    function _open(uint64 epoch) private returns (uint256 target) {
        target = targetOf(epoch);
        if (_epochs[epoch].target != 0) return target;

        _epochs[epoch].target = target;
        _opened = epoch + 1;
        emit EpochOpened(epoch, target);
    }

    /// @dev Checks that the claim's segment is the one that the epoch's commit fixed at its place, and returns its id.
    function _requireCommitted(Claim calldata claim_, uint32 segmentLength) private view returns (bytes32 segmentId) {
        Segment calldata segment = claim_.segment;
        uint32 index = claim_.record.index;
        // The caller has checked that the slot fits in eight bits.
        Commit memory commit = _registry.commitOf(segment.taskId, uint8(segment.slot), claim_.epoch);
        bool some = commit.segmentsRoot != 0;
        require(some, WorkMint_NothingCommitted(segment.taskId, segment.slot, claim_.epoch));
        bool inside = commit.first <= index && index <= commit.last;
        require(inside, WorkMint_OutsideCommit(index, commit.first, commit.last));

        uint256 leaf = (index - commit.first) / segmentLength;
        uint256 leaves = (commit.last - commit.first) / segmentLength + 1;
        uint256 first = commit.first + leaf * segmentLength;
        uint256 last = Math.min(first + segmentLength - 1, commit.last);
        bool aligned = segment.first == first && segment.last == last;
        require(aligned, WorkMint_NotASegmentOfTheCommit(segment.first, segment.last));
        segmentId = segment.segmentId();
        bool committed = Sha256Merkle.isLeafAt(commit.segmentsRoot, segmentId, leaf, leaves, claim_.segmentProof);
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

    function _requireLucky(Claim calldata claim_, address miner, uint256 target) private view {
        bytes32 x = Tickets.inputOf(
            address(this),
            claim_.segment.taskId,
            miner,
            claim_.segment.slot,
            claim_.record.index,
            claim_.record.work,
            claim_.ticket
        );
        require(Tickets.isLucky(x, claim_.y, target), WorkMint_NotLucky(x, claim_.y, target));
    }

    // --- attestation

    /// @dev Counts the attestation just recorded. The k-th accepts the claim and credits all so far; later ones of the
    /// same round are credited one by one. The registry is trusted not to block.
    function _accept(ClaimId claimId, ClaimRecord storage record) private {
        uint256 count = record.attesters.length;
        if (count < verifiersPerClaim) return;
        uint256 credited = count - 1;
        if (record.state == ClaimState.Claimed) {
            record.state = ClaimState.Attested;
            ++_epochs[record.epoch].accepted;
            emit ClaimAttested(claimId, record.traceRoot);
            credited = 0;
        }
        for (uint256 i = credited; i < count; ++i) _registry.creditAttestation(record.taskId, record.attesters[i]);
    }

    function _freeze(ClaimId claimId, ClaimRecord storage record, address verifier, bytes32 reason) private {
        if (record.state == ClaimState.Attested) --_epochs[record.epoch].accepted;
        record.state = ClaimState.Frozen;
        emit ClaimFrozen(claimId, verifier, reason);
    }

    function _requireState(ClaimId claimId, ClaimRecord storage record, ClaimState wanted) private view {
        ClaimState state = _stateOf(record);
        require(state == wanted, WorkMint_WrongState(claimId, state));
    }

    function _requireOperator(address verifier) private view {
        address operator = _pool.operatorOf(verifier);
        require(msg.sender == operator, WorkMint_NotTheVerifiersOperator(msg.sender, operator));
    }

    function _stateOf(ClaimRecord storage record) private view returns (ClaimState) {
        if (record.state != ClaimState.Claimed) return record.state;
        (uint256 round, ) = _roundOf(record);
        return round < _beacon.attestationRounds() ? ClaimState.Claimed : ClaimState.Expired;
    }

    /// @dev Rounds of two halves follow each other from the claim's block on.
    function _roundOf(ClaimRecord storage record) private view returns (uint256 round, bool revealing) {
        uint256 half = (block.number - record.claimedAt) / _beacon.attestationBlocks();
        return (half / 2, half % 2 == 1);
    }

    function _hasAttested(ClaimRecord storage record, address verifier) private view returns (bool) {
        for (uint256 i = 0; i < record.attesters.length; ++i) {
            if (record.attesters[i] == verifier) return true;
        }
        return false;
    }

    function _isDrawn(
        ClaimId claimId,
        ClaimRecord storage record,
        uint256 round,
        address verifier
    ) private view returns (bool) {
        for (uint256 seat = 0; seat < verifiersPerClaim; ++seat) {
            if (_draw(claimId, record.epoch, round, seat) == verifier) return true;
        }
        return false;
    }

    /// @dev Whether the verifier was drawn in round `latest` or an earlier one, over the rounds that there are.
    function _isDrawnUpTo(
        ClaimId claimId,
        ClaimRecord storage record,
        uint256 latest,
        address verifier
    ) private view returns (bool) {
        uint256 rounds = Math.min(latest + 1, _beacon.attestationRounds());
        for (uint256 round = 0; round < rounds; ++round) {
            if (_isDrawn(claimId, record, round, verifier)) return true;
        }
        return false;
    }

    function _draw(ClaimId claimId, uint64 epoch, uint256 round, uint256 seat) private view returns (address) {
        return _pool.draw(epoch, keccak256(abi.encode(_beacon.seedOf(epoch), claimId, round, seat)));
    }

    // --- minting

    /// @dev Minting GRIST calls nothing of the receivers', so no receiver can block another.
    function _payOut(ClaimId claimId, ClaimRecord storage record, uint256 reward) private {
        uint256 attesters = record.attesters.length;
        uint256 share = (reward * _verifierShareBps) / BPS / attesters;
        uint256 verifiersShare = share * attesters;
        emit RewardMinted(claimId, record.taskId, record.miner, reward, verifiersShare);
        for (uint256 i = 0; i < attesters; ++i) _token.mint(record.attesters[i], share);
        _token.mint(record.miner, reward - verifiersShare);
    }

    function _requireRange(string memory parameter, uint256 value, uint256 least, uint256 most) private pure {
        require(value >= least && value <= most, WorkMint_ParameterOutOfRange(parameter, value, least, most));
    }
}
