// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISegmentGame} from "../interfaces/ISegmentGame.sol";
import {ITraceGame} from "../interfaces/ITraceGame.sol";
import {SegmentHash} from "../libraries/SegmentHash.sol";
import {Sha256Merkle} from "../libraries/Sha256Merkle.sol";
import {ListRange} from "../types/ProgramTypes.sol";
import {Record, Segment} from "../types/SegmentTypes.sol";

/// @title Clocks
/// @notice Which update lists the first iteration of a segment takes in: those between the clock of the segment before and
/// its own (DESIGN section 5). A library of its own because {SegmentGame} has no room for it.
library Clocks {
    using SegmentHash for *;

    /// @notice What the step from the predecessor's clock to the segment's takes in or gives back, in taking order: given
    /// back first, then taken in, each by ascending slot and iteration.
    /// @param clockHash in the segment's records
    function listsOf(
        ISegmentGame.SegmentCase calldata segmentCase,
        bytes32 clockHash,
        ISegmentGame.ClockStep calldata step
    ) external pure returns (ListRange[] memory lists) {
        _requireClocks(segmentCase, clockHash, step);
        uint256 slots = segmentCase.slots;
        lists = new ListRange[](slots);
        uint256 count = 0;
        for (uint256 slot = 0; slot < slots; ++slot) {
            (uint32 from, uint32 to) = _move(segmentCase, step, slot);
            if (to < from) lists[count++] = ListRange({first: to, count: from - to, givenBack: true});
        }
        for (uint256 slot = 0; slot < slots; ++slot) {
            (uint32 from, uint32 to) = _move(segmentCase, step, slot);
            if (to > from) lists[count++] = ListRange({first: from, count: to - from, givenBack: false});
        }
        assembly ("memory-safe") {
            mstore(lists, count) // shorter than allocated
        }
    }

    /// @notice The list that the clock names for one iteration of `slot`.
    /// @param chain segments of that slot, from the one that the clock names back to the one that holds the iteration
    /// @param record of the iteration
    /// @param recordProof in the last segment's recordsRoot
    /// @return place of the list in taking order
    /// @return updateId of the list
    function listNamed(
        ISegmentGame.SegmentCase calldata segmentCase,
        bytes32 clockHash,
        ISegmentGame.ClockStep calldata step,
        uint32 slot,
        Segment[] calldata chain,
        Record calldata record,
        bytes32[] calldata recordProof
    ) external pure returns (uint256 place, bytes32 updateId) {
        _requireClocks(segmentCase, clockHash, step);
        bool givenBack;
        (place, givenBack) = _placeOf(segmentCase, step, slot, record.index);
        bytes32 named = (givenBack ? step.previous : step.clock)[slot].segmentId;
        for (uint256 i = 0; i < chain.length; ++i) {
            require(chain[i].segmentId() == named, ITraceGame.Game_Unbound("chain"));
            if (i + 1 < chain.length) named = chain[i].previous;
        }
        Segment calldata holder = chain[chain.length - 1];
        bool holds = holder.slot == slot && record.index >= holder.first && record.index <= holder.last;
        require(holds && _isRecordOf(holder, record, recordProof), ITraceGame.Game_Unbound("record"));
        return (place, record.updateId);
    }

    function _placeOf(
        ISegmentGame.SegmentCase calldata segmentCase,
        ISegmentGame.ClockStep calldata step,
        uint256 slot,
        uint32 index
    ) private pure returns (uint256 place, bool givenBack) {
        uint256 slots = segmentCase.slots;
        require(slot < slots, ITraceGame.Game_OutOfRange("slot", slot, slots));
        (uint32 from, uint32 to) = _move(segmentCase, step, slot);
        givenBack = to < from;
        (uint32 low, uint32 high) = givenBack ? (to, from) : (from, to);
        require(index >= low && index < high, ITraceGame.Game_OutOfRange("record.index", index, high));
        place = index - low;
        for (uint256 other = 0; other < slots; ++other) {
            (uint32 otherFrom, uint32 otherTo) = _move(segmentCase, step, other);
            bool isBack = otherTo < otherFrom;
            bool isBefore = isBack == givenBack ? other < slot : isBack;
            if (isBefore) place += isBack ? otherFrom - otherTo : otherTo - otherFrom;
        }
    }

    /// @dev A slot's count before and after; the segment's own entry adds no lists.
    function _move(
        ISegmentGame.SegmentCase calldata segmentCase,
        ISegmentGame.ClockStep calldata step,
        uint256 slot
    ) private pure returns (uint32 from, uint32 to) {
        if (slot == segmentCase.segment.slot) return (0, 0);
        from = segmentCase.segment.first == 0 ? 0 : step.previous[slot].count;
        to = step.clock[slot].count;
    }

    function _requireClocks(
        ISegmentGame.SegmentCase calldata segmentCase,
        bytes32 clockHash,
        ISegmentGame.ClockStep calldata step
    ) private pure {
        uint256 slots = segmentCase.slots;
        require(step.clock.length == slots && step.clock.clockHash() == clockHash, ITraceGame.Game_Unbound("clock"));
        if (segmentCase.segment.first == 0) return;
        Record calldata record = step.previousRecord;
        bool bound = _isRecordOf(segmentCase.predecessor, record, step.previousProof);
        require(bound, ITraceGame.Game_Unbound("previousRecord"));
        bound = step.previous.length == slots && step.previous.clockHash() == record.clockHash;
        require(bound, ITraceGame.Game_Unbound("previous"));
    }

    function _isRecordOf(
        Segment calldata segment,
        Record calldata record,
        bytes32[] calldata proof
    ) private pure returns (bool) {
        uint256 leaves = uint256(segment.last) - segment.first + 1;
        uint256 leaf = uint256(record.index) - segment.first;
        return Sha256Merkle.isLeafAt(segment.recordsRoot, record.recordHash(), leaf, leaves, proof);
    }
}
