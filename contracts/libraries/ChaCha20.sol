// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ChaCha20 keystream (RFC 8439)
/// @notice A row of the cipher's state, four 32-bit words, lies in the four 64-bit lanes of one EVM word, so that each
/// step of the quarter round works on four columns at once. What is rotated is cleared to 32 bits before and after; sums
/// keep their carries in the upper halves of the lanes, and 40 of them stay below 2^38, so lanes never meet.
library ChaCha20 {
    /// @dev "expand 32-byte k" as four little-endian words, the first in the highest lane.
    uint256 private constant SIGMA = 0x61707865_000000003320646e_0000000079622d32_000000006b206574;
    uint256 private constant LOW_HALVES = 0x00000000ffffffff_00000000ffffffff_00000000ffffffff_00000000ffffffff;
    /// @dev Masks that leave bits too many, which do no harm in sums and go before the next rotation. A constant of more
    /// than a few uses the compiler would copy from the code each time, for 27 gas instead of 3.
    uint256 private constant LOW_33 = 0x00000001ffffffff_00000001ffffffff_00000001ffffffff_00000001ffffffff;
    uint256 private constant LOW_34 = 0x00000003ffffffff_00000003ffffffff_00000003ffffffff_00000003ffffffff;
    /// @dev x * TWICE has a word's 32 bits in both halves of its lane.
    uint256 private constant TWICE = 0x100000001;

    /// @notice One block of the keystream.
    /// @param key 32 bytes as in the RFC
    /// @param nonce 12 bytes as in the RFC
    /// @param counter number of the block, from 0
    /// @return first bytes 0 to 31 of the block, in order
    /// @return second bytes 32 to 63
    function keystream(
        bytes32 key,
        bytes12 nonce,
        uint32 counter
    ) internal pure returns (bytes32 first, bytes32 second) {
        (uint256 b, uint256 c, uint256 d) = startOf(key, nonce);
        (uint256 ra, uint256 rb, uint256 rc, uint256 rd) = rowsAt(b, c, d, counter);
        first = bytes32(_swapBytes((_compact(ra) << 128) | _compact(rb)));
        second = bytes32(_swapBytes((_compact(rc) << 128) | _compact(rd)));
    }

    /// @notice The rows but the first, which is constant, with which the blocks of a key and nonce begin, for counter 0.
    function startOf(bytes32 key, bytes12 nonce) internal pure returns (uint256 b, uint256 c, uint256 d) {
        uint256 words = _swapBytes(uint256(key));
        b = _spread(words >> 128);
        c = _spread(words & type(uint128).max);
        d = _spread(_swapBytes(uint96(nonce)));
    }

    /// @notice Block number `counter` as it leaves the cipher, for callers that need no bytes in order: sixteen words in the
    /// low halves of lanes, row by row, each row's first word in the highest lane. The upper halves mean nothing.
    function rowsAt(
        uint256 b0,
        uint256 c0,
        uint256 d0,
        uint32 counter
    ) internal pure returns (uint256 a, uint256 b, uint256 c, uint256 d) {
        d0 |= uint256(counter) << 192;
        (a, b, c, d) = _rounds(SIGMA, b0, c0, d0);
        unchecked {
            // Sums far below 2^64 in every lane.
            (a, b, c, d) = (a + SIGMA, b + b0, c + c0, d + d0);
        }
    }

    /// @dev The ten double rounds. In each lane rotl(x, n) = x << n | x >> (32 - n): x is written into both halves and
    /// shifted right once, n bits less than a half. Touches no memory.
    function _rounds(
        uint256 a0,
        uint256 b0,
        uint256 c0,
        uint256 d0
    ) private pure returns (uint256 a, uint256 b, uint256 c, uint256 d) {
        assembly ("memory-safe") {
            a := a0
            b := b0
            c := c0
            d := d0
            for {
                let i := 0
            } lt(i, 10) {
                i := add(i, 1)
            } {
                // A quarter round of each column, after which rows b, c and d are rotated by one, two and three lanes, so that
                // diagonals become columns. Where a row was to be shifted by 25 or 24 bits before, one rotation does both.
                a := add(a, b)
                d := and(shr(16, mul(and(xor(d, a), LOW_HALVES), TWICE)), LOW_33)
                c := add(c, d)
                b := and(shr(20, mul(and(xor(b, c), LOW_HALVES), TWICE)), LOW_33)
                a := add(a, b)
                d := mul(and(xor(d, a), LOW_HALVES), TWICE)
                c := add(c, and(shr(24, d), LOW_33))
                b := mul(and(xor(b, c), LOW_HALVES), TWICE)
                b := and(or(shl(39, b), shr(217, b)), LOW_33)
                c := or(shl(128, c), shr(128, c))
                d := and(or(shl(168, d), shr(88, d)), LOW_33)
                // The same for the diagonals, and back.
                a := add(a, b)
                d := and(shr(16, mul(and(xor(d, a), LOW_HALVES), TWICE)), LOW_34)
                c := add(c, d)
                b := and(shr(20, mul(and(xor(b, c), LOW_HALVES), TWICE)), LOW_34)
                a := add(a, b)
                d := mul(and(xor(d, a), LOW_HALVES), TWICE)
                c := add(c, and(shr(24, d), LOW_34))
                b := mul(and(xor(b, c), LOW_HALVES), TWICE)
                b := and(or(shl(167, b), shr(89, b)), LOW_34)
                c := or(shl(128, c), shr(128, c))
                d := and(or(shl(40, d), shr(216, d)), LOW_34)
            }
        }
    }

    /// @dev Reverses the bytes of each of the eight 32-bit words.
    function _swapBytes(uint256 x) private pure returns (uint256) {
        unchecked {
            uint256 odd = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
            x = ((x & odd) << 8) + ((x >> 8) & odd);
            uint256 low = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
            return ((x & low) << 16) + ((x >> 16) & low);
        }
    }

    /// @dev Four adjacent 32-bit words into the low halves of the lanes.
    function _spread(uint256 x) private pure returns (uint256) {
        unchecked {
            x = (x | (x << 64)) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
            return (x | (x << 32)) & LOW_HALVES;
        }
    }

    /// @dev The low halves of the lanes as four adjacent 32-bit words.
    function _compact(uint256 x) private pure returns (uint256) {
        unchecked {
            x &= LOW_HALVES;
            x = (x + (x >> 32)) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
            return (x + (x >> 64)) & type(uint128).max;
        }
    }
}
