// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {IGristToken} from "../interfaces/IGristToken.sol";
import {IOpenMint} from "../interfaces/IOpenMint.sol";
import {TensHash} from "../libraries/TensHash.sol";
import {TensHashTrace} from "../libraries/TensHashTrace.sol";
import {Tickets} from "../libraries/Tickets.sol";

/// @title OpenMint
/// @notice See {IOpenMint}.
contract OpenMint is IOpenMint {
    struct Epoch {
        uint256 target; // 0: no claim yet
        uint32 claims;
        uint32 struck;
    }

    /// @dev Two words until somebody objects.
    struct ClaimRecord {
        OpenClaimState state;
        address miner;
        uint40 epoch;
        uint40 endsAt; // see {ClaimView}
        bytes32 y;
        address challenger;
        uint96 deposit;
        bytes32 layersRoot;
    }

    /// @dev Gas of an answer, measured and rounded up.
    uint256 public constant override ANSWER_GAS = 400_000;
    /// @dev How often a deposit covers it, as in the court.
    uint256 private constant DEPOSIT_FACTOR = 2;

    IGristToken private immutable _token;
    IEpochBeacon private immutable _beacon;

    uint256 public immutable override bond;
    uint32 public immutable override moveBlocks;
    uint32 private immutable _wantedClaims;
    uint64 private immutable _halvingEpochs;
    uint256 private immutable _easiestTarget;
    uint256 private immutable _initialEmission;

    // What the beacon never changes, at hand.
    uint256 private immutable _epochBlocks;
    uint256 private immutable _firstClaimable; // block
    uint256 private immutable _firstSettlesAt; // of epoch 0

    /// @dev Of the last epoch with a claim, plus one; 0 if none.
    uint64 private _opened;
    mapping(uint64 epoch => Epoch) private _epochs;
    mapping(bytes32 x => ClaimRecord) private _claims;
    mapping(bytes32 x => mapping(address challenger => uint256 blockNumber)) public override challengedAt;
    mapping(address account => uint256) public override creditOf;

    constructor(IGristToken token, IEpochBeacon beacon, Parameters memory parameters) {
        _requireRange("halvingEpochs", parameters.halvingEpochs, 1, type(uint64).max);
        _requireRange("wantedClaims", parameters.wantedClaims, 1, type(uint32).max);
        _requireRange("moveBlocks", parameters.moveBlocks, 2, type(uint32).max);
        _requireRange("easiestTarget", parameters.easiestTarget, 1, type(uint256).max);
        _requireRange("initialEmission", parameters.initialEmission, 0, type(uint128).max);
        _requireRange("bond", parameters.bond, 2, type(uint96).max);

        _token = token;
        _beacon = beacon;
        bond = parameters.bond;
        moveBlocks = parameters.moveBlocks;
        _wantedClaims = parameters.wantedClaims;
        _halvingEpochs = parameters.halvingEpochs;
        _easiestTarget = parameters.easiestTarget;
        _initialEmission = parameters.initialEmission;

        _epochBlocks = beacon.epochBlocks();
        _firstClaimable = beacon.lastBlockOf(0) + uint256(beacon.seedDelay()) + 1;
        _firstSettlesAt = beacon.settlesAt(0);
    }

    // --- miner

    /// @inheritdoc IOpenMint
    function mint(uint256 nonce, bytes32 digest) external payable returns (bool success) {
        uint64 epoch = claimableEpoch();
        require(_beacon.seedOf(epoch) != 0, OpenMint_SeedNotProven(epoch));
        require(msg.value == bond, OpenMint_WrongBond(msg.value, bond));
        uint256 target = _open(epoch);
        bytes32 x = ticketInput(msg.sender, epoch, nonce);
        require(Tickets.isLucky(x, digest, target), OpenMint_NotLucky(x, digest, target));
        ClaimRecord storage record = _claims[x];
        require(record.state == OpenClaimState.None, OpenMint_AlreadyClaimed(x));

        record.state = OpenClaimState.Claimed;
        record.miner = msg.sender;
        record.epoch = SafeCast.toUint40(epoch);
        record.endsAt = SafeCast.toUint40(_firstSettlesAt + epoch * _epochBlocks);
        record.y = digest;
        ++_epochs[epoch].claims;
        emit TicketClaimed(x, msg.sender, epoch, nonce, digest);
        return true;
    }

    /// @inheritdoc IOpenMint
    function answer(bytes32 x, bytes calldata trace) external {
        ClaimRecord storage record = _claims[x];
        _requireState(x, record, OpenClaimState.Challenged);
        require(msg.sender == record.miner, OpenMint_NotTheMiner(msg.sender, record.miner));
        require(block.number <= record.endsAt, OpenMint_TooLate(x, record.endsAt));
        uint256 length = TensHash.TRACE_ROWS * TensHash.STATE_BYTES;
        require(trace.length == length, OpenMint_WrongLength(trace.length, length));

        uint256 settlesAt = _firstSettlesAt + record.epoch * _epochBlocks;
        uint256 endsAt = Math.max(settlesAt, block.number + moveBlocks);
        record.state = OpenClaimState.Answered;
        record.endsAt = SafeCast.toUint40(endsAt);
        record.layersRoot = TensHashTrace.layersRoot(trace);
        emit ClaimAnswered(x, endsAt, trace);
    }

    /// @inheritdoc IOpenMint
    function collect(bytes32 x) external returns (uint256 reward) {
        ClaimRecord storage record = _claims[x];
        bool stands = record.state == OpenClaimState.Claimed || record.state == OpenClaimState.Answered;
        require(stands, OpenMint_WrongState(x, record.state));
        require(msg.sender == record.miner, OpenMint_NotTheMiner(msg.sender, record.miner));
        require(block.number >= record.endsAt, OpenMint_TooEarly(x, record.endsAt));

        record.state = OpenClaimState.Collected;
        reward = Math.min(rewardOf(record.epoch), _token.cap() - _token.totalSupply());
        emit Mint(msg.sender, reward, record.epoch, getChallengeNumber());
        _token.mint(msg.sender, reward);
        _send(msg.sender, bond + record.deposit);
    }

    // --- challenger

    /// @inheritdoc IOpenMint
    function challenge(bytes32 x) external payable {
        ClaimRecord storage record = _claims[x];
        OpenClaimState state = record.state;
        bool disputable =
            state == OpenClaimState.Claimed || state == OpenClaimState.Challenged || state == OpenClaimState.Answered;
        require(disputable, OpenMint_WrongState(x, state));
        bool over = state != OpenClaimState.Challenged && block.number >= record.endsAt;
        require(!over, OpenMint_TooLate(x, record.endsAt));

        if (challengedAt[x][msg.sender] == 0) challengedAt[x][msg.sender] = block.number;
        if (state != OpenClaimState.Claimed) {
            creditOf[msg.sender] += msg.value;
        } else {
            uint256 expected = answerDeposit();
            require(msg.value >= expected, OpenMint_DepositTooLow(msg.value, expected));
            record.state = OpenClaimState.Challenged;
            record.endsAt = SafeCast.toUint40(block.number + moveBlocks);
            record.challenger = msg.sender;
            record.deposit = SafeCast.toUint96(msg.value);
        }
        emit ClaimChallenged(x, msg.sender, record.endsAt);
    }

    /// @inheritdoc IOpenMint
    function prove(bytes32 x, uint8 layer, uint16 index, bytes calldata states, bytes32[] calldata proof) external {
        ClaimRecord storage record = _claims[x];
        _requireState(x, record, OpenClaimState.Answered);
        require(block.number < record.endsAt, OpenMint_TooLate(x, record.endsAt));
        uint256 since = challengedAt[x][msg.sender];
        require(since != 0 && since < block.number, OpenMint_NotAChallenger(x, msg.sender));
        bool opened = TensHashTrace.rootOf(layer, states, proof) == record.layersRoot;
        require(opened, OpenMint_WrongStates(x, layer));
        bytes32 seed = _beacon.seedOf(record.epoch);
        bool agrees = TensHashTrace.agrees(seed, x, record.y, layer, index, states);
        require(!agrees, OpenMint_NeuronAgrees(layer, index));

        _strike(x, record, msg.sender);
    }

    // --- anyone

    /// @inheritdoc IOpenMint
    function expire(bytes32 x) external {
        ClaimRecord storage record = _claims[x];
        _requireState(x, record, OpenClaimState.Challenged);
        require(block.number > record.endsAt, OpenMint_TooEarly(x, record.endsAt + 1));

        _strike(x, record, record.challenger);
    }

    /// @inheritdoc IOpenMint
    function withdraw() external returns (uint256 amount) {
        amount = creditOf[msg.sender];
        require(amount != 0, OpenMint_NothingToWithdraw(msg.sender));

        creditOf[msg.sender] = 0;
        emit EtherWithdrawn(msg.sender, amount);
        _send(msg.sender, amount);
    }

    // --- views: EIP-918

    /// @inheritdoc IOpenMint
    function getChallengeNumber() public view returns (bytes32) {
        return _beacon.seedOf(claimableEpoch());
    }

    /// @inheritdoc IOpenMint
    function getMiningDifficulty() external view returns (uint256) {
        return _easiestTarget / getMiningTarget();
    }

    /// @inheritdoc IOpenMint
    function getMiningTarget() public view returns (uint256) {
        return targetOf(claimableEpoch());
    }

    /// @inheritdoc IOpenMint
    function getMiningReward() external view returns (uint256) {
        uint64 epoch = claimableEpoch();
        return emissionOf(epoch) / Math.max(_standingIn(epoch) + 1, _wantedClaims);
    }

    // --- views

    /// @inheritdoc IOpenMint
    function claimableEpoch() public view returns (uint64) {
        require(block.number >= _firstClaimable, OpenMint_NothingClaimable(_firstClaimable));
        return SafeCast.toUint64((block.number - _firstClaimable) / _epochBlocks);
    }

    /// @inheritdoc IOpenMint
    function ticketInput(address miner, uint64 epoch, uint256 nonce) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), miner, epoch, nonce));
    }

    /// @inheritdoc IOpenMint
    function claimOf(bytes32 x) external view returns (ClaimView memory) {
        ClaimRecord storage record = _claims[x];
        return
            ClaimView({
                state: record.state,
                miner: record.miner,
                epoch: record.epoch,
                endsAt: record.endsAt,
                y: record.y,
                challenger: record.challenger,
                deposit: record.deposit
            });
    }

    /// @inheritdoc IOpenMint
    function claimsIn(uint64 epoch) external view returns (uint32 made, uint32 struck) {
        return (_epochs[epoch].claims, _epochs[epoch].struck);
    }

    /// @inheritdoc IOpenMint
    function targetOf(uint64 epoch) public view returns (uint256) {
        uint256 target = _epochs[epoch].target;
        if (target != 0 || epoch < _opened) return target;
        if (_opened == 0) return _easiestTarget;
        Epoch storage last = _epochs[_opened - 1];
        return Tickets.retargetAfterSilence(last.target, _wantedClaims, last.claims, epoch - _opened, _easiestTarget);
    }

    /// @inheritdoc IOpenMint
    function emissionOf(uint64 epoch) public view returns (uint256) {
        return _initialEmission >> (epoch / _halvingEpochs);
    }

    /// @inheritdoc IOpenMint
    /// @dev Strikes only lower the count, and whoever has collected before one is among those left: so the shares sum to
    /// the emission at most.
    function rewardOf(uint64 epoch) public view returns (uint256) {
        return emissionOf(epoch) / Math.max(_standingIn(epoch), _wantedClaims);
    }

    /// @inheritdoc IOpenMint
    function answerDeposit() public view returns (uint256) {
        return ANSWER_GAS * block.basefee * DEPOSIT_FACTOR;
    }

    // --- internals

    /// @dev The count of claims that the target follows from is final: only one epoch is claimable at a time.
    function _open(uint64 epoch) private returns (uint256 target) {
        target = _epochs[epoch].target;
        if (target != 0) return target;

        target = targetOf(epoch);
        _epochs[epoch].target = target;
        _opened = epoch + 1;
        emit EpochOpened(epoch, target);
    }

    function _standingIn(uint64 epoch) private view returns (uint256) {
        return _epochs[epoch].claims - _epochs[epoch].struck;
    }

    function _requireState(bytes32 x, ClaimRecord storage record, OpenClaimState state) private view {
        require(record.state == state, OpenMint_WrongState(x, record.state));
    }

    /// @dev The other half of the bond is nobody's: no call pays it out, so it is burnt.
    function _strike(bytes32 x, ClaimRecord storage record, address challenger) private {
        record.state = OpenClaimState.Struck;
        ++_epochs[record.epoch].struck;
        uint256 reward = bond / 2;
        creditOf[record.challenger] += record.deposit;
        creditOf[challenger] += reward;
        emit ClaimStruck(x, challenger, bond - reward);
    }

    function _send(address account, uint256 amount) private {
        (bool sent, ) = account.call{value: amount}("");
        require(sent, OpenMint_SendFailed(account, amount));
    }

    function _requireRange(string memory parameter, uint256 value, uint256 least, uint256 most) private pure {
        require(value >= least && value <= most, OpenMint_ParameterOutOfRange(parameter, value, least, most));
    }
}
