// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Samples
/// @notice Cheap access to samples in calldata. A sample travels through four contracts, so what each does for every value
/// decides what a contribution costs.
library Samples {
    /// @notice A value of a dense sample does not fit in 64 bits.
    error Samples_ValueTooLarge();

    /// @notice The same array, read as words. The compiler copies those in one piece; values of 64 bits it would take
    /// apart, check and put together again, one by one, for each call, hash and event. Whoever uses values
    /// checks them, which the classifier does with all of them in every transaction that trains.
    function raw(int64[] calldata data) internal pure returns (uint256[] calldata words) {
        // Safe: both are an offset into calldata and a number of words of 32 bytes.
        assembly ("memory-safe") {
            words.offset := data.offset
            words.length := data.length
        }
    }

    /// @notice `data[i]` without its checks: the caller keeps `i` below the length, and makes sure of the value's range.
    function valueAt(int64[] calldata data, uint256 i) internal pure returns (int256 value) {
        // Safe: reads calldata and writes nothing; beyond its end are zeros.
        assembly ("memory-safe") {
            value := calldataload(add(data.offset, shl(5, i)))
        }
    }

    /// @notice Refuses values beyond 64 bits, of which a loop has collected what is beyond: `value ^ int64(value)`.
    function requireNone(uint256 collected) internal pure {
        require(collected == 0, Samples_ValueTooLarge());
    }
}
