// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Lanes
/// @notice Several numbers of a model in one storage word, the first in the lowest bits. Models change most of their words
/// with each sample, and a word costs the same for one number as for eight.
///
///     int80     16 free | lane 2 | lane 1 | lane 0
///     64 bits   lane 3 | lane 2 | lane 1 | lane 0      int64, uint64
///     uint32    lane 7 | ... | lane 1 | lane 0
library Lanes {
    uint256 internal constant INT80S = 3;
    uint256 internal constant INT64S = 4;
    uint256 internal constant UINT32S = 8;

    function int80At(uint256 word, uint256 lane) internal pure returns (int80) {
        return int80(uint80(word >> (lane * 80)));
    }

    function withInt80(uint256 word, uint256 lane, int80 value) internal pure returns (uint256) {
        return _with(word, lane * 80, type(uint80).max, uint80(value));
    }

    function int64At(uint256 word, uint256 lane) internal pure returns (int64) {
        return int64(uint64(word >> (lane * 64)));
    }

    function withInt64(uint256 word, uint256 lane, int64 value) internal pure returns (uint256) {
        return _with(word, lane * 64, type(uint64).max, uint64(value));
    }

    function uint64At(uint256 word, uint256 lane) internal pure returns (uint64) {
        return uint64(word >> (lane * 64));
    }

    function withUint64(uint256 word, uint256 lane, uint64 value) internal pure returns (uint256) {
        return _with(word, lane * 64, type(uint64).max, value);
    }

    function uint32At(uint256 word, uint256 lane) internal pure returns (uint32) {
        return uint32(word >> (lane * 32));
    }

    function withUint32(uint256 word, uint256 lane, uint32 value) internal pure returns (uint256) {
        return _with(word, lane * 32, type(uint32).max, value);
    }

    /// @notice `value + step`, at the end of the range of 80 bits if it is beyond.
    /// @param step such that the sum fits in 256 bits
    function addClamped(int80 value, int256 step) internal pure returns (int80) {
        int256 sum = value + step;
        if (sum > type(int80).max) return type(int80).max;
        if (sum < type(int80).min) return type(int80).min;
        return int80(sum);
    }

    function _with(uint256 word, uint256 shift, uint256 mask, uint256 value) private pure returns (uint256) {
        return (word & ~(mask << shift)) | (value << shift);
    }
}
