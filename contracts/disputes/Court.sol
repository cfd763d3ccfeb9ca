// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {ICourt} from "../interfaces/ICourt.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Wired} from "../libraries/Wired.sol";
import {DisputeId, DisputeState, Place, Side} from "../types/DisputeTypes.sol";

/// @title Court
/// @notice See {ICourt}.
/// @dev Invariant: the ether in this contract is the sum of all credits and of the deposits of the disputes that are
/// neither closed nor withdrawn.
contract Court is ICourt, Wired, EIP712, ReentrancyGuardTransient {
    struct Dispute {
        address challenger;
        DisputeState state;
        Side turn;
        uint40 movesUntil;
        uint32 moves;
        bool proven;
        // --- one word
        address game;
        uint32 challengerClock;
        uint32 defenderClock;
        // --- one word
        uint128 challengerDeposits;
        uint128 defenderDeposits;
        // --- one word
        uint128 bond;
        bytes32 claim;
        Place place;
    }

    /// @dev The disputes of one place.
    struct Docket {
        DisputeId current;
        uint32 lost; // challenges that the place won
        uint32 waiting; // in the queue and not withdrawn
        uint32 called; // entries of the queue that were started or skipped
        uint32 holds; // of direct proofs
        bool suspended; // the registry holds the place's windows
        DisputeId[] queue;
    }

    /// @dev So that a queue of withdrawn entries cannot make a transaction too large.
    uint256 private constant MOST_SKIPPED = 64;
    /// @dev A deposit covers the answer's gas also when the base fee doubles, for which six full blocks are needed.
    uint256 private constant DEPOSIT_FACTOR = 2;
    uint256 private constant MOST_DOUBLINGS = 64;
    DisputeId private constant NONE = DisputeId.wrap(0);
    bytes32 private constant ANSWER_TYPEHASH = keccak256("Answer(bytes32 disputeId,uint32 move,bytes32 answer)");

    ITaskRegistry private immutable _registry;
    IStakeManager private immutable _stakes;
    uint32 public immutable override moveSeconds;
    uint32 public immutable override clockSeconds;
    uint128 private immutable _bond;

    mapping(address account => bool) private _isProsecutor;
    mapping(address account => bool) private _isGame;
    mapping(DisputeId => Dispute) private _disputes;
    mapping(bytes32 placeKey => Docket) private _dockets;
    mapping(address operator => mapping(address account => bool)) public override isDelegate;
    mapping(address account => uint256) public override creditOf;

    constructor(
        ITaskRegistry registry,
        IStakeManager stakes,
        Parameters memory parameters
    ) EIP712("Gristmill Court", "1") {
        _requireRange("moveSeconds", parameters.moveSeconds, 1, 30 days);
        _requireRange("clockSeconds", parameters.clockSeconds, parameters.moveSeconds, 365 days);
        _requireRange("bond", parameters.bond, 1, type(uint128).max);
        _registry = ITaskRegistry(_requireContract(address(registry)));
        _stakes = IStakeManager(_requireContract(address(stakes)));
        moveSeconds = parameters.moveSeconds;
        clockSeconds = parameters.clockSeconds;
        _bond = parameters.bond;
    }

    modifier onlyProsecutor() {
        require(_isProsecutor[msg.sender], Court_NotAProsecutor(msg.sender));
        _;
    }

    /// @notice Names the games and the contracts of direct proofs, once.
    function wire(address[] calldata games, address[] calldata prosecutors) external onlyOnce {
        for (uint256 i = 0; i < games.length; ++i) _isGame[_requireContract(games[i])] = true;
        for (uint256 i = 0; i < prosecutors.length; ++i) _isProsecutor[_requireContract(prosecutors[i])] = true;
        emit CourtWired(address(_registry), games, prosecutors);
    }

    // --- games

    /// @inheritdoc ICourt
    function open(
        Place calldata place,
        address challenger,
        bytes32 claim,
        uint256 answerGas
    ) external payable nonReentrant returns (DisputeId disputeId) {
        require(_isGame[msg.sender], Court_NotAGame(msg.sender));
        ITaskRegistry.PlaceView memory accused = _registry.placeOf(place.taskId, place.role, place.index);
        require(accused.owner != address(0) && !accused.convicted, Court_NotAccusable(place));
        _requireDeposit(answerGas);
        Docket storage docket = _docketOf(place);
        uint256 bond = _bondFor(docket, accused.stake);
        disputeId = DisputeId.wrap(
            keccak256(
                abi.encode(block.chainid, address(this), msg.sender, place, challenger, claim, docket.queue.length)
            )
        );

        Dispute storage dispute = _disputes[disputeId];
        dispute.challenger = challenger;
        dispute.state = DisputeState.Waiting;
        dispute.turn = Side.Defender;
        dispute.game = msg.sender;
        dispute.challengerClock = clockSeconds;
        dispute.defenderClock = clockSeconds;
        dispute.challengerDeposits = SafeCast.toUint128(msg.value);
        dispute.bond = SafeCast.toUint128(bond);
        dispute.claim = claim;
        dispute.place = place;
        docket.queue.push(disputeId);
        ++docket.waiting;
        emit DisputeOpened(disputeId, _taskOf(place), challenger, place, msg.sender, claim, bond);
        _suspend(docket, place);
        if (docket.current == NONE) _callNext(docket);
        _stakes.lock(challenger, DisputeId.unwrap(disputeId), bond);
    }

    /// @inheritdoc ICourt
    function challengerMoves(DisputeId disputeId, address mover, uint256 answerGas) external payable {
        Dispute storage dispute = _disputes[disputeId];
        _requireTurn(disputeId, dispute, Side.Challenger);
        require(mover == dispute.challenger, Court_NotTheChallenger(disputeId, mover));
        _requireDeposit(answerGas);

        dispute.challengerDeposits += SafeCast.toUint128(msg.value);
        _pass(disputeId, dispute, Side.Defender);
    }

    /// @inheritdoc ICourt
    function defenderMoves(
        DisputeId disputeId,
        address mover,
        bytes32 answer,
        bytes calldata signature,
        uint256 answerGas
    ) external payable {
        Dispute storage dispute = _disputes[disputeId];
        _requireTurn(disputeId, dispute, Side.Defender);
        _requireDefender(disputeId, dispute, mover, answer, signature);
        _requireDeposit(answerGas);

        dispute.defenderDeposits += SafeCast.toUint128(msg.value);
        _pass(disputeId, dispute, Side.Challenger);
    }

    /// @inheritdoc ICourt
    function decideForChallenger(DisputeId disputeId) external {
        Dispute storage dispute = _disputes[disputeId];
        _requireTurn(disputeId, dispute, Side.Challenger);
        _decide(disputeId, dispute, Side.Challenger, false);
    }

    // --- direct proofs

    /// @inheritdoc ICourt
    function convict(Place calldata place, address accuser) external onlyProsecutor nonReentrant {
        _convict(place, accuser);
    }

    /// @inheritdoc ICourt
    function hold(Place calldata place) external onlyProsecutor {
        Docket storage docket = _docketOf(place);
        ++docket.holds;
        _suspend(docket, place);
    }

    /// @inheritdoc ICourt
    function release(Place calldata place) external onlyProsecutor {
        Docket storage docket = _docketOf(place);
        --docket.holds;
        _letGo(docket, place);
    }

    /// @inheritdoc ICourt
    function credit(address account) external payable onlyProsecutor {
        creditOf[account] += msg.value;
    }

    // --- anyone

    /// @inheritdoc ICourt
    function expire(DisputeId disputeId) external {
        Dispute storage dispute = _disputes[disputeId];
        _requireState(disputeId, dispute, DisputeState.Open);
        require(block.timestamp > dispute.movesUntil, Court_NotExpired(disputeId, dispute.movesUntil));
        _decide(disputeId, dispute, dispute.turn == Side.Defender ? Side.Challenger : Side.Defender, true);
    }

    /// @inheritdoc ICourt
    function close(DisputeId disputeId) external nonReentrant {
        Dispute storage dispute = _disputes[disputeId];
        _requireState(disputeId, dispute, DisputeState.Decided);
        Place memory place = dispute.place;
        Docket storage docket = _docketOf(place);
        ITaskRegistry.PlaceView memory accused = _registry.placeOf(place.taskId, place.role, place.index);
        uint256 deposits = uint256(dispute.challengerDeposits) + dispute.defenderDeposits;
        bytes32 lockId = DisputeId.unwrap(disputeId);
        bool won = dispute.turn == Side.Challenger;

        dispute.state = DisputeState.Closed;
        docket.current = NONE;
        emit DisputeClosed(disputeId, dispute.turn, deposits);
        if (won) {
            creditOf[dispute.challenger] += deposits;
            _stakes.unlock(dispute.challenger, lockId, dispute.bond);
            if (!accused.convicted) _convict(place, dispute.challenger);
        } else {
            ++docket.lost;
            creditOf[accused.operator] += deposits;
            _stakes.slash(dispute.challenger, lockId, dispute.bond, accused.owner, dispute.bond / 2, 0);
        }
        _callNext(docket);
        _letGo(docket, place);
    }

    /// @inheritdoc ICourt
    function retract(DisputeId disputeId) external nonReentrant {
        Dispute storage dispute = _disputes[disputeId];
        Place memory place = dispute.place;
        bool convicted = _registry.placeOf(place.taskId, place.role, place.index).convicted;
        bool waits = dispute.state == DisputeState.Waiting;
        require(waits || (convicted && dispute.state == DisputeState.Open), Court_WrongState(disputeId, dispute.state));
        bool mayRetract = convicted || msg.sender == dispute.challenger;
        require(mayRetract, Court_NotTheChallenger(disputeId, msg.sender));

        Docket storage docket = _docketOf(place);
        if (waits) --docket.waiting;
        else docket.current = NONE;
        dispute.state = DisputeState.Withdrawn;
        // What a convicted defender had deposited covers the gas of a challenge that another one overtook.
        creditOf[dispute.challenger] += uint256(dispute.challengerDeposits) + dispute.defenderDeposits;
        emit DisputeWithdrawn(disputeId);
        _stakes.unlock(dispute.challenger, DisputeId.unwrap(disputeId), dispute.bond);
        _letGo(docket, place);
    }

    /// @inheritdoc ICourt
    function callNext(Place calldata place) external nonReentrant {
        Docket storage docket = _docketOf(place);
        if (docket.current == NONE) _callNext(docket);
        _letGo(docket, place);
    }

    /// @inheritdoc ICourt
    function withdraw() external nonReentrant returns (uint256 amount) {
        amount = creditOf[msg.sender];
        require(amount != 0, Court_NothingToWithdraw(msg.sender));

        creditOf[msg.sender] = 0;
        emit EtherWithdrawn(msg.sender, amount);
        (bool sent, ) = msg.sender.call{value: amount}("");
        require(sent, Court_SendFailed(msg.sender, amount));
    }

    /// @inheritdoc ICourt
    function setDelegate(address delegate, bool allowed) external {
        isDelegate[msg.sender][delegate] = allowed;
        emit DelegateSet(msg.sender, delegate, allowed);
    }

    // --- views

    /// @inheritdoc ICourt
    function disputeOf(DisputeId disputeId) external view returns (DisputeView memory) {
        Dispute storage dispute = _disputes[disputeId];
        return
            DisputeView({
                state: dispute.state,
                place: dispute.place,
                game: dispute.game,
                challenger: dispute.challenger,
                claim: dispute.claim,
                turn: dispute.turn,
                movesUntil: dispute.movesUntil,
                moves: dispute.moves,
                proven: dispute.proven,
                clocks: [dispute.challengerClock, dispute.defenderClock],
                deposits: [dispute.challengerDeposits, dispute.defenderDeposits],
                bond: dispute.bond
            });
    }

    /// @inheritdoc ICourt
    function currentOf(Place calldata place) external view returns (DisputeId) {
        return _docketOf(place).current;
    }

    /// @inheritdoc ICourt
    function waitingOn(Place calldata place) external view returns (DisputeId[] memory disputeIds) {
        Docket storage docket = _docketOf(place);
        disputeIds = new DisputeId[](docket.waiting);
        uint256 found = 0;
        for (uint256 i = docket.called; found < disputeIds.length; ++i) {
            DisputeId disputeId = docket.queue[i];
            if (_disputes[disputeId].state == DisputeState.Waiting) disputeIds[found++] = disputeId;
        }
    }

    /// @inheritdoc ICourt
    function bondFor(Place calldata place) external view returns (uint256) {
        return _bondFor(_docketOf(place), _registry.placeOf(place.taskId, place.role, place.index).stake);
    }

    /// @inheritdoc ICourt
    function depositFor(uint256 answerGas) public view returns (uint256) {
        return answerGas * block.basefee * DEPOSIT_FACTOR;
    }

    /// @inheritdoc ICourt
    function depositFactor() external pure returns (uint256) {
        return DEPOSIT_FACTOR;
    }

    // --- the order of disputes

    /// @dev Starts the first dispute that still waits.
    function _callNext(Docket storage docket) private {
        uint256 length = Math.min(docket.queue.length, docket.called + MOST_SKIPPED);
        while (docket.called < length) {
            DisputeId disputeId = docket.queue[docket.called++];
            Dispute storage dispute = _disputes[disputeId];
            if (dispute.state != DisputeState.Waiting) continue;

            --docket.waiting;
            docket.current = disputeId;
            dispute.state = DisputeState.Open;
            dispute.movesUntil = _deadline(clockSeconds);
            emit DisputeStarted(disputeId, dispute.movesUntil);
            return;
        }
    }

    function _suspend(Docket storage docket, Place calldata place) private {
        if (docket.suspended) return;
        docket.suspended = true;
        _registry.suspend(place.taskId, place.role, place.index);
    }

    /// @dev Lets the place's windows run again when nothing is open or waiting, or nothing is left to defend.
    function _letGo(Docket storage docket, Place memory place) private {
        if (!docket.suspended) return;
        bool idle = docket.current == NONE && docket.waiting == 0 && docket.holds == 0;
        if (!idle && !_registry.placeOf(place.taskId, place.role, place.index).convicted) return;
        docket.suspended = false;
        _registry.resume(place.taskId, place.role, place.index);
    }

    function _convict(Place memory place, address accuser) private {
        emit PlaceConvicted(_taskOf(place), place, accuser);
        _registry.convict(place.taskId, place.role, place.index, accuser);
        _letGo(_docketOf(place), place);
    }

    // --- moves

    /// @dev Only the wired games open disputes, so whose dispute this is has the right to move in it.
    function _requireTurn(DisputeId disputeId, Dispute storage dispute, Side side) private view {
        _requireState(disputeId, dispute, DisputeState.Open);
        require(msg.sender == dispute.game, Court_NotAGame(msg.sender));
        require(dispute.turn == side, Court_NotYourTurn(disputeId, dispute.turn));
        require(block.timestamp <= dispute.movesUntil, Court_TooLate(disputeId, dispute.movesUntil));
    }

    function _requireState(DisputeId disputeId, Dispute storage dispute, DisputeState state) private view {
        require(dispute.state == state, Court_WrongState(disputeId, dispute.state));
    }

    function _requireDefender(
        DisputeId disputeId,
        Dispute storage dispute,
        address mover,
        bytes32 answer,
        bytes calldata signature
    ) private view {
        Place memory place = dispute.place;
        ITaskRegistry.PlaceView memory accused = _registry.placeOf(place.taskId, place.role, place.index);
        if (mover == accused.owner || _answersFor(accused.operator, mover)) return;
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(ANSWER_TYPEHASH, disputeId, dispute.moves, answer)));
        (address signer, , ) = ECDSA.tryRecoverCalldata(digest, signature);
        require(_answersFor(accused.operator, signer), Court_NotTheDefender(disputeId, mover, signer));
    }

    function _answersFor(address operator, address account) private view returns (bool) {
        return account == operator || isDelegate[operator][account];
    }

    /// @dev Stops the clock of the side that moved and starts the other's.
    function _pass(DisputeId disputeId, Dispute storage dispute, Side next) private {
        bool fromDefender = next == Side.Challenger;
        (uint32 own, uint32 other) = fromDefender
            ? (dispute.defenderClock, dispute.challengerClock)
            : (dispute.challengerClock, dispute.defenderClock);
        // What was left of the move's time comes off what was left on the clock.
        uint256 allowed = Math.min(own, moveSeconds);
        uint32 left = uint32(own - allowed + (dispute.movesUntil - block.timestamp));
        if (fromDefender) dispute.defenderClock = left;
        else dispute.challengerClock = left;

        uint32 move = dispute.moves++;
        uint40 movesUntil = _deadline(other);
        dispute.turn = next;
        dispute.movesUntil = movesUntil;
        emit DisputeMoved(disputeId, fromDefender ? Side.Defender : Side.Challenger, move, movesUntil);
    }

    function _decide(DisputeId disputeId, Dispute storage dispute, Side winner, bool byTimeout) private {
        dispute.state = DisputeState.Decided;
        dispute.turn = winner;
        dispute.proven = !byTimeout;
        emit DisputeDecided(disputeId, winner, byTimeout);
    }

    function _deadline(uint32 clock) private view returns (uint40) {
        return SafeCast.toUint40(block.timestamp + Math.min(clock, moveSeconds));
    }

    // --- price

    function _bondFor(Docket storage docket, uint256 stake) private view returns (uint256) {
        uint256 ahead = docket.current == NONE ? 0 : 1;
        uint256 doublings = Math.min(uint256(docket.lost) + docket.waiting + ahead, MOST_DOUBLINGS);
        return Math.min(uint256(_bond) << doublings, stake);
    }

    function _requireDeposit(uint256 answerGas) private view {
        uint256 expected = depositFor(answerGas);
        require(msg.value >= expected, Court_DepositTooLow(msg.value, expected));
    }

    function _docketOf(Place memory place) private view returns (Docket storage) {
        return _dockets[keccak256(abi.encode(place))];
    }

    function _taskOf(Place memory place) private pure returns (bytes32) {
        return bytes32(abi.encode(place.taskId));
    }

    function _requireRange(string memory parameter, uint256 value, uint256 least, uint256 most) private pure {
        require(value >= least && value <= most, Court_ParameterOutOfRange(parameter, value, least, most));
    }
}
