// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICourt} from "../interfaces/ICourt.sol";
import {IDisputableTemplate} from "../interfaces/IDisputableTemplate.sol";
import {IMisconduct} from "../interfaces/IMisconduct.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Schedule} from "../libraries/Schedule.sol";
import {SegmentHash} from "../libraries/SegmentHash.sol";
import {Sha256Merkle} from "../libraries/Sha256Merkle.sol";
import {Statements} from "../libraries/Statements.sol";
import {Place} from "../types/DisputeTypes.sol";
import {ClockEntry} from "../types/GameTypes.sol";
import {Record, Segment} from "../types/SegmentTypes.sol";
import {BatchOpening, ClockOpening, ClockStep, Naming, RecordOpening, SignedSegment} from "../types/StatementTypes.sol";
import {Role, TaskId, TaskParameters} from "../types/TaskTypes.sol";
import {ListOpening} from "../types/TensorTypes.sol";

/// @title Misconduct
/// @notice See {IMisconduct}.
contract Misconduct is IMisconduct {
    using SegmentHash for *;
    using Statements for *;

    /// @dev Lists that a segment takes in at most (DESIGN section 5).
    uint256 private constant MOST_LISTS = 256;

    ICourt private immutable _court;
    ITaskRegistry private immutable _registry;
    IDisputableTemplate private immutable _template;

    /// @inheritdoc IMisconduct
    mapping(bytes32 segmentId => address accuser) public override refuterOf;

    constructor(ICourt court, ITaskRegistry registry, IDisputableTemplate template) {
        _court = court;
        _registry = registry;
        _template = template;
    }

    /// @dev Convicts the slot that signed, unless the function finds that what it was given shows no offence.
    modifier convicts(SignedSegment calldata signed, Offence offence) {
        Place memory place = signed.requireSigned(_registry);
        _;
        emit MisconductProven(place.taskId, place.index, msg.sender, offence);
        _court.convict(place, msg.sender);
    }

    /// @dev For proofs that the segment itself is not what anybody gets who computes it.
    modifier refutes(SignedSegment calldata signed) {
        _;
        refuterOf[signed.segment.segmentId()] = msg.sender;
    }

    // --- segments

    /// @inheritdoc IMisconduct
    function proveEquivocation(
        SignedSegment calldata first,
        SignedSegment calldata second
    ) external convicts(first, Offence.Equivocation) {
        Segment calldata a = first.segment;
        Segment calldata b = second.segment;
        second.requireSigned(_registry);
        require(a.taskId == b.taskId && a.slot == b.slot, Misconduct_DifferentSlots());

        bytes32 id = a.segmentId();
        bool overlaps = id != b.segmentId() && a.first <= b.last && b.first <= a.last;
        bool forks = uint256(a.last) + 1 == b.first && b.previous != id;
        _requireOffence(overlaps || forks, Offence.Equivocation);
    }

    /// @inheritdoc IMisconduct
    function proveImpossibleSegment(
        SignedSegment calldata signed
    ) external convicts(signed, Offence.ImpossibleSegment) refutes(signed) {
        Segment calldata segment = signed.segment;
        ITaskRegistry.TrainingView memory training = _trainingOf(segment.taskId);

        (uint256 first, uint256 last) = (segment.first, segment.last);
        bool fits = first % training.segmentLength == 0 && first <= last && last < training.iterations;
        bool short = fits && last - first < training.segmentLength;
        bool linked = (first == 0) == (segment.previous == 0);
        _requireOffence(!short || !linked, Offence.ImpossibleSegment);
    }

    /// @inheritdoc IMisconduct
    function proveBrokenLink(
        SignedSegment calldata signed,
        Segment calldata predecessor
    ) external convicts(signed, Offence.BrokenLink) refutes(signed) {
        Segment calldata segment = signed.segment;
        predecessor.requireNamed(segment.previous);

        bool linked = predecessor.slot == segment.slot && uint256(predecessor.last) + 1 == segment.first;
        _requireOffence(!linked, Offence.BrokenLink);
    }

    // --- records

    /// @inheritdoc IMisconduct
    function proveMisplacedRecord(
        SignedSegment calldata signed,
        RecordOpening calldata record
    ) external convicts(signed, Offence.MisplacedRecord) refutes(signed) {
        signed.segment.requireRecord(record);

        bool placed = record.record.index == uint256(signed.segment.first) + record.leaf;
        _requireOffence(!placed, Offence.MisplacedRecord);
    }

    /// @inheritdoc IMisconduct
    function proveChangingClock(
        SignedSegment calldata signed,
        RecordOpening calldata one,
        RecordOpening calldata other
    ) external convicts(signed, Offence.ChangingClock) refutes(signed) {
        signed.segment.requireRecord(one);
        signed.segment.requireRecord(other);

        _requireOffence(one.record.clockHash != other.record.clockHash, Offence.ChangingClock);
    }

    /// @inheritdoc IMisconduct
    function proveWrongLastWork(
        SignedSegment calldata signed,
        RecordOpening calldata last
    ) external convicts(signed, Offence.WrongLastWork) refutes(signed) {
        Segment calldata segment = signed.segment;
        segment.requireRecord(last);

        bool isLast = uint256(segment.first) + last.leaf == segment.last;
        _requireOffence(isLast && last.record.work != segment.work, Offence.WrongLastWork);
    }

    /// @inheritdoc IMisconduct
    function proveBrokenWork(
        SignedSegment calldata signed,
        RecordOpening calldata before,
        RecordOpening calldata current,
        BatchOpening calldata batch,
        TaskParameters calldata parameters
    ) external convicts(signed, Offence.BrokenWork) refutes(signed) {
        signed.segment.requireRecord(before);
        signed.segment.requireRecord(current);
        bool consecutive = uint256(before.leaf) + 1 == current.leaf;
        require(consecutive, Misconduct_NotConsecutive(before.leaf, current.leaf));
        _trainingOf(signed.segment.taskId, parameters);
        _requireBatch(current.record, batch, parameters);

        bytes32 work = current.record.workAfter(before.record.work, batch.batchLeaf);
        _requireOffence(current.record.work != work, Offence.BrokenWork);
    }

    /// @inheritdoc IMisconduct
    function proveBrokenFirstWork(
        SignedSegment calldata signed,
        Segment calldata predecessor,
        RecordOpening calldata record,
        BatchOpening calldata batch,
        TaskParameters calldata parameters
    ) external convicts(signed, Offence.BrokenWork) refutes(signed) {
        Segment calldata segment = signed.segment;
        segment.requireRecord(record);
        require(record.leaf == 0, Misconduct_OutOfRange("record.leaf", record.leaf, 1));
        bytes32 seed = _trainingOf(segment.taskId, parameters).trainingSeed;
        _requireBatch(record.record, batch, parameters);

        bytes32 before = predecessor.work;
        if (segment.previous == 0) before = SegmentHash.initialWork(seed, segment.slot);
        else predecessor.requireNamed(segment.previous);
        bytes32 work = record.record.workAfter(before, batch.batchLeaf);
        _requireOffence(record.record.work != work, Offence.BrokenWork);
    }

    /// @inheritdoc IMisconduct
    function proveWrongBatch(
        SignedSegment calldata signed,
        RecordOpening calldata record,
        TaskParameters calldata parameters
    ) external convicts(signed, Offence.WrongBatch) refutes(signed) {
        Segment calldata segment = signed.segment;
        segment.requireRecord(record);
        ITaskRegistry.TrainingView memory training = _trainingOf(segment.taskId, parameters);

        uint256 index = record.record.index;
        uint256 batches = _batchesOf(parameters);
        uint256 batch = Schedule.batchOf(training.trainingSeed, batches, training.slots, segment.slot, index);
        _requireOffence(record.record.batch != batch, Offence.WrongBatch);
    }

    // --- clocks

    /// @inheritdoc IMisconduct
    function proveImpossibleClock(
        SignedSegment calldata signed,
        ClockOpening calldata clock
    ) external convicts(signed, Offence.ImpossibleClock) {
        Segment calldata segment = signed.segment;
        segment.requireClock(clock);
        ITaskRegistry.TrainingView memory training = _trainingOf(segment.taskId);

        _requireOffence(!_isPossible(segment, clock.clock, training), Offence.ImpossibleClock);
    }

    /// @inheritdoc IMisconduct
    function proveFalseNaming(
        SignedSegment calldata signed,
        ClockOpening calldata clock,
        uint8 peer,
        Segment calldata named
    ) external convicts(signed, Offence.FalseNaming) {
        signed.segment.requireClock(clock);
        ClockEntry calldata entry = _entryOf(clock.clock, peer);
        named.requireNamed(entry.segmentId);

        bool isIt = named.slot == peer && uint256(named.last) + 1 == entry.count;
        _requireOffence(!isIt, Offence.FalseNaming);
    }

    /// @inheritdoc IMisconduct
    function proveTooManyLists(
        SignedSegment calldata signed,
        ClockStep calldata step
    ) external convicts(signed, Offence.TooManyLists) {
        Segment calldata segment = signed.segment;
        _requireStep(segment, step);

        uint256 lists = 0;
        for (uint256 peer = 0; peer < step.current.clock.length; ++peer) {
            if (peer == segment.slot) continue;
            uint256 count = step.current.clock[peer].count;
            uint256 before = _before(segment, step, peer).count;
            if (count > before) lists += count - before;
        }
        _requireOffence(lists > MOST_LISTS, Offence.TooManyLists);
    }

    /// @inheritdoc IMisconduct
    function proveRollback(
        SignedSegment calldata signed,
        ClockStep calldata step,
        uint8 peer
    ) external convicts(signed, Offence.Rollback) {
        (ClockEntry memory before, ClockEntry calldata current) = _stepOf(signed.segment, step, peer);

        bool replaced = current.count == before.count && current.segmentId != before.segmentId;
        _requireOffence(current.count < before.count || replaced, Offence.Rollback);
    }

    /// @inheritdoc IMisconduct
    function proveForkedNaming(
        SignedSegment calldata signed,
        ClockStep calldata step,
        uint8 peer,
        Segment[] calldata chain
    ) external convicts(signed, Offence.ForkedNaming) {
        (ClockEntry memory before, ClockEntry calldata current) = _stepOf(signed.segment, step, peer);
        require(before.count != 0, Misconduct_NoOffence(Offence.ForkedNaming));
        require(chain.length != 0, Misconduct_EmptyChain());
        bytes32 previous = Statements.requireChain(current.segmentId, chain);

        // The one that goes on after what was named before, or over its end.
        Segment calldata oldest = chain[chain.length - 1];
        bool reaches = oldest.first <= before.count && before.count <= oldest.last;
        bool continues = oldest.first == before.count && previous == before.segmentId;
        _requireOffence(reaches && !continues, Offence.ForkedNaming);
    }

    // --- lists

    /// @inheritdoc IMisconduct
    function proveMalformedList(
        SignedSegment calldata signed,
        RecordOpening calldata record,
        TaskParameters calldata parameters,
        uint256 col,
        ListOpening calldata list
    ) external convicts(signed, Offence.MalformedList) refutes(signed) {
        signed.segment.requireRecord(record);

        _requireMalformed(signed.segment.taskId, record.record, parameters, col, list);
    }

    /// @inheritdoc IMisconduct
    function proveMalformedListTakenIn(
        Naming calldata naming,
        RecordOpening calldata record,
        TaskParameters calldata parameters,
        uint256 col,
        ListOpening calldata list
    ) external convicts(naming.signed, Offence.MalformedList) {
        Segment calldata segment = naming.signed.segment;
        Segment[] calldata chain = naming.chain;
        segment.requireClock(naming.opening);
        require(chain.length != 0, Misconduct_EmptyChain());
        Statements.requireChain(_entryOf(naming.opening.clock, naming.peer).segmentId, chain);
        chain[chain.length - 1].requireRecord(record);

        _requireMalformed(segment.taskId, record.record, parameters, col, list);
    }

    // --- rules

    function _requireOffence(bool shown, Offence offence) private pure {
        require(shown, Misconduct_NoOffence(offence));
    }

    function _isPossible(
        Segment calldata segment,
        ClockEntry[] calldata clock,
        ITaskRegistry.TrainingView memory training
    ) private pure returns (bool) {
        if (clock.length != training.slots) return false;
        ClockEntry calldata own = clock[segment.slot];
        if (own.count != segment.first || own.segmentId != segment.previous) return false;
        for (uint256 slot = 0; slot < clock.length; ++slot) {
            bool none = clock[slot].count == 0;
            if (clock[slot].count > training.iterations || none != (clock[slot].segmentId == 0)) return false;
        }
        return true;
    }

    function _requireMalformed(
        TaskId taskId,
        Record calldata record,
        TaskParameters calldata parameters,
        uint256 col,
        ListOpening calldata list
    ) private view {
        _trainingOf(taskId, parameters);
        bool malformed = _template.listIsMalformed(parameters.program, record.updateId, col, list);
        _requireOffence(malformed, Offence.MalformedList);
    }

    // --- what the task fixes

    function _trainingOf(TaskId taskId) private view returns (ITaskRegistry.TrainingView memory training) {
        training = _registry.trainingOf(taskId);
        require(training.trainingSeed != 0, Misconduct_NotTraining(taskId));
    }

    function _trainingOf(
        TaskId taskId,
        TaskParameters calldata parameters
    ) private view returns (ITaskRegistry.TrainingView memory training) {
        training = _trainingOf(taskId);
        bool known = keccak256(abi.encode(parameters)) == training.parametersHash;
        require(known, Misconduct_WrongParameters(taskId));
    }

    function _batchesOf(TaskParameters calldata parameters) private view returns (uint32 batches) {
        (, batches) = _template.check(parameters.program);
    }

    function _requireBatch(
        Record calldata record,
        BatchOpening calldata batch,
        TaskParameters calldata parameters
    ) private view {
        bool isBatch = Sha256Merkle.isLeafAt(
            parameters.datasetRoot,
            batch.batchLeaf,
            record.batch,
            _batchesOf(parameters),
            batch.proof
        );
        require(isBatch, Misconduct_NoSuchBatch(record.batch));
    }

    // --- clocks

    function _requireStep(Segment calldata segment, ClockStep calldata step) private pure {
        segment.requireClock(step.current);
        if (segment.previous == 0) return;
        step.predecessor.requireNamed(segment.previous);
        step.predecessor.requireClock(step.before);
    }

    /// @dev What the clocks say of a peer that is not convicted, before the segment and in it.
    function _stepOf(
        Segment calldata segment,
        ClockStep calldata step,
        uint8 peer
    ) private view returns (ClockEntry memory before, ClockEntry calldata current) {
        _requireStep(segment, step);
        // The own entry has rules of its own, and every slot its own history.
        require(peer != segment.slot, Misconduct_OutOfRange("peer", peer, segment.slot));
        bool convicted = _registry.placeOf(segment.taskId, Role.Miner, peer).convicted;
        require(!convicted, Misconduct_PeerConvicted(peer));
        return (_before(segment, step, peer), _entryOf(step.current.clock, peer));
    }

    /// @dev A slot's first segment starts from zeros.
    function _before(
        Segment calldata segment,
        ClockStep calldata step,
        uint256 peer
    ) private pure returns (ClockEntry memory before) {
        if (segment.previous != 0) before = _entryOf(step.before.clock, peer);
    }

    function _entryOf(ClockEntry[] calldata clock, uint256 peer) private pure returns (ClockEntry calldata) {
        require(peer < clock.length, Misconduct_OutOfRange("peer", peer, clock.length));
        return clock[peer];
    }
}
