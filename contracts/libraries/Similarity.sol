// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Rank} from "../types/AssignmentTypes.sol";
import {Role} from "../types/TaskTypes.sol";

/// @title Similarity
/// @notice What a task is like, how well that suits an account's preferences, and the rank that it draws (DESIGN
/// section 8). sdk/src/assignment computes the same.
///
/// Vectors have eight components of a byte, the first in the highest byte: for each of four properties the weight of its
/// two poles, which sum to 255 in a task's vector.
///
/// | bytes | poles | position of a task |
/// | --- | --- | --- |
/// | 0, 1 | light, heavy | 8 for each doubling of the multiply-accumulates of an iteration above 2^10 |
/// | 2, 3 | short, long | 16 for each doubling of the iterations of a slot |
/// | 4, 5 | little data, much data | 16 for each doubling of the batches |
/// | 6, 7 | few, many | 3 for each slot wanted |
library Similarity {
    uint256 private constant COMPONENTS = 8;
    uint256 private constant MOST = 255;
    uint256 private constant LIGHTEST_LOG = 10;

    /// @notice A cosine of one.
    uint256 internal constant ONE = 1 << 16;
    uint256 private constant DRAW_BITS = 95;

    /// @notice The properties of a task, none of which its client can claim: they follow from what it orders.
    function propertiesOf(uint64 macs, uint32 iterations, uint32 batches, uint8 slots) internal pure returns (bytes8) {
        uint256 logMacs = Math.log2(macs);
        uint256 heavy = logMacs < LIGHTEST_LOG ? 0 : 8 * (logMacs - LIGHTEST_LOG);
        uint256 vector = _poles(heavy);
        vector = (vector << 16) | _poles(16 * Math.log2(iterations));
        vector = (vector << 16) | _poles(16 * Math.log2(batches));
        vector = (vector << 16) | _poles(3 * uint256(slots));
        return bytes8(uint64(vector));
    }

    /// @notice floor(sqrt(floor(2^32 dot(a, b)^2 / (|a|^2 |b|^2)))): the cosine in parts of 65,536; 0 if a vector is zero.
    function cosine(bytes8 a, bytes8 b) internal pure returns (uint256) {
        (uint256 dot, uint256 normA, uint256 normB) = (0, 0, 0);
        for (uint256 i = 0; i < COMPONENTS; ++i) {
            (uint256 x, uint256 y) = (uint8(a[i]), uint8(b[i]));
            dot += x * y;
            normA += x * x;
            normB += y * y;
        }
        if (normA == 0 || normB == 0) return 0;
        return Math.sqrt((dot * dot * ONE * ONE) / (normA * normB));
    }

    /// @notice What `owner` draws in a role of the task that has this seed: eligible if the cosine is at least the draw,
    /// as a fraction of its range, else a reserve.
    function rankOf(bytes32 seed, Role role, address owner, uint256 similarity) internal pure returns (Rank) {
        uint256 draw = uint256(keccak256(abi.encode(seed, role, owner))) >> (256 - DRAW_BITS);
        bool eligible = similarity << (DRAW_BITS - 16) >= draw;
        return Rank.wrap(uint96(eligible ? draw : draw | (1 << DRAW_BITS)));
    }

    /// @dev Both poles of a property, from all the first at 0 to all the second at 255 and above.
    function _poles(uint256 position) private pure returns (uint256) {
        uint256 second = Math.min(position, MOST);
        return ((MOST - second) << 8) | second;
    }
}
