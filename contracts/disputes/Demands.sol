// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ICourt} from "../interfaces/ICourt.sol";
import {IDemands} from "../interfaces/IDemands.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {SegmentHash} from "../libraries/SegmentHash.sol";
import {Sha256Merkle} from "../libraries/Sha256Merkle.sol";
import {Statements} from "../libraries/Statements.sol";
import {TensorMerkle} from "../libraries/TensorMerkle.sol";
import {DemandId, DemandKind, DemandState} from "../types/DemandTypes.sol";
import {Place} from "../types/DisputeTypes.sol";
import {ClockEntry} from "../types/GameTypes.sol";
import {Record, Segment} from "../types/SegmentTypes.sol";
import {Naming, RecordOpening, SignedSegment} from "../types/StatementTypes.sol";
import {Role, TaskId} from "../types/TaskTypes.sol";
import {ElementType, Opening} from "../types/TensorTypes.sol";

/// @title Demands
/// @notice See {IDemands}.
/// @dev Invariant: the ether in this contract is the sum of the deposits of all open demands.
contract Demands is IDemands {
    using SegmentHash for *;
    using Statements for *;

    struct Demand {
        address demander;
        uint40 until;
        DemandState state;
        DemandKind kind;
        uint8 slot;
        uint8 peer;
        bool holds;
        // --- one word
        uint128 deposit;
        uint32 row;
        TaskId taskId;
        bytes32 content;
    }

    /// @dev The demands against one place.
    struct Docket {
        uint32 open;
        uint64 heldSeconds; // of its windows: by demands that ended, and reserved for those that are open
    }

    uint256 private constant MOST_ANCESTORS = 256;
    uint256 private constant MOST_DOUBLINGS = 64;
    /// @dev Entries in a row of an update list.
    uint256 private constant LIST_COLS = 256;
    /// @dev Gas of the answers, measured and rounded up.
    uint256 private constant SEGMENT_GAS = 300_000;
    uint256 private constant RECORD_GAS = 10_000;
    uint256 private constant CLOCK_ENTRY_GAS = 5_000;
    uint256 private constant LIST_ROW_GAS = 300_000;

    ICourt private immutable _court;
    ITaskRegistry private immutable _registry;
    IStakeManager private immutable _stakes;

    mapping(DemandId => Demand) private _demands;
    mapping(bytes32 placeKey => Docket) private _dockets;
    mapping(bytes32 contentKey => bool) private _produced;

    constructor(ICourt court, ITaskRegistry registry, IStakeManager stakes) {
        _court = court;
        _registry = registry;
        _stakes = stakes;
    }

    // --- demanders

    /// @inheritdoc IDemands
    function demandSegment(Naming calldata naming) external payable returns (DemandId) {
        (Place memory place, bytes32 segmentId) = _requireNaming(naming);
        require(segmentId != 0, Demands_NothingNamed(naming.peer));
        return _demand(place, DemandKind.Segment, naming.peer, segmentId, 0);
    }

    /// @inheritdoc IDemands
    function demandListRow(
        Naming calldata naming,
        RecordOpening calldata record,
        uint32 row
    ) external payable returns (DemandId) {
        (Place memory place, ) = _requireNaming(naming);
        uint256 length = naming.chain.length;
        require(length != 0, Demands_ChainLength(length));
        naming.chain[length - 1].requireRecord(record);
        return _demand(place, DemandKind.ListRow, naming.peer, record.record.updateId, row);
    }

    /// @inheritdoc IDemands
    function demandCommitted(
        TaskId taskId,
        uint8 slot,
        uint64 epoch,
        uint32 place
    ) external payable returns (DemandId) {
        ITaskRegistry.AuditContext memory commit = _registry.auditContextOf(taskId, slot, epoch);
        uint256 segments = commit.segmentsRoot == 0 ? 0 : _segmentsIn(commit);
        require(place < segments, Demands_NothingCommitted(epoch, place, segments));
        bytes32 content = keccak256(abi.encode(epoch, commit.segmentsRoot));
        return _demand(Place(taskId, Role.Miner, slot), DemandKind.Committed, slot, content, place);
    }

    // --- who answers

    /// @inheritdoc IDemands
    function answerSegment(DemandId demandId, SignedSegment calldata signed, Record[] calldata records) external {
        Demand storage demand = _requireAnswerable(demandId, DemandKind.Segment);
        Segment calldata segment = signed.segment;
        bool isPeers = segment.taskId == demand.taskId && segment.slot == demand.peer;
        require(isPeers, Demands_WrongSlot(demandId, demand.peer));
        segment.requireNamed(demand.content);
        signed.requireSigned(_registry);
        _requireRecords(segment, records);

        emit SegmentProduced(demandId, signed, records);
        _answer(demandId, demand);
    }

    /// @inheritdoc IDemands
    function answerCommitted(
        DemandId demandId,
        uint64 epoch,
        SignedSegment calldata signed,
        Record[] calldata records,
        ClockEntry[] calldata clock,
        bytes32[] calldata proof
    ) external {
        Demand storage demand = _requireAnswerable(demandId, DemandKind.Committed);
        _requireCommitted(demandId, demand, epoch, signed.segment, proof);
        signed.requireSigned(_registry);
        _requireRecords(signed.segment, records);
        bytes32 given = clock.clockHash();
        require(given == records[0].clockHash, Demands_WrongClock(given, records[0].clockHash));

        emit CommittedProduced(demandId, signed, records, clock);
        _answer(demandId, demand);
    }

    /// @inheritdoc IDemands
    function answerListRow(DemandId demandId, uint32 rows, Opening calldata opening) external {
        Demand storage demand = _requireAnswerable(demandId, DemandKind.ListRow);
        // Without rows there is no last one, and no leaf.
        uint256 row = Math.min(demand.row, Math.saturatingSub(rows, 1));
        TensorMerkle.requireLeaf(demand.content, ElementType.U32, rows, LIST_COLS, row, 0, opening);

        emit ListRowProduced(demandId, rows, SafeCast.toUint32(row), opening.leaf);
        _answer(demandId, demand);
    }

    // --- anyone

    /// @inheritdoc IDemands
    function close(DemandId demandId) external {
        Demand storage demand = _demands[demandId];
        require(demand.state == DemandState.Open, Demands_WrongState(demandId, demand.state));
        if (_produced[_contentKeyOf(demand)]) {
            _end(demandId, demand, DemandState.Answered, msg.sender);
        } else if (!_hasStake(demand)) {
            _end(demandId, demand, DemandState.Void, demand.demander);
        } else {
            require(block.timestamp > demand.until, Demands_NotExpired(demandId, demand.until));
            _end(demandId, demand, DemandState.Unanswered, demand.demander);
        }
    }

    // --- views

    /// @inheritdoc IDemands
    function demandOf(DemandId demandId) external view returns (DemandView memory) {
        Demand storage demand = _demands[demandId];
        return
            DemandView({
                state: demand.state,
                kind: demand.kind,
                place: _placeOf(demand),
                peer: demand.peer,
                content: demand.content,
                row: demand.row,
                demander: demand.demander,
                until: demand.until,
                deposit: demand.deposit,
                holds: demand.holds
            });
    }

    /// @inheritdoc IDemands
    function gasOf(Place memory place, DemandKind kind) public view returns (uint256) {
        uint256 answerGas = LIST_ROW_GAS;
        if (kind != DemandKind.ListRow) {
            ITaskRegistry.TrainingView memory training = _registry.trainingOf(place.taskId);
            answerGas = SEGMENT_GAS + RECORD_GAS * training.segmentLength;
            if (kind == DemandKind.Committed) answerGas += CLOCK_ENTRY_GAS * training.slots;
        }
        return answerGas << Math.min(_docketOf(place).open, MOST_DOUBLINGS);
    }

    /// @inheritdoc IDemands
    function openAgainst(Place calldata place) external view returns (uint256) {
        return _docketOf(place).open;
    }

    // --- demands

    /// @dev Returns the slot that named, and what the last segment of the chain names in turn.
    function _requireNaming(Naming calldata naming) private view returns (Place memory place, bytes32 next) {
        place = naming.signed.requireSigned(_registry);
        naming.signed.segment.requireClock(naming.opening);
        ClockEntry[] calldata clock = naming.opening.clock;
        require(naming.peer < clock.length, Demands_NoSuchPeer(naming.peer, clock.length));
        uint256 length = naming.chain.length;
        require(length <= MOST_ANCESTORS, Demands_ChainLength(length));
        next = Statements.requireChain(clock[naming.peer].segmentId, naming.chain);
    }

    function _demand(
        Place memory place,
        DemandKind kind,
        uint8 peer,
        bytes32 content,
        uint32 row
    ) private returns (DemandId demandId) {
        demandId = DemandId.wrap(keccak256(abi.encode(block.chainid, address(this), place, kind, peer, content, row)));
        Demand storage demand = _demands[demandId];
        uint256 price = _court.depositFor(gasOf(place, kind));
        require(demand.state == DemandState.None, Demands_WrongState(demandId, demand.state));
        require(msg.value >= price, Demands_DepositTooLow(msg.value, price));

        uint40 moveSeconds = _court.moveSeconds();
        uint40 until = SafeCast.toUint40(block.timestamp + moveSeconds);
        Docket storage docket = _docketOf(place);
        bool holds = docket.heldSeconds + moveSeconds <= _court.clockSeconds();
        demand.demander = msg.sender;
        demand.until = until;
        demand.state = DemandState.Open;
        demand.kind = kind;
        demand.slot = place.index;
        demand.peer = peer;
        demand.holds = holds;
        demand.deposit = SafeCast.toUint128(msg.value);
        demand.row = row;
        demand.taskId = place.taskId;
        demand.content = content;
        require(!_produced[_contentKeyOf(demand)], Demands_ProducedAlready(content, row));
        require(_hasStake(demand), ICourt.Court_NotAccusable(place));
        ++docket.open;
        emit Demanded(demandId, place.taskId, place.index, msg.sender, kind, peer, content, row, msg.value, until);
        if (!holds) return demandId;
        docket.heldSeconds += moveSeconds;
        _court.hold(place);
    }

    // --- answers

    function _requireAnswerable(DemandId demandId, DemandKind kind) private view returns (Demand storage demand) {
        demand = _demands[demandId];
        require(demand.state == DemandState.Open, Demands_WrongState(demandId, demand.state));
        require(demand.kind == kind, Demands_WrongKind(demandId, demand.kind));
        require(block.timestamp <= demand.until, Demands_TooLate(demandId, demand.until));
    }

    /// @dev That the segment names records, at least one, follows from its place.
    function _requireCommitted(
        DemandId demandId,
        Demand storage demand,
        uint64 epoch,
        Segment calldata segment,
        bytes32[] calldata proof
    ) private view {
        uint8 slot = demand.slot;
        ITaskRegistry.AuditContext memory commit = _registry.auditContextOf(demand.taskId, slot, epoch);
        bool isCommit = demand.content == keccak256(abi.encode(epoch, commit.segmentsRoot));
        bool isSlots = segment.taskId == demand.taskId && segment.slot == slot;
        uint256 place = demand.row;
        uint256 first = commit.first + place * commit.segmentLength;
        bool fits = segment.first == first && segment.last >= first;
        bytes32 id = segment.segmentId();
        bool stands = Sha256Merkle.isLeafAt(commit.segmentsRoot, id, place, _segmentsIn(commit), proof);
        require(isCommit && isSlots && fits && stands, Demands_NotAtThePlace(demandId));
    }

    function _segmentsIn(ITaskRegistry.AuditContext memory commit) private pure returns (uint256) {
        return (commit.last - commit.first) / commit.segmentLength + 1;
    }

    function _requireRecords(Segment calldata segment, Record[] calldata records) private pure {
        bytes32[] memory hashes = new bytes32[](records.length);
        for (uint256 i = 0; i < hashes.length; ++i) hashes[i] = records[i].recordHash();
        bytes32 root = Sha256Merkle.rootOf(hashes);
        bool all = uint256(segment.first) + records.length == uint256(segment.last) + 1;
        require(all && root == segment.recordsRoot, Demands_WrongRecords(root, segment.recordsRoot));
    }

    function _answer(DemandId demandId, Demand storage demand) private {
        _produced[_contentKeyOf(demand)] = true;
        _end(demandId, demand, DemandState.Answered, msg.sender);
    }

    function _end(DemandId demandId, Demand storage demand, DemandState state, address payee) private {
        Place memory place = _placeOf(demand);
        Docket storage docket = _docketOf(place);
        uint256 deposit = demand.deposit;
        demand.state = state;
        --docket.open;
        if (demand.holds && block.timestamp < demand.until) {
            docket.heldSeconds -= SafeCast.toUint64(demand.until - block.timestamp);
        }
        emit DemandEnded(demandId, state, payee, deposit);
        _court.credit{value: deposit}(payee);
        if (state == DemandState.Unanswered) _court.convict(place, demand.demander);
        if (demand.holds) _court.release(place);
    }

    // --- small parts

    /// @dev Whether a conviction would still take something.
    function _hasStake(Demand storage demand) private view returns (bool) {
        ITaskRegistry.PlaceView memory accused = _registry.placeOf(demand.taskId, Role.Miner, demand.slot);
        bytes32 lockId = TaskId.unwrap(demand.taskId);
        return !accused.convicted && _stakes.lockedFor(accused.owner, address(_registry), lockId) != 0;
    }

    function _placeOf(Demand storage demand) private view returns (Place memory) {
        return Place(demand.taskId, Role.Miner, demand.slot);
    }

    function _docketOf(Place memory place) private view returns (Docket storage) {
        return _dockets[keccak256(abi.encode(place))];
    }

    /// @dev A segment is produced by its peer's signature in a task, with its place if it was asked for by that, a row of a
    /// list by hashes alone.
    function _contentKeyOf(Demand storage demand) private view returns (bytes32) {
        if (demand.kind == DemandKind.ListRow) return keccak256(abi.encode(demand.content, demand.row));
        if (demand.kind == DemandKind.Committed)
            return keccak256(abi.encode(demand.taskId, demand.peer, demand.content, demand.row));
        return keccak256(abi.encode(demand.taskId, demand.peer, demand.content));
    }
}
