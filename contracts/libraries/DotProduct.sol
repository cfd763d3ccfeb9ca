// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Dot products of int8 rows
/// @notice Thirty-two terms at once. Every fourth byte of a word is a number in one of eight 32-bit lanes; the product of
/// two such words, one with its lanes reversed, has in its highest lane the sum of the eight products of equal bytes. Lanes
/// hold differences by 128, so that nothing is negative before they meet; a bias then keeps the lower lanes from borrowing
/// from the highest. With at most 1,024 terms of at most 2^14 no lane's sum reaches 2^31.
library DotProduct {
    /// @notice Most terms at once.
    uint256 internal constant MOST_TERMS = 1024;

    /// @dev The highest bit of every byte; the byte of every lane; 128 in every lane; 2^31 in every lane but the highest.
    uint256 private constant SIGNS = 0x8080808080808080808080808080808080808080808080808080808080808080;
    uint256 private constant BYTES = 0x000000ff000000ff000000ff000000ff000000ff000000ff000000ff000000ff;
    uint256 private constant OFFSET = 0x0000008000000080000000800000008000000080000000800000008000000080;
    uint256 private constant BIAS = 0x0000000080000000800000008000000080000000800000008000000080000000;

    /// @notice More terms than elements, or than lanes can hold.
    error DotProduct_OutOfRange(uint256 terms, uint256 a, uint256 b);

    /// @notice Sum of a[i] b[i] over i below `terms`, the bytes being int8.
    /// @param clamped reads a's -128 as -127
    function dot(bytes calldata a, bytes calldata b, uint256 terms, bool clamped) internal pure returns (int256 sum) {
        require(
            terms <= a.length && terms <= b.length && terms <= MOST_TERMS,
            DotProduct_OutOfRange(terms, a.length, b.length)
        );
        uint256 lanes = 0;
        for (uint256 i = 0; i < terms; i += 32) {
            (uint256 x, uint256 y) = (_word(a, i), _word(b, i));
            if (terms - i < 32) {
                // Terms beyond the last one read as 0.
                uint256 kept = type(uint256).max << (8 * (32 - (terms - i)));
                (x, y) = (x & kept, y & kept);
            }
            x ^= SIGNS;
            if (clamped) x = _raiseZeros(x);
            unchecked {
                lanes += _products(x, _reverseLanes(y ^ SIGNS));
            }
        }
        unchecked {
            return int256(int32(uint32((lanes + BIAS) >> 224)));
        }
    }

    /// @dev The products of 32 terms, summed in the highest lane, for words whose bytes are raised by 128.
    function _products(uint256 x, uint256 y) private pure returns (uint256) {
        unchecked {
            return
                ((x & BYTES) - OFFSET) * ((y & BYTES) - OFFSET) +
                (((x >> 8) & BYTES) - OFFSET) * (((y >> 8) & BYTES) - OFFSET) +
                (((x >> 16) & BYTES) - OFFSET) * (((y >> 16) & BYTES) - OFFSET) +
                (((x >> 24) & BYTES) - OFFSET) * (((y >> 24) & BYTES) - OFFSET);
        }
    }

    /// @dev The eight 32-bit lanes in reversed order.
    function _reverseLanes(uint256 x) private pure returns (uint256) {
        x = (x << 128) | (x >> 128);
        uint256 right = 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
        x = ((x & right) << 64) | ((x >> 64) & right);
        right = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
        return ((x & right) << 32) | ((x >> 32) & right);
    }

    /// @dev Makes 1 of every byte that is 0.
    function _raiseZeros(uint256 x) private pure returns (uint256) {
        unchecked {
            // Adding 0x7f to a byte's low bits carries into its highest bit unless they are 0.
            uint256 nonzero = ((x & ~SIGNS) + ~SIGNS) | x;
            return x | ((~nonzero & SIGNS) >> 7);
        }
    }

    /// @dev The 32 bytes from `start`. What lies beyond the end of `data` is not meant to be read: the caller drops it.
    function _word(bytes calldata data, uint256 start) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, start))
        }
    }
}
