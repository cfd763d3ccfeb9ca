// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DenseNorm} from "../libraries/DenseNorm.sol";
import {Samples} from "../libraries/Samples.sol";
import {Classifier64} from "./Classifier64.sol";
import {Perceptron64} from "./Perceptron64.sol";

/// @title DensePerceptron
/// @notice Two classes, told apart by the sign of a weighted sum: class 1 if it is positive, class 0 otherwise. A sample
/// that is predicted wrongly moves each weight by its value times the learning rate, towards its label.
///
/// Upstream's interface; mended behind it: the intercept counts as what it says, times 1e9 like all numbers (upstream
/// added it to products of two such numbers), and is trained, as the weight of a value that is always 1; labels are 0 and
/// 1; weights stop at the ends of their range; there are at most {MAX_WEIGHTS}.
///
/// @dev Storage (see {Perceptron64}): lane 0 of word 0 is the intercept, weight i the lane i + 1. Training n weights reads
/// and writes ceil((n + 1) / 4) words, a prediction reads as many and the word with the dimensions.
contract DensePerceptron is Perceptron64 {
    /// @notice There can be at most `most` weights.
    error DensePerceptron_TooManyWeights(uint256 weights, uint256 most);
    /// @notice There are only `count` weights.
    error DensePerceptron_NoSuchWeight(uint256 index, uint256 count);

    /// @notice The most weights a model can have.
    uint256 public constant MAX_WEIGHTS = 4_096;

    int256 private constant ONE = 1e9; // TO_FLOAT, as a literal for assembly

    uint256[MAX_WEIGHTS / LANES + 1] private _words;

    /// @param weights_ times {toFloat}; {initializeWeights} adds more
    /// @param intercept_ times {toFloat}
    /// @param learningRate_ times {toFloat}
    constructor(
        string[] memory classifications_,
        int80[] memory weights_,
        int80 intercept_,
        uint32 learningRate_
    ) Perceptron64(classifications_, learningRate_) {
        _words[0] = _withWeight(0, 0, intercept_);
        _append(weights_);
    }

    /// @notice Appends weights, times {toFloat}.
    function initializeWeights(int80[] memory weights_) external whileOpen {
        _append(weights_);
    }

    /// @inheritdoc Classifier64
    function update(int64[] calldata data, uint64 classification) external override onlyOwner {
        _requireClass(classification);
        (int256 score, uint256 squaredNorm) = _scan(data);
        require(DenseNorm.isOne(squaredNorm), Classifier64_NotNormalized(squaredNorm));
        if (_classOf(score) != classification) _learn(data, _rateTowards(classification));
    }

    /// @inheritdoc Classifier64
    function predict(int64[] calldata data) external view override returns (uint64) {
        (int256 score, ) = _scan(data);
        return _classOf(score);
    }

    /// @notice Weight `index`, times {toFloat}.
    function weights(uint256 index) external view returns (int80) {
        require(index < _dimensions, DensePerceptron_NoSuchWeight(index, _dimensions));
        return _weightAt(_words[(index + 1) / LANES], (index + 1) % LANES);
    }

    /// @notice What is added to the weighted sum, times {toFloat}.
    function intercept() external view returns (int80) {
        return _weightAt(_words[0], 0);
    }

    /// @notice How many weights there are, and values in a sample.
    function numWeights() external view returns (uint256) {
        return _dimensions;
    }

    /// @inheritdoc Classifier64
    function norm(int64[] calldata data) external pure override returns (uint256) {
        return DenseNorm.norm(data);
    }

    function _append(int80[] memory added) private {
        uint256 count = _dimensions;
        uint256 newCount = count + added.length;
        require(newCount <= MAX_WEIGHTS, DensePerceptron_TooManyWeights(newCount, MAX_WEIGHTS));
        _dimensions = uint16(newCount);
        for (uint256 i = 0; i < added.length; ++i) {
            uint256 k = (count + i + 1) / LANES;
            _words[k] = _withWeight(_words[k], (count + i + 1) % LANES, added[i]);
        }
    }

    /// @dev The model's weighted sum of `data`, times 1e18, and the squared norm of `data`.
    function _scan(int64[] calldata data) private view returns (int256 score, uint256 squaredNorm) {
        uint256 count = _dimensions;
        require(data.length == count, Classifier64_WrongDimensions(data.length, count));
        uint256 excess = 0;
        // In place of the following, for some 30 to 60 gas a value less than the compiler's unchecked code:
        //
        //     score = intercept * ONE;
        //     for (uint256 i = 0; i < count; ++i) {
        //         score += weights[i] * data[i];
        //         squaredNorm += data[i] * data[i];
        //     }
        //
        // Safe: reads calldata below the length and the words that hold the weights, writes no memory; 4,096 products of 64
        // bits stay below 2^138. Values beyond 64 bits show in `excess`.
        assembly ("memory-safe") {
            let slot := _words.slot
            let word := xor(sload(slot), FLIPPED)
            score := mul(signextend(7, word), ONE)
            let bit := WIDTH
            let pointer := data.offset
            for {
                let end := add(pointer, shl(5, count))
            } lt(pointer, end) {
                pointer := add(pointer, 32)
            } {
                if eq(bit, END) {
                    slot := add(slot, 1)
                    word := xor(sload(slot), FLIPPED)
                    bit := 0
                }
                let value := calldataload(pointer)
                excess := or(excess, xor(value, signextend(7, value)))
                score := add(score, mul(signextend(7, shr(bit, word)), value))
                squaredNorm := add(squaredNorm, mul(value, value))
                bit := add(bit, WIDTH)
            }
        }
        Samples.requireNone(excess);
    }

    /// @dev Adds `rate` to the intercept and `data` times `rate` to the weights, rounded towards zero.
    /// @param data checked by {_scan}
    function _learn(int64[] calldata data, int256 rate) private {
        // In place of the following, for some 30 to 60 gas a value less than the compiler's unchecked code:
        //
        //     intercept = clamp(intercept + rate);
        //     for (uint256 i = 0; i < count; ++i) weights[i] = clamp(weights[i] + (data[i] * rate) / ONE);
        //
        // Safe: reads calldata below the length, reads and writes the words that hold the weights, writes no memory; a step
        // is a value of 64 bits times a rate of 33. A sum beyond `LARGEST`, of either sign, becomes `LARGEST`
        // of that sign. Lanes behind the last weight are 0.
        assembly ("memory-safe") {
            function moved(lane, step) -> weight {
                weight := add(signextend(7, lane), step)
                if or(sgt(weight, LARGEST), slt(add(weight, LARGEST), 0)) {
                    weight := mul(LARGEST, or(1, sar(255, weight)))
                }
                weight := and(weight, LANE_MASK)
            }
            let slot := _words.slot
            let word := xor(sload(slot), FLIPPED)
            let learned := moved(word, rate)
            let bit := WIDTH
            let pointer := data.offset
            for {
                let end := add(pointer, shl(5, data.length))
            } lt(pointer, end) {
                pointer := add(pointer, 32)
            } {
                if eq(bit, END) {
                    sstore(slot, xor(learned, FLIPPED))
                    slot := add(slot, 1)
                    word := xor(sload(slot), FLIPPED)
                    learned := 0
                    bit := 0
                }
                let step := sdiv(mul(calldataload(pointer), rate), ONE)
                learned := or(learned, shl(bit, moved(shr(bit, word), step)))
                bit := add(bit, WIDTH)
            }
            sstore(slot, xor(learned, FLIPPED))
        }
    }
}
