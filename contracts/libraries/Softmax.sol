// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ElementType} from "../types/TensorTypes.sol";
import {TensorMerkle} from "./TensorMerkle.sol";

/// @title The gradient of the cross entropy in integers (DESIGN section 3, `softmaxGrad`)
library Softmax {
    /// @dev T[k] - 1 = round(65536 * 2^(-k/32)) - 1 in 16 bits each, k = 0 lowest, for k below 16 and from 16 on.
    uint256 private constant EXP2_LOW = 0xb8fbbd08c12bc566c9b9ce24d2a7d744dbfbe0cce5b8eac0efe4f524fa83ffff;
    uint256 private constant EXP2_HIGH = 0x82cd85aa88978b958ea391c394f498379b8c9ef4a26fa5fea9a0ad57b123b504;
    /// @dev From here on a probability is 0 or 1 in 65536, whatever the logit.
    uint256 private constant MOST_DISTANCE = 511;

    /// @notice Gradient by logit `j` in 1/127, from -127 to 127.
    /// @param logits i32, a whole row of Z
    /// @param label the right class
    /// @param shift scales the logits to 1/32 of a factor of two
    function gradient(bytes calldata logits, uint256 j, uint256 label, uint256 shift) internal pure returns (int256) {
        (, int256 most) = argmax(logits);
        uint256 total = 0;
        uint256 share = 0;
        for (uint256 i = 0; i < logits.length / 4; ++i) {
            uint256 p = _probability(uint256(most - _logit(logits, i)) >> shift);
            total += p;
            if (i == j) share = p;
        }
        int256 rounded = int256((254 * share + total) / (2 * total));
        return j == label ? rounded - 127 : rounded;
    }

    /// @notice The class with the largest logit, the lowest of several, and that logit.
    function argmax(bytes calldata logits) internal pure returns (uint256 class, int256 most) {
        most = _logit(logits, 0);
        for (uint256 i = 1; i < logits.length / 4; ++i) {
            int256 logit = _logit(logits, i);
            if (logit > most) (class, most) = (i, logit);
        }
    }

    function _logit(bytes calldata logits, uint256 i) private pure returns (int256) {
        return TensorMerkle.element(logits, ElementType.I32, i);
    }

    /// @dev floor(T[d mod 32] / 2^(d div 32)) of the distance d, bounded, from the largest logit.
    function _probability(uint256 distance) private pure returns (uint256) {
        if (distance > MOST_DISTANCE) distance = MOST_DISTANCE;
        uint256 k = distance % 32;
        uint256 entry = (k < 16 ? EXP2_LOW : EXP2_HIGH) >> (16 * (k % 16));
        return ((entry & type(uint16).max) + 1) >> (distance / 32);
    }
}
