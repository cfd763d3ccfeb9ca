// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Lanes
/// @notice Several numbers of a model in one storage word, the first in the lowest bits. Models change most of their words
/// with each sample, and a word costs the same for one number as for eight. Lanes are named by their first bit.
///
///     64 bits   bit 192 | bit 128 | bit 64 | bit 0      int64, uint64
///     uint32    bit 224 | ... | bit 32 | bit 0
library Lanes {
    function int64At(uint256 word, uint256 bit) internal pure returns (int64) {
        return int64(int256(word >> bit));
    }

    function uint64At(uint256 word, uint256 bit) internal pure returns (uint64) {
        return uint64(word >> bit);
    }

    function withUint64(uint256 word, uint256 bit, uint64 value) internal pure returns (uint256) {
        return (word & ~(uint256(type(uint64).max) << bit)) | (uint256(value) << bit);
    }

    function uint32At(uint256 word, uint256 bit) internal pure returns (uint32) {
        return uint32(word >> bit);
    }

    function withUint32(uint256 word, uint256 bit, uint32 value) internal pure returns (uint256) {
        return (word & ~(uint256(type(uint32).max) << bit)) | (uint256(value) << bit);
    }
}
