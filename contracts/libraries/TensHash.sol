// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChaCha20} from "./ChaCha20.sol";

/// @title One neuron of TensHash (DESIGN sections 6 and 7)
/// @notice A state is a row of bits x standing for -1 and +1. Layer 0 expands the 256 bits of the input to 1,024, layers
/// 1 to 64 keep their number, layer 65 compresses them to the 256 bits of the output. Bit j of a layer is
///
///     sum_i W[j][i] (2 x_i - 1)   + (2 x_j - 1) in layers 1 to 64   > 0
///
/// where the weights are bytes of a ChaCha20 keystream (RFC 8439) row by row, of which the two low bits count: 0 and 1
/// mean 0, 2 means +1, 3 means -1. The key is the seed with its bytes reversed, the nonce 32 zero bits and the layer as
/// u64 big-endian. Bit i of a state of the trace is bit 7 - i % 8 of byte i / 8; input and output have their bytes
/// reversed.
library TensHash {
    /// @notice Layers, each with a matrix of its own.
    uint256 internal constant LAYERS = 66;
    /// @notice Shape of the trace, u8: the states after layers 0 to 64.
    uint256 internal constant TRACE_ROWS = 65;
    uint256 internal constant STATE_BYTES = 128;

    uint256 private constant OUTPUT_LAYER = 65;
    /// @dev The two bits that count of each byte of the low halves of the lanes.
    uint256 private constant WEIGHTS = 0x0000000003030303_0000000003030303_0000000003030303_0000000003030303;
    /// @dev The lowest bit of every byte.
    uint256 private constant ONES = type(uint256).max / 0xff;

    /// @notice There is no such neuron.
    error TensHash_NoNeuron(uint256 layer, uint256 index);

    /// @notice Bit `index` of `layer`, given the bits that the layer reads.
    /// @param state the state of the layer before, for layer 0 the input with its bytes reversed
    function neuron(bytes32 seed, uint256 layer, uint256 index, bytes memory state) internal pure returns (bool) {
        require(layer < LAYERS && index < (layer == OUTPUT_LAYER ? 256 : 1024), TensHash_NoNeuron(layer, index));
        (uint256 b, uint256 c, uint256 d) = ChaCha20.startOf(reversed(seed), bytes12(uint96(layer)));
        // A block has the weights of 64 bits, 8 bytes of the state.
        uint256 blocks = state.length / 8;
        uint256 counter = index * blocks;
        uint256 terms = 0;
        for (uint256 i = 0; i < blocks; ++i) {
            (uint256 r0, uint256 r1, uint256 r2, uint256 r3) = ChaCha20.rowsAt(b, c, d, uint32(counter + i));
            uint256 bits = _bits(state, i);
            unchecked {
                // Bytes from 0 to 2, added at most 32 times: none overflows into the next.
                terms += _terms(r0, r1, bits >> 32) + _terms(r2, r3, bits & type(uint32).max);
            }
        }
        int256 total = int256(_sumBytes(terms)) - int256(8 * state.length);
        if (layer != 0 && layer != OUTPUT_LAYER) total += bitOf(state, index) ? int256(1) : int256(-1);
        return total > 0;
    }

    /// @notice Bit `index` of a state.
    function bitOf(bytes memory state, uint256 index) internal pure returns (bool) {
        return (uint8(state[index / 8]) >> (7 - (index % 8))) & 1 == 1;
    }

    /// @notice The bytes in reversed order: how TensHash takes seed and input, and gives its output.
    function reversed(bytes32 value) internal pure returns (bytes32) {
        // Neighbours change places, first bytes, then pairs, and so on up to the halves.
        uint256 x = uint256(value);
        for (uint256 bits = 8; bits < 256; bits *= 2) {
            uint256 right = type(uint256).max / ((1 << bits) + 1);
            x = ((x & right) << bits) | ((x >> bits) & right);
        }
        return bytes32(x);
    }

    /// @dev Bits 64 i to 64 i + 63 of a state, the first one highest: its bytes 8 i to 8 i + 7.
    function _bits(bytes memory state, uint256 i) private pure returns (uint256 bits) {
        assembly ("memory-safe") {
            // What lies behind the state is shifted out.
            bits := shr(192, mload(add(add(state, 0x20), mul(8, i))))
        }
    }

    /// @dev The terms of 32 weights, a byte each, raised by 1: W (2 x - 1) + 1. With n the weight's bit 1 (it is not 0) and
    /// g its bit 0 (it is negative) this is 1 - n + 2 (n and (x xor g)).
    /// @param r0 the first 16 weights, bytes of the low halves of the lanes, where the lowest byte is the first one
    /// @param r1 the other 16
    function _terms(uint256 r0, uint256 r1, uint256 bits) private pure returns (uint256) {
        uint256 weights = ((r1 & WEIGHTS) << 32) | (r0 & WEIGHTS);
        uint256 nonzero = (weights >> 1) & ONES;
        uint256 positive = nonzero & (_spread(bits) ^ weights);
        unchecked {
            return ONES - nonzero + 2 * positive; // byte by byte, none of which leaves 0 to 2
        }
    }

    /// @dev 32 bits, the highest first, into the lowest bits of 32 bytes, in the order of the weights: nibbles 0 to 3 into
    /// the low halves of the lanes from the highest lane down, nibbles 4 to 7 into the upper halves. Of four copies of a
    /// nibble each keeps another bit; adding 0x7f carries it into the byte's highest bit.
    function _spread(uint256 bits) private pure returns (uint256 x) {
        unchecked {
            x = (bits >> 16) + ((bits & 0xffff) << 32);
            x = (x | (x << 120)) & 0x000000ff000000ff_0000000000000000_000000ff000000ff;
            x = (x | (x << 60)) & 0x0000000f0000000f_0000000f0000000f_0000000f0000000f_0000000f0000000f;
            x = (x * 0x01010101) & 0x0102040801020408_0102040801020408_0102040801020408_0102040801020408;
            return ((x + 0x7f * ONES) >> 7) & ONES;
        }
    }

    function _sumBytes(uint256 x) private pure returns (uint256) {
        uint256 even = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
        unchecked {
            // The product's highest lane of 16 bits is the sum of all lanes, below 2^16.
            return
                (((x & even) + ((x >> 8) & even)) *
                    0x0001000100010001000100010001000100010001000100010001000100010001) >> 240;
        }
    }
}
