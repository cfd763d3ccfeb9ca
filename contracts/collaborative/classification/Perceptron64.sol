// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lanes} from "../libraries/Lanes.sol";
import {Classifier64} from "./Classifier64.sol";

/// @title Perceptron64
/// @notice What perceptrons share: two classes, a learning rate, and weights of 64 bits, times {toFloat}, that stop at the
/// ends of their range (9.2 billion, of either sign) instead of wrapping. Interfaces say `int80`, as upstream; what does not fit in 64
/// bits is refused.
/// @dev Storage: four weights a word, each with its highest bit flipped, so that a word of weights 0 is not 0 itself and
/// the first sample that trains it does not pay 22,100 gas for filling it, but 5,000 as every other. Only a lane of -2^63
/// would be 0, which is why no weight is.
abstract contract Perceptron64 is Classifier64 {
    using Lanes for uint256;

    /// @notice Weights are at most 2^63 - 1, of either sign.
    error Perceptron64_WeightTooLarge(int80 weight);

    // Literals, as assembly wants them.
    uint256 internal constant LANES = 4;
    uint256 internal constant WIDTH = 64;
    uint256 internal constant END = 256; // four lanes
    uint256 internal constant LANE_MASK = 0xffffffffffffffff;
    uint256 internal constant LARGEST = 0x7fffffffffffffff; // weight, 2^63 - 1
    /// @dev The highest bit of each lane.
    uint256 internal constant FLIPPED = 0x8000000000000000800000000000000080000000000000008000000000000000;

    /// @notice How far one sample moves the model, times {toFloat}.
    uint32 public immutable learningRate;

    constructor(string[] memory classifications_, uint32 learningRate_) Classifier64(classifications_) {
        require(classifications_.length == 2, Classifier64_BadClassCount(classifications_.length, 2, 2));
        learningRate = learningRate_;
    }

    /// @dev The learning rate, towards the class.
    function _rateTowards(uint64 classification) internal view returns (int256) {
        return classification == 1 ? int256(uint256(learningRate)) : -int256(uint256(learningRate));
    }

    /// @dev A stored word, with one lane set.
    function _withWeight(uint256 word, uint256 lane, int80 weight) internal pure returns (uint256) {
        int80 largest = type(int64).max;
        require(weight <= largest && weight >= -largest, Perceptron64_WeightTooLarge(weight));
        uint256 plain = word == 0 ? 0 : word ^ FLIPPED;
        return plain.withUint64(lane * WIDTH, uint64(int64(weight))) ^ FLIPPED;
    }

    /// @dev A lane of a stored word; weights that were never set are 0.
    function _weightAt(uint256 word, uint256 lane) internal pure returns (int64) {
        return word == 0 ? int64(0) : (word ^ FLIPPED).int64At(lane * WIDTH);
    }

    function _classOf(int256 score) internal pure returns (uint64) {
        return score > 0 ? 1 : 0;
    }
}
