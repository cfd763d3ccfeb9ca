// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DisputeId} from "../types/DisputeTypes.sol";
import {BoundId, ClockEntry, TraceCase, TraceIds} from "../types/GameTypes.sol";
import {ListOpening, Opening} from "../types/TensorTypes.sol";
import {Record, Segment} from "../types/SegmentTypes.sol";
import {TaskParameters} from "../types/TaskTypes.sol";

/// @title Segment game
/// @notice Whether a slot computed what it signed (DESIGN section 7). The challenger opens with the signed segment and its
/// predecessor; the slot reveals the segment's records and the ids of its states; the challenger names the first iteration
/// whose outcome differs from its own; the slot reveals the ids of that iteration's trace, bound to the states and records
/// around it; the rest is {ITraceGame}. Any signed segment can be challenged while the slot's stake answers for it, that is
/// until the task is settled.
///
/// What shows by itself that a segment is no honest one (wrong batch, broken chain, malformed list) has direct proofs, see
/// {IMisconduct}: a slot that would have to reveal such a thing here finds its move refused and loses by silence.
interface ISegmentGame {
    /// @dev What is disputed. Games keep its hash.
    struct SegmentCase {
        Segment segment;
        Segment predecessor; // all zero if the segment is the slot's first
        uint8 slots; // N of the schedule
        bytes32 trainingSeed;
        bytes32 parametersHash;
    }

    /// @dev One iteration of the segment, as the slot revealed it: leaf keccak256(abi.encode(recordHash, stateId,
    /// residualId)) of the outcomes' root.
    struct Outcome {
        Record record;
        bytes32 stateId; // after the iteration
        bytes32 residualId;
        bytes32[] proof; // in the outcomes' root
    }

    /// @dev What ties the first iteration of a segment to the lists that it took in.
    struct ClockStep {
        ClockEntry[] clock; // of the segment; empty for later iterations
        ClockEntry[] previous; // of the predecessor; empty if there is none
        Record previousRecord; // any record of the predecessor: it names that clock
        bytes32[] previousProof; // in the predecessor's recordsRoot
    }

    event SegmentChallenged(DisputeId indexed disputeId, bytes32 indexed segmentId, SegmentCase segmentCase);
    event OutcomesRevealed(DisputeId indexed disputeId, Record[] records, bytes32[] stateIds, bytes32[] residualIds);
    event IterationNamed(DisputeId indexed disputeId, uint32 iteration);
    event ListContested(DisputeId indexed disputeId, uint32 slot, uint32 iteration, bytes32 named, bytes32 claimed);

    /// @notice The task has not begun, so there is nothing to have signed.
    error SegmentGame_NotTraining(bytes32 taskId);
    error SegmentGame_WrongSigner(address signer, address operator);
    /// @notice The segment does not follow from this predecessor: give the right one, or prove the broken chain directly.
    error SegmentGame_NotThePredecessor(bytes32 previous, bytes32 predecessorId);

    /// @notice Challenger: a signed segment is false. The caller needs `ICourt.bondFor` as free stake.
    /// @param signature of the segment's EIP-712 digest by the slot's operator
    function challenge(
        Segment calldata segment,
        bytes calldata signature,
        Segment calldata predecessor
    ) external payable returns (DisputeId);

    /// @notice Defender: the segment's records, and after each iteration the ids of weights and residuals.
    function revealOutcomes(
        DisputeId disputeId,
        SegmentCase calldata segmentCase,
        Record[] calldata records,
        bytes32[] calldata stateIds,
        bytes32[] calldata residualIds,
        bytes calldata signature
    ) external payable;

    /// @notice Challenger: iteration `iteration`, counted from the segment's first, is the first false one.
    function chooseIteration(DisputeId disputeId, uint32 iteration) external payable;

    /// @notice Defender: the ids of the named iteration's trace and of all that it reads.
    /// @param before the outcome of the iteration before; ignored for the segment's first
    function revealTrace(
        DisputeId disputeId,
        SegmentCase calldata segmentCase,
        TaskParameters calldata parameters,
        Outcome calldata before,
        Outcome calldata outcome,
        ClockStep calldata step,
        TraceIds calldata ids,
        bytes calldata signature
    ) external payable;

    /// @notice Anyone: the revealed update list says of one weight something else than the revealed U_1..U_L.
    /// @param updates ids of U_1..U_L
    /// @param flat index of the weight over the concatenated layers
    function refuteList(
        DisputeId disputeId,
        TraceCase calldata traceCase,
        BoundId calldata listId,
        BoundId[] calldata updates,
        uint256 flat,
        ListOpening calldata list,
        Opening calldata update
    ) external;

    /// @notice Anyone: the list that the slot says it took in from iteration `index` of slot `slot` is not the one that
    /// its clock names.
    /// @param chain segments of that slot, from the one that the clock names back to the one that holds the iteration
    /// @param record of the iteration, leaf of the last one's recordsRoot
    function contestList(
        DisputeId disputeId,
        SegmentCase calldata segmentCase,
        TraceCase calldata traceCase,
        Outcome calldata outcome,
        ClockStep calldata step,
        uint32 slot,
        BoundId calldata claimed,
        Segment[] calldata chain,
        Record calldata record,
        bytes32[] calldata recordProof
    ) external;
}
