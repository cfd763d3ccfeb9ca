// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Segment} from "../types/SegmentTypes.sol";
import {BatchOpening, ClockOpening, ClockStep, Naming, RecordOpening, SignedSegment} from "../types/StatementTypes.sol";
import {TaskId, TaskParameters} from "../types/TaskTypes.sol";
import {ListOpening} from "../types/TensorTypes.sol";

/// @title Misconduct
/// @notice What a slot's signature shows by itself to be against the rules (DESIGN sections 5 and 7): a proof convicts in
/// one transaction, without a game, a bond or a deadline. Anyone may bring one; the first that does is the accuser whom
/// the registry rewards.
///
/// **Whom a proof can hit.** Each starts from a segment that the slot's operator signed for this task, chain and registry.
/// Everything else follows from it by hashes: records, clock, predecessors, the segments that the clock names, and theirs.
/// So no combination of forged pieces convicts a slot that signed only what the rules yield. For what it took in from
/// others a slot answers as far as it could see at once: that these segments continue each other, end where its clock
/// says, and bring well-formed lists; not for their arithmetic or their clocks.
///
/// **What an honest slot has to mind.** It signs one segment over an iteration, ever, also when it lost its data. It rolls
/// a peer back only once that peer is convicted: whoever finds an equivocation proves it here first. It signs nothing
/// before the block that the training's seed comes from is out of reach of reorganisations.
interface IMisconduct {
    enum Offence {
        Equivocation,
        ImpossibleSegment,
        BrokenLink,
        MisplacedRecord,
        ChangingClock,
        WrongLastWork,
        BrokenWork,
        WrongBatch,
        ImpossibleClock,
        FalseNaming,
        TooManyLists,
        Rollback,
        ForkedNaming,
        MalformedList
    }

    event MisconductProven(TaskId indexed taskId, uint32 indexed slot, address indexed accuser, Offence offence);

    /// @notice What was brought is within the rules, or shows another offence than this one.
    error Misconduct_NoOffence(Offence offence);
    /// @notice The task has not begun, so its rules are not known yet.
    error Misconduct_NotTraining(TaskId taskId);
    /// @notice These are not the parameters in the task's event {ITaskRegistry-TaskCreated}.
    error Misconduct_WrongParameters(TaskId taskId);
    /// @notice `given` must be below `count`.
    error Misconduct_OutOfRange(string what, uint256 given, uint256 count);
    /// @notice Bring at least the segment that is named.
    error Misconduct_EmptyChain();
    /// @notice The segments are of different slots or tasks.
    error Misconduct_DifferentSlots();
    /// @notice The second record is not the one after the first.
    error Misconduct_NotConsecutive(uint32 before, uint32 current);
    /// @notice The batch's hash does not stand at this place of the data set's root.
    error Misconduct_NoSuchBatch(uint256 batch);
    /// @notice A convicted peer may be rolled back.
    error Misconduct_PeerConvicted(uint8 peer);

    /// @notice Who proved first that the segment is not what anybody gets who computes it, 0 if nobody did: that its place,
    /// records, batches, chain of work or lists are false, not that its slot signed another one or named something false.
    function refuterOf(bytes32 segmentId) external view returns (address);

    // --- segments

    /// @notice Two segments of one slot with different ids share an iteration, or the second starts where the first ends
    /// and names another predecessor.
    function proveEquivocation(SignedSegment calldata first, SignedSegment calldata second) external;

    /// @notice The segment does not start at a multiple of c, has none or more than c iterations, goes beyond the task's,
    /// or has a predecessor exactly if it is the slot's first.
    function proveImpossibleSegment(SignedSegment calldata signed) external;

    /// @notice The segment does not start right after the predecessor that it names, or that is another slot's.
    function proveBrokenLink(SignedSegment calldata signed, Segment calldata predecessor) external;

    // --- records

    /// @notice A record states another iteration than that of its place.
    function proveMisplacedRecord(SignedSegment calldata signed, RecordOpening calldata record) external;

    /// @notice Two records of the segment name different clocks.
    function proveChangingClock(
        SignedSegment calldata signed,
        RecordOpening calldata one,
        RecordOpening calldata other
    ) external;

    /// @notice The segment states another work than its last record.
    function proveWrongLastWork(SignedSegment calldata signed, RecordOpening calldata last) external;

    /// @notice A record's work does not follow from the record before it.
    /// @param batch that the record states
    function proveBrokenWork(
        SignedSegment calldata signed,
        RecordOpening calldata before,
        RecordOpening calldata current,
        BatchOpening calldata batch,
        TaskParameters calldata parameters
    ) external;

    /// @notice The work of the segment's first record does not follow from the predecessor's, or in a slot's first segment
    /// from the seed.
    /// @param predecessor ignored in a slot's first segment
    function proveBrokenFirstWork(
        SignedSegment calldata signed,
        Segment calldata predecessor,
        RecordOpening calldata record,
        BatchOpening calldata batch,
        TaskParameters calldata parameters
    ) external;

    /// @notice A record states another batch than the schedule gives its iteration.
    function proveWrongBatch(
        SignedSegment calldata signed,
        RecordOpening calldata record,
        TaskParameters calldata parameters
    ) external;

    // --- clocks

    /// @notice The clock has not one entry for each slot; or its own one is not (first, previous); or an entry counts more
    /// than the task's iterations, or names a segment exactly if it counts none.
    function proveImpossibleClock(SignedSegment calldata signed, ClockOpening calldata clock) external;

    /// @notice The entry of `peer` does not count up to the end of the segment that it names, or that is another slot's.
    function proveFalseNaming(
        SignedSegment calldata signed,
        ClockOpening calldata clock,
        uint8 peer,
        Segment calldata named
    ) external;

    /// @notice The segment takes in more than 256 lists.
    function proveTooManyLists(SignedSegment calldata signed, ClockStep calldata step) external;

    /// @notice The entry of a peer that is not convicted goes back, or names another segment with the same count.
    function proveRollback(SignedSegment calldata signed, ClockStep calldata step, uint8 peer) external;

    /// @notice The segment that is named of a peer, which is not convicted, does not descend from the one named before.
    /// @param chain from the segment that is named back to the one that should continue the one named before
    function proveForkedNaming(
        SignedSegment calldata signed,
        ClockStep calldata step,
        uint8 peer,
        Segment[] calldata chain
    ) external;

    // --- lists

    /// @notice The list that a record names is malformed: see {IDisputableTemplate-listIsMalformed}.
    /// @param col of the entry that shows it, in the first row opened
    function proveMalformedList(
        SignedSegment calldata signed,
        RecordOpening calldata record,
        TaskParameters calldata parameters,
        uint256 col,
        ListOpening calldata list
    ) external;

    /// @notice A list that the slot took in is malformed.
    /// @param naming how it names the segment with the list, the last one of its chain
    /// @param record of that segment
    function proveMalformedListTakenIn(
        Naming calldata naming,
        RecordOpening calldata record,
        TaskParameters calldata parameters,
        uint256 col,
        ListOpening calldata list
    ) external;
}
