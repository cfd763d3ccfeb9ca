// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Place} from "../types/DisputeTypes.sol";
import {Segment} from "../types/SegmentTypes.sol";
import {ClockOpening, RecordOpening, SignedSegment} from "../types/StatementTypes.sol";
import {Role} from "../types/TaskTypes.sol";
import {SegmentHash} from "./SegmentHash.sol";
import {Sha256Merkle} from "./Sha256Merkle.sol";

/// @title Signed statements and what they bind
/// @notice From an operator's signature over a segment everything that a slot answers for follows by hashes: its records,
/// the clock that they name, its predecessors, the segments of others that the clock names, and theirs. So nobody can
/// ascribe anything to a slot that its operator did not sign.
library Statements {
    using SegmentHash for *;

    error Statement_WrongSigner(address signer, address operator);
    /// @notice The record does not stand at this place of the segment's recordsRoot.
    error Statement_NoSuchRecord(bytes32 recordHash, uint256 leaf);
    /// @notice The segment's record names another clock.
    error Statement_WrongClock(bytes32 given, bytes32 named);
    /// @notice This segment is not the one that is named at this place.
    error Statement_NotNamed(bytes32 given, bytes32 named);

    /// @notice The place whose operator signed the segment.
    function requireSigned(
        SignedSegment calldata signed,
        ITaskRegistry registry
    ) internal view returns (Place memory place) {
        Segment calldata segment = signed.segment;
        place = Place(segment.taskId, Role.Miner, SafeCast.toUint8(segment.slot));
        address operator = registry.placeOf(place.taskId, place.role, place.index).operator;
        address signer = ECDSA.recoverCalldata(segment.digest(address(registry)), signed.signature);
        require(signer == operator, Statement_WrongSigner(signer, operator));
    }

    function requireRecord(Segment calldata segment, RecordOpening calldata opening) internal pure {
        bytes32 hash = opening.record.recordHash();
        uint256 count = segment.last < segment.first ? 0 : uint256(segment.last) - segment.first + 1;
        bool isRecord = Sha256Merkle.isLeafAt(segment.recordsRoot, hash, opening.leaf, count, opening.proof);
        require(isRecord, Statement_NoSuchRecord(hash, opening.leaf));
    }

    function requireClock(Segment calldata segment, ClockOpening calldata opening) internal pure {
        requireRecord(segment, opening.naming);
        bytes32 given = opening.clock.clockHash();
        bytes32 named = opening.naming.record.clockHash;
        require(given == named, Statement_WrongClock(given, named));
    }

    function requireNamed(Segment calldata segment, bytes32 named) internal pure {
        bytes32 given = segment.segmentId();
        require(given == named, Statement_NotNamed(given, named));
    }

    /// @notice Checks segments each of which the one before names as its predecessor.
    /// @param named id of the first
    /// @return previous what the last one names
    function requireChain(bytes32 named, Segment[] calldata chain) internal pure returns (bytes32 previous) {
        previous = named;
        for (uint256 i = 0; i < chain.length; ++i) {
            requireNamed(chain[i], previous);
            previous = chain[i].previous;
        }
    }
}
