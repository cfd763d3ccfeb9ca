// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Classifier64} from "./Classifier64.sol";
import {Perceptron64} from "./Perceptron64.sol";
import {SparseClassifier64} from "./SparseClassifier64.sol";

/// @title SparsePerceptron
/// @notice Two classes, told apart by the sign of a sum: the intercept and the weights of the features that are present.
/// Class 1 if it is positive, class 0 otherwise. A sample that is predicted wrongly moves each of its weights by the
/// learning rate, towards its label. The intercept is fixed, as upstream.
///
/// Upstream's interface; mended behind it: labels are 0 and 1; features are ascending, so none counts twice; weights stop
/// at the ends of their range instead of wrapping; {evaluateBatch} predicts with {predict}'s own sum.
///
/// @dev Storage (see {Perceptron64}): feature f in lane f % 4 of word f / 4, words at fixed places, those never written
/// 0. A sample of n features reads, and if it is learned writes, between n / 4 and n words; vocabularies put what is
/// frequent side by side.
contract SparsePerceptron is Perceptron64, SparseClassifier64 {
    /// @notice Each entry is a feature's index and its weight.
    error SparsePerceptron_BadEntry(uint256 position);
    /// @notice Each sample of a batch needs a label.
    error SparsePerceptron_LengthsDiffer(uint256 samples, uint256 labels);

    /// @notice What is added to the sum, times {toFloat}.
    int80 public immutable intercept;

    uint256[2 ** 63 / LANES] private _words;

    /// @param weights_ of features 0, 1, ..., times {toFloat}; the initialize functions set more
    /// @param intercept_ times {toFloat}
    /// @param learningRate_ times {toFloat}
    constructor(
        string[] memory classifications_,
        int80[] memory weights_,
        int80 intercept_,
        uint32 learningRate_
    ) Perceptron64(classifications_, learningRate_) {
        intercept = intercept_;
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
        if (_predict(data) == classification || data.length == 0) return;

        int256 rate = _rateTowards(classification);
        // In place of the following, for the bounds in docs/SHARED-MODELS-GAS.md:
        //
        //     for (uint256 i = 0; i < data.length; ++i) weights[data[i]] = clamp(weights[data[i]] + rate);
        //
        // Safe: `_predict` found the indices to be ascending and below 2^63, so each word is read and written once, and all
        // are in the array; writes no memory. A sum beyond `LARGEST`, of either sign, becomes `LARGEST` of that sign.
        assembly ("memory-safe") {
            let pointer := data.offset
            let slot := add(_words.slot, shr(2, calldataload(pointer)))
            let word := sload(slot)
            if iszero(word) {
                word := FLIPPED
            }
            for {
                let end := add(pointer, shl(5, data.length))
            } lt(pointer, end) {
                pointer := add(pointer, 32)
            } {
                let index := calldataload(pointer)
                let next := add(_words.slot, shr(2, index))
                if xor(next, slot) {
                    sstore(slot, word)
                    slot := next
                    word := sload(slot)
                    if iszero(word) {
                        word := FLIPPED
                    }
                }
                let bit := shl(6, and(index, 3))
                let old := shr(bit, xor(word, FLIPPED))
                let weight := add(signextend(7, old), rate)
                if or(sgt(weight, LARGEST), slt(add(weight, LARGEST), 0)) {
                    weight := mul(LARGEST, or(1, sar(255, weight)))
                }
                word := xor(word, shl(bit, and(xor(old, weight), LANE_MASK)))
            }
            sstore(slot, word)
        }
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
        return _weightAt(_words[index / LANES], index % LANES);
    }

    function _setWeight(uint256 index, int80 weight) private {
        require(index <= uint64(type(int64).max), Classifier64_IndexTooHigh(index, uint64(type(int64).max)));
        uint256 k = index / LANES;
        _words[k] = _withWeight(_words[k], index % LANES, weight);
    }

    function _predict(int64[] calldata data) private view returns (uint64) {
        _requireSample(data, 2, uint64(type(int64).max));
        int256 score = intercept;
        // In place of the following, for the bounds in docs/SHARED-MODELS-GAS.md:
        //
        //     for (uint256 i = 0; i < data.length; ++i) score += weights[data[i]];
        //
        // Safe: the indices are checked, so all are in the array; writes nothing; the sum of 512 numbers of 64 bits.
        assembly ("memory-safe") {
            let slot := 0 // not one of `_words`
            let word := 0
            let pointer := data.offset
            for {
                let end := add(pointer, shl(5, data.length))
            } lt(pointer, end) {
                pointer := add(pointer, 32)
            } {
                let index := calldataload(pointer)
                let next := add(_words.slot, shr(2, index))
                if xor(next, slot) {
                    slot := next
                    word := sload(slot)
                    if iszero(word) {
                        word := FLIPPED
                    }
                    word := xor(word, FLIPPED)
                }
                score := add(score, signextend(7, shr(shl(6, and(index, 3)), word)))
            }
        }
        return _classOf(score);
    }

    /// @dev How many features come before the run of equal values that ends a padded sample.
    function _lengthOf(uint24[60] calldata padded) private pure returns (uint256 length) {
        length = padded.length;
        while (length > 1 && padded[length - 1] == padded[length - 2]) --length;
        if (length != padded.length) --length;
    }
}
