// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {ClockEntry} from "../types/GameTypes.sol";
import {Record, Segment} from "../types/SegmentTypes.sol";

/// @title Hashes of records, clocks and segments (DESIGN section 5)
/// @dev `abi.encodePacked` writes uint32 as four big-endian bytes, which is the encoding that section 2 asks for.
library SegmentHash {
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    bytes32 private constant SEGMENT_TYPEHASH = keccak256(
        "Segment(bytes32 taskId,uint32 slot,uint32 first,uint32 last,bytes32 previous,bytes32 recordsRoot,bytes32 stateId,bytes32 residualId,bytes32 work)"
    );

    /// @notice H(0x0b || index || batch || clockHash || updateId || correct || loss || work)
    function recordHash(Record calldata record) internal pure returns (bytes32) {
        return
            sha256(
                abi.encodePacked(
                    bytes1(0x0b),
                    record.index,
                    record.batch,
                    record.clockHash,
                    record.updateId,
                    record.correct,
                    record.loss,
                    record.work
                )
            );
    }

    /// @notice H(0x0c || slot || first || last || previous || recordsRoot || stateId || residualId || work). The task is
    /// not in it by name but by the work chain, which starts from the task's seed.
    function segmentId(Segment calldata segment) internal pure returns (bytes32) {
        return
            sha256(
                abi.encodePacked(
                    bytes1(0x0c),
                    segment.slot,
                    segment.first,
                    segment.last,
                    segment.previous,
                    segment.recordsRoot,
                    segment.stateId,
                    segment.residualId,
                    segment.work
                )
            );
    }

    /// @notice H(0x09 || for each slot: count || id of its last segment taken in)
    function clockHash(ClockEntry[] calldata clock) internal pure returns (bytes32) {
        bytes memory packed = abi.encodePacked(bytes1(0x09));
        for (uint256 slot = 0; slot < clock.length; ++slot) {
            packed = bytes.concat(packed, abi.encodePacked(clock[slot].count, clock[slot].segmentId));
        }
        return sha256(packed);
    }

    /// @notice H(0x07 || seed || slot): where a slot's chain of work starts.
    function initialWork(bytes32 seed, uint32 slot) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x07), seed, slot));
    }

    /// @notice H(0x0a || work before || batchLeaf || clockHash || updateId): the work that a record has to state.
    function workAfter(Record calldata record, bytes32 before, bytes32 batchLeaf) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x0a), before, batchLeaf, record.clockHash, record.updateId));
    }

    /// @notice What a slot's operator signs: the EIP-712 digest of the segment.
    /// @param registry the TaskRegistry, the domain's verifying contract
    function digest(Segment calldata segment, address registry) internal view returns (bytes32) {
        bytes32 domainSeparator = keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256("Gristmill"), keccak256("1"), block.chainid, registry)
        );
        return MessageHashUtils.toTypedDataHash(domainSeparator, keccak256(abi.encode(SEGMENT_TYPEHASH, segment)));
    }
}
