// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {Record, Segment} from "../types/SegmentTypes.sol";

/// @title Hashes of records and segments (DESIGN section 5)
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

    /// @notice What a slot's operator signs: the EIP-712 digest of the segment.
    /// @param registry the TaskRegistry, the domain's verifying contract
    function digest(Segment calldata segment, address registry) internal view returns (bytes32) {
        bytes32 domainSeparator = keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256("Gristmill"), keccak256("1"), block.chainid, registry)
        );
        return MessageHashUtils.toTypedDataHash(domainSeparator, keccak256(abi.encode(SEGMENT_TYPEHASH, segment)));
    }
}
