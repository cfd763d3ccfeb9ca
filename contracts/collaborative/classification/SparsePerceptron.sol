// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lanes} from "../libraries/Lanes.sol";
import {Classifier64} from "./Classifier64.sol";
import {SparseClassifier64} from "./SparseClassifier64.sol";

/// @title SparsePerceptron
/// @notice Two classes, told apart by the sign of a sum: the intercept and the weights of the features that are present.
/// Class 1 if it is positive, class 0 otherwise. A sample that is predicted wrongly moves each of its weights by the
/// learning rate, towards its label. The intercept is fixed, as upstream.
///
/// Upstream's interface; mended behind it: labels are 0 and 1; features are ascending, so none counts twice; weights stop
/// at the ends of 80 bits instead of wrapping; {evaluateBatch} predicts with {predict}'s own sum.
///
/// @dev Storage: three int80 a word, feature f in lane f % 3 of word f / 3, words in a mapping. So a sample of n features
/// reads, and if it is learned writes, between n / 3 and n words; vocabularies put what is frequent side by side.
contract SparsePerceptron is SparseClassifier64 {
    using Lanes for uint256;

    /// @notice Each entry is a feature's index and its weight.
    error SparsePerceptron_BadEntry(uint256 position);
    /// @notice Each sample of a batch needs a label.
    error SparsePerceptron_LengthsDiffer(uint256 samples, uint256 labels);

    /// @notice What is added to the sum, times {toFloat}.
    int80 public immutable intercept;
    /// @notice How far one sample moves its weights, times {toFloat}.
    uint32 public immutable learningRate;

    mapping(uint256 index => uint256) private _words;

    /// @param weights_ of features 0, 1, ..., times {toFloat}; the initialize functions set more
    /// @param intercept_ times {toFloat}
    /// @param learningRate_ times {toFloat}
    constructor(
        string[] memory classifications_,
        int80[] memory weights_,
        int80 intercept_,
        uint32 learningRate_
    ) Classifier64(classifications_) {
        require(classifications_.length == 2, Classifier64_BadClassCount(classifications_.length, 2, 2));
        intercept = intercept_;
        learningRate = learningRate_;
        for (uint256 i = 0; i < weights_.length; ++i) _setWeight(i, weights_[i]);
    }

    /// @notice Sets the weights of features `startIndex`, `startIndex + 1`, ..., times {toFloat}.
    function initializeWeights(uint64 startIndex, int80[] calldata weights_) external whileOpen {
        for (uint256 i = 0; i < weights_.length; ++i) _setWeight(startIndex + i, weights_[i]);
    }

    /// @notice Sets weights of named features: each entry is an index and a weight times {toFloat}.
    function initializeSparseWeights(int80[][] calldata weights_) external whileOpen {
        for (uint256 i = 0; i < weights_.length; ++i) {
            int80[] calldata entry = weights_[i];
            require(entry.length == 2 && entry[0] >= 0, SparsePerceptron_BadEntry(i));
            _setWeight(uint80(entry[0]), entry[1]);
        }
    }

    /// @inheritdoc Classifier64
    function update(int64[] calldata data, uint64 classification) external override onlyOwner {
        _requireClass(classification);
        if (_predict(data) == classification) return;

        int256 step = classification == 1 ? int256(uint256(learningRate)) : -int256(uint256(learningRate));
        uint256 current = type(uint256).max;
        uint256 word = 0;
        for (uint256 i = 0; i < data.length; ++i) {
            uint256 index = uint64(data[i]);
            uint256 k = index / Lanes.INT80S;
            if (k != current) {
                if (i != 0) _words[current] = word;
                word = _words[k];
                current = k;
            }
            uint256 lane = index % Lanes.INT80S;
            word = word.withInt80(lane, Lanes.addClamped(word.int80At(lane), step));
        }
        if (data.length != 0) _words[current] = word;
    }

    /// @inheritdoc Classifier64
    function predict(int64[] calldata data) external view override returns (uint64) {
        return _predict(data);
    }

    /// @notice How many of the samples the model predicts rightly.
    /// @param dataBatch samples of 60 places; a sample of fewer features repeats one value in all places that are left
    /// @param labels of the samples
    function evaluateBatch(
        uint24[60][] calldata dataBatch,
        uint64[] calldata labels
    ) external view returns (uint256 numCorrect) {
        require(dataBatch.length == labels.length, SparsePerceptron_LengthsDiffer(dataBatch.length, labels.length));
        for (uint256 i = 0; i < labels.length; ++i) {
            uint24[60] calldata padded = dataBatch[i];
            uint256 length = _lengthOf(padded);
            int64[] memory data = new int64[](length);
            for (uint256 j = 0; j < length; ++j) data[j] = int64(uint64(padded[j]));
            // A call, because samples are calldata to all that predicts: no second sum that could differ.
            if (this.predict(data) == labels[i]) ++numCorrect;
        }
    }

    /// @notice The weight of feature `index`, times {toFloat}.
    function weights(uint64 index) external view returns (int80) {
        return _words[index / Lanes.INT80S].int80At(index % Lanes.INT80S);
    }

    function _setWeight(uint256 index, int80 weight) private {
        require(index <= uint64(type(int64).max), Classifier64_IndexTooHigh(type(int64).max, index));
        uint256 k = index / Lanes.INT80S;
        _words[k] = _words[k].withInt80(index % Lanes.INT80S, weight);
    }

    function _predict(int64[] calldata data) private view returns (uint64) {
        _requireSample(data, 2, uint64(type(int64).max));
        int256 score = intercept;
        uint256 current = type(uint256).max;
        uint256 word = 0;
        for (uint256 i = 0; i < data.length; ++i) {
            uint256 index = uint64(data[i]);
            uint256 k = index / Lanes.INT80S;
            if (k != current) (current, word) = (k, _words[k]);
            score += word.int80At(index % Lanes.INT80S);
        }
        return score > 0 ? 1 : 0;
    }

    /// @dev How many features come before the run of equal values that ends a padded sample.
    function _lengthOf(uint24[60] calldata padded) private pure returns (uint256 length) {
        length = padded.length;
        while (length > 1 && padded[length - 1] == padded[length - 2]) --length;
        if (length != padded.length) --length;
    }
}
