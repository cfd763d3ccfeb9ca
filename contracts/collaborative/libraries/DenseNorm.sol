// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title DenseNorm
/// @notice The norm of dense samples, in fixed point of 1e9.
library DenseNorm {
    uint256 private constant ONE_SQUARED = 1e18;
    uint256 private constant TOLERANCE = 1e11;

    function norm(int64[] calldata data) internal pure returns (uint256) {
        uint256 squared = 0;
        for (uint256 i = 0; i < data.length; ++i) squared += uint256(int256(data[i]) * data[i]);
        return Math.sqrt(squared);
    }

    /// @notice Whether a squared norm is 1, as far as values of nine digits can make it so.
    function isOne(uint256 squaredNorm) internal pure returns (bool) {
        return squaredNorm > ONE_SQUARED - TOLERANCE && squaredNorm < ONE_SQUARED + TOLERANCE;
    }
}
