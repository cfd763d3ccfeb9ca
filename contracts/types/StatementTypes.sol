// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClockEntry} from "./GameTypes.sol";
import {Record, Segment} from "./SegmentTypes.sol";

/// @dev A segment as its slot published it.
struct SignedSegment {
    Segment segment;
    bytes signature; // EIP-712, by the slot's operator, 65 bytes r || s || v
}

/// @dev A record with its place in a segment's recordsRoot.
struct RecordOpening {
    uint32 leaf; // from 0: iteration first + leaf
    Record record;
    bytes32[] proof;
}

/// @dev The clock that a record of a segment names.
struct ClockOpening {
    RecordOpening naming;
    ClockEntry[] clock; // one entry for each slot
}

/// @dev The step from the clock of a segment's predecessor to its own.
struct ClockStep {
    ClockOpening current;
    Segment predecessor; // ignored, as `before` is, if the segment is the slot's first: that starts from zeros
    ClockOpening before;
}

/// @dev A batch of the task's data set.
struct BatchOpening {
    bytes32 batchLeaf;
    bytes32[] proof; // in datasetRoot
}

/// @dev How a signed segment names a segment of a peer, or one of its ancestors.
struct Naming {
    SignedSegment signed;
    ClockOpening opening; // of its clock
    uint8 peer; // whose entry of the clock
    Segment[] chain; // from the segment in that entry on, each the one that the one before names as its predecessor
}
