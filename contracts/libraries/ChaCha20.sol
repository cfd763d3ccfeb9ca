// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ChaCha20 keystream (RFC 8439)
/// @notice A row of the cipher's state, four 32-bit words, lies in the four 64-bit lanes of one EVM word, so that each
/// step of the quarter round works on four columns at once. The upper halves of the lanes take the carries of additions
/// and what rotations push out; they are cleared only where a rotation would bring them back. Between the first round
/// and the last no lane grows beyond 2^54, so lanes never meet.
library ChaCha20 {
    /// @dev "expand 32-byte k" as four little-endian words, the first in the highest lane.
    uint256 private constant SIGMA = 0x61707865_000000003320646e_0000000079622d32_000000006b206574;
    uint256 private constant LOW_HALVES = 0x00000000ffffffff_00000000ffffffff_00000000ffffffff_00000000ffffffff;

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
        uint256 words = _swapBytes(uint256(key));
        uint256 b = _spread(words >> 128);
        uint256 c = _spread(words & type(uint128).max);
        uint256 d = _spread((uint256(counter) << 96) | (_swapBytes(uint256(uint96(nonce)))));
        (uint256 ra, uint256 rb, uint256 rc, uint256 rd) = _rounds(SIGMA, b, c, d);
        unchecked {
            // Lanes are far from 2^64, and the words of all rows but the lowest halves are dropped.
            first = bytes32(_swapBytes((_compact(ra + SIGMA) << 128) | _compact(rb + b)));
            second = bytes32(_swapBytes((_compact(rc + c) << 128) | _compact(rd + d)));
        }
    }

    /// @dev The ten double rounds. With x the row that is rotated by n bits, rotl(x, n) = x << n | x >> (32 - n) in each
    /// lane, x being 32 bits wide. Touches no memory.
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
            let mask := LOW_HALVES
            for {
                let i := 0
            } lt(i, 10) {
                i := add(i, 1)
            } {
                // A quarter round of each column.
                a := add(a, b)
                d := and(xor(d, a), mask)
                d := or(shl(16, d), shr(16, d))
                c := add(c, d)
                b := and(xor(b, c), mask)
                b := or(shl(12, b), shr(20, b))
                a := add(a, b)
                d := and(xor(d, a), mask)
                d := or(shl(8, d), shr(24, d))
                c := add(c, d)
                b := and(xor(b, c), mask)
                b := or(shl(7, b), shr(25, b))
                // Rows rotated by one, two and three lanes bring the diagonals into columns.
                b := or(shl(64, b), shr(192, b))
                c := or(shl(128, c), shr(128, c))
                d := or(shl(192, d), shr(64, d))
                a := add(a, b)
                d := and(xor(d, a), mask)
                d := or(shl(16, d), shr(16, d))
                c := add(c, d)
                b := and(xor(b, c), mask)
                b := or(shl(12, b), shr(20, b))
                a := add(a, b)
                d := and(xor(d, a), mask)
                d := or(shl(8, d), shr(24, d))
                c := add(c, d)
                b := and(xor(b, c), mask)
                b := or(shl(7, b), shr(25, b))
                b := or(shl(192, b), shr(64, b))
                c := or(shl(128, c), shr(128, c))
                d := or(shl(64, d), shr(192, d))
            }
        }
    }

    /// @dev Reverses the bytes of each of the eight 32-bit words.
    function _swapBytes(uint256 x) private pure returns (uint256) {
        uint256 odd = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
        x = ((x & odd) << 8) | ((x >> 8) & odd);
        uint256 low = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
        return ((x & low) << 16) | ((x >> 16) & low);
    }

    /// @dev Four adjacent 32-bit words into the low halves of the lanes.
    function _spread(uint256 x) private pure returns (uint256) {
        x = (x | (x << 64)) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
        return (x | (x << 32)) & LOW_HALVES;
    }

    /// @dev The low halves of the lanes as four adjacent 32-bit words.
    function _compact(uint256 x) private pure returns (uint256) {
        x &= LOW_HALVES;
        x = (x | (x >> 32)) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
        return (x | (x >> 64)) & type(uint128).max;
    }
}
