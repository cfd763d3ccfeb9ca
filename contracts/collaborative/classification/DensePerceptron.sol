// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DenseNorm} from "../libraries/DenseNorm.sol";
import {Lanes} from "../libraries/Lanes.sol";
import {Classifier64} from "./Classifier64.sol";

/// @title DensePerceptron
/// @notice Two classes, told apart by the sign of a weighted sum: class 1 if it is positive, class 0 otherwise. A sample
/// that is predicted wrongly moves each weight by its value times the learning rate, towards its label.
///
/// Upstream's interface; mended behind it: the intercept counts as what it says, times 1e9 like all numbers (upstream
/// added it to products of two such numbers), and is trained, as the weight of a value that is always 1; labels are 0 and
/// 1; weights stop at the ends of 80 bits instead of wrapping; there are at most {MAX_WEIGHTS}.
///
/// @dev Storage: three int80 a word; lane 0 of word 0 is the intercept, weight i the lane i + 1. The free 16 bits of word
/// 0 hold the number of weights, those of the others a 1, so that no word is zero and training never pays for filling one.
///
///     word 0    count 16 | weight 1 | weight 0 | intercept
///     word k        1 16 | weight 3k + 1 | weight 3k | weight 3k - 1
///
/// Training n weights reads and writes ceil((n + 1) / 3) words, a prediction reads as many and nothing else.
contract DensePerceptron is Classifier64 {
    using Lanes for uint256;

    /// @notice Weights can be added up to `most`.
    error DensePerceptron_TooManyWeights(uint256 weights, uint256 most);
    /// @notice There are only `count` weights.
    error DensePerceptron_NoSuchWeight(uint256 index, uint256 count);

    /// @notice The most weights a model can have.
    uint256 public constant MAX_WEIGHTS = 4_096;

    uint256 private constant COUNT_SHIFT = 240;
    uint256 private constant FILLED = 1 << COUNT_SHIFT;

    /// @notice How far one sample moves the model, times {toFloat}.
    uint32 public immutable learningRate;

    uint256[MAX_WEIGHTS / 3 + 1] private _words;

    /// @param weights_ times {toFloat}; {initializeWeights} adds more
    /// @param intercept_ times {toFloat}
    /// @param learningRate_ times {toFloat}
    constructor(
        string[] memory classifications_,
        int80[] memory weights_,
        int80 intercept_,
        uint32 learningRate_
    ) Classifier64(classifications_) {
        require(classifications_.length == 2, Classifier64_BadClassCount(classifications_.length, 2, 2));
        learningRate = learningRate_;
        _words[0] = uint256(0).withInt80(0, intercept_);
        _append(weights_);
    }

    /// @notice Appends weights, times {toFloat}.
    function initializeWeights(int80[] memory weights_) external whileOpen {
        _append(weights_);
    }

    /// @inheritdoc Classifier64
    function update(int64[] calldata data, uint64 classification) external override onlyOwner {
        _requireClass(classification);
        (uint256[] memory words, int256 score, uint256 squaredNorm) = _scan(data);
        require(DenseNorm.isOne(squaredNorm), Classifier64_NotNormalized(squaredNorm));
        if (_classOf(score) == classification) return;

        int256 rate = classification == 1 ? int256(uint256(learningRate)) : -int256(uint256(learningRate));
        uint256 word = words[0].withInt80(0, Lanes.addClamped(words[0].int80At(0), rate));
        uint256 lane = 1;
        uint256 k = 0;
        for (uint256 i = 0; i < data.length; ++i) {
            int256 step = (int256(data[i]) * rate) / int256(uint256(TO_FLOAT));
            word = word.withInt80(lane, Lanes.addClamped(word.int80At(lane), step));
            if (++lane == Lanes.INT80S) {
                _words[k] = word;
                lane = 0;
                if (++k < words.length) word = words[k];
            }
        }
        if (lane != 0) _words[k] = word;
    }

    /// @inheritdoc Classifier64
    function predict(int64[] calldata data) external view override returns (uint64) {
        (, int256 score, ) = _scan(data);
        return _classOf(score);
    }

    /// @notice Weight `index`, times {toFloat}.
    function weights(uint256 index) external view returns (int80) {
        uint256 count = numWeights();
        require(index < count, DensePerceptron_NoSuchWeight(index, count));
        return _words[(index + 1) / Lanes.INT80S].int80At((index + 1) % Lanes.INT80S);
    }

    /// @notice What is added to the weighted sum, times {toFloat}.
    function intercept() external view returns (int80) {
        return _words[0].int80At(0);
    }

    /// @notice How many weights there are, and values in a sample.
    function numWeights() public view returns (uint256) {
        return _words[0] >> COUNT_SHIFT;
    }

    /// @inheritdoc Classifier64
    function norm(int64[] calldata data) external pure override returns (uint256) {
        return DenseNorm.norm(data);
    }

    function _append(int80[] memory added) private {
        uint256 first = _words[0];
        uint256 count = first >> COUNT_SHIFT;
        uint256 newCount = count + added.length;
        require(newCount <= MAX_WEIGHTS, DensePerceptron_TooManyWeights(newCount, MAX_WEIGHTS));

        first = (first & (FILLED - 1)) | (newCount << COUNT_SHIFT);
        _words[0] = first;
        for (uint256 i = 0; i < added.length; ++i) {
            uint256 k = (count + i + 1) / Lanes.INT80S;
            uint256 lane = (count + i + 1) % Lanes.INT80S;
            _words[k] = (_words[k].withInt80(lane, added[i])) | (k == 0 ? 0 : FILLED);
        }
    }

    /// @dev The words of the model, its weighted sum of `data` times 1e18, and the squared norm of `data`.
    function _scan(
        int64[] calldata data
    ) private view returns (uint256[] memory words, int256 score, uint256 squaredNorm) {
        uint256 word = _words[0];
        uint256 count = word >> COUNT_SHIFT;
        require(data.length == count, Classifier64_WrongDimensions(data.length, count));

        words = new uint256[]((count + Lanes.INT80S) / Lanes.INT80S);
        words[0] = word;
        score = int256(word.int80At(0)) * int256(uint256(TO_FLOAT));
        uint256 lane = 1;
        uint256 k = 0;
        for (uint256 i = 0; i < count; ++i) {
            if (lane == Lanes.INT80S) {
                lane = 0;
                word = words[++k] = _words[k];
            }
            int256 value = data[i];
            score += word.int80At(lane++) * value;
            squaredNorm += uint256(value * value);
        }
    }

    function _classOf(int256 score) private pure returns (uint64) {
        return score > 0 ? 1 : 0;
    }
}
