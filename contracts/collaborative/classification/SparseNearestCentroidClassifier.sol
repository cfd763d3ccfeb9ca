// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Lanes} from "../libraries/Lanes.sol";
import {Samples} from "../libraries/Samples.sol";
import {Classifier64} from "./Classifier64.sol";
import {SparseClassifier64} from "./SparseClassifier64.sol";

/// @title SparseNearestCentroidClassifier
/// @notice Says the class whose centroid is nearest to a sample of features, each 1 if present and 0 otherwise; the first
/// of equally near ones. A sample moves its class's centroid to the mean of all samples of the class.
///
/// Upstream's interface; mended behind it: for each class this keeps sums instead of means. Means had to be scaled for
/// every sample and rounded, until a sum of squares was less than one of its parts: two empty samples could freeze a class
/// that way. Sums of integers are exact and a feature that is absent costs nothing. Features are ascending numbers of 32
/// bits, so none counts twice and no squared distance is negative.
///
/// @dev Storage: four sums of 64 bits a word, feature f in lane f % 4 of word f / 4 of its class, and a word for each
/// class. Training n features writes between n / 4 and n words and the class's; a prediction reads as many for each class.
///
///     class     squaredSum 192 | numSamples 64
///
/// Bounds: sums start below 2^63 and numSamples stays below 2^32, so sums stay below 2^63 + 2^32 * 1e9 < 2^64, and the sum
/// of their squares, over 2^32 features, below 2^160.
contract SparseNearestCentroidClassifier is SparseClassifier64 {
    using Lanes for uint256;
    using Samples for int64[];

    struct Class {
        uint64 numSamples;
        uint192 squaredSum; // of all features' sums, squared
    }

    /// @notice A class was added.
    event AddClass(string name, uint256 index);

    /// @notice Each entry is a feature's index, of 32 bits, and its mean.
    error SparseNearestCentroidClassifier_BadEntry(uint256 position);
    /// @notice A mean times the data count must be below 2^63.
    error SparseNearestCentroidClassifier_MeanTooLarge(uint256 feature, uint256 mean);
    /// @notice A class has samples, and fewer than 2^32.
    error SparseNearestCentroidClassifier_BadDataCount(uint256 dataCount);

    uint256 private constant LANES = 4;
    uint256 private constant WIDTH = 64;
    uint256 private constant STRIDE = 2 ** 32 / LANES;
    uint256 private constant MAX_SAMPLES = type(uint32).max;

    Class[] private _classes;
    uint256[STRIDE * MAX_CLASSES] private _words;

    /// @param centroids for each class, pairs of a feature's index and its mean times {toFloat}; {extendCentroid} sets more
    /// @param dataCounts how many samples each centroid is the mean of
    constructor(
        string[] memory classifications_,
        uint64[][][] memory centroids,
        uint64[] memory dataCounts
    ) Classifier64(classifications_) {
        uint256 classes = classifications_.length;
        require(centroids.length == classes, Classifier64_LengthsDiffer(centroids.length, classes));
        require(dataCounts.length == classes, Classifier64_LengthsDiffer(dataCounts.length, classes));
        for (uint256 i = 0; i < classes; ++i) _initialize(i, centroids[i], dataCounts[i]);
    }

    /// @notice Sets means of a class: pairs of a feature's index and its mean times {toFloat}.
    function extendCentroid(uint64[][] memory extension, uint64 classification) external whileOpen {
        _requireClass(classification);
        _setMeans(classification, extension);
    }

    /// @notice Adds a class.
    /// @param centroid pairs of a feature's index and its mean times {toFloat}
    /// @param dataCount how many samples it is the mean of
    function addClass(uint64[][] memory centroid, string memory classification, uint64 dataCount) external whileOpen {
        uint256 index = _pushClass(classification);
        _initialize(index, centroid, dataCount);
        emit AddClass(classification, index);
    }

    /// @inheritdoc Classifier64
    function update(int64[] calldata data, uint64 classification) external override onlyOwner {
        _requireClass(classification);
        _requireSample(data, _numClasses, type(uint32).max);
        Class memory class = _classes[classification];
        require(class.numSamples < MAX_SAMPLES, SparseNearestCentroidClassifier_BadDataCount(class.numSamples + 1));

        uint256 squaredSum = class.squaredSum;
        if (data.length != 0) squaredSum += _addOnes(data, classification * STRIDE);
        _classes[classification] = Class(class.numSamples + 1, uint192(squaredSum));
    }

    /// @inheritdoc Classifier64
    function predict(int64[] calldata data) external view override returns (uint64 bestClass) {
        uint256 classes = _numClasses;
        _requireSample(data, classes, type(uint32).max);
        uint256 shortest = type(uint256).max;
        for (uint256 class = 0; class < classes; ++class) {
            uint256 distance = _squaredDistance(data, class);
            if (distance < shortest) (shortest, bestClass) = (distance, uint64(class));
        }
    }

    /// @notice A class's samples and the squared norm of its centroid, times 1e18.
    function classInfos(uint256 classIndex) external view returns (uint64 numSamples, uint256 squaredMagnitude) {
        return (_classes[classIndex].numSamples, getSquaredMagnitude(classIndex));
    }

    /// @notice How many samples a class has.
    function getNumSamples(uint256 classIndex) external view returns (uint64) {
        return _classes[classIndex].numSamples;
    }

    /// @notice The mean of a feature in a class, times {toFloat}.
    function getCentroidValue(uint256 classIndex, uint32 featureIndex) external view returns (uint64) {
        uint256 word = _words[classIndex * STRIDE + featureIndex / LANES];
        return word.uint64At((featureIndex % LANES) * WIDTH) / _classes[classIndex].numSamples;
    }

    /// @notice The squared norm of a class's centroid, times 1e18.
    function getSquaredMagnitude(uint256 classIndex) public view returns (uint256) {
        Class memory class = _classes[classIndex];
        return class.squaredSum / (uint256(class.numSamples) ** 2);
    }

    /// @notice A constant of upstream's; here a class has fewer than 2^32 samples.
    function dataCountLimit() external pure returns (uint256) {
        return 2 ** 191;
    }

    /// @notice The largest number of 256 bits: a constant of upstream's.
    function UINT256_MAX() external pure returns (uint256) {
        return type(uint256).max;
    }

    function _initialize(uint256 classification, uint64[][] memory centroid, uint64 dataCount) private {
        require(dataCount != 0 && dataCount <= MAX_SAMPLES, SparseNearestCentroidClassifier_BadDataCount(dataCount));
        _classes.push(Class(dataCount, 0));
        _setMeans(classification, centroid);
    }

    function _setMeans(uint256 classification, uint64[][] memory means) private {
        Class memory class = _classes[classification];
        uint256 squaredSum = class.squaredSum;
        for (uint256 i = 0; i < means.length; ++i) {
            require(
                means[i].length == 2 && means[i][0] <= type(uint32).max,
                SparseNearestCentroidClassifier_BadEntry(i)
            );
            (uint256 index, uint256 mean) = (means[i][0], means[i][1]);
            uint256 sum = mean * class.numSamples;
            require(sum < 2 ** 63, SparseNearestCentroidClassifier_MeanTooLarge(index, mean));
            uint256 k = classification * STRIDE + index / LANES;
            uint256 bit = (index % LANES) * WIDTH;
            squaredSum = squaredSum + sum ** 2 - uint256(_words[k].uint64At(bit)) ** 2;
            _words[k] = _words[k].withUint64(bit, uint64(sum));
        }
        _classes[classification].squaredSum = uint192(squaredSum);
    }

    /// @dev Adds 1 to the sum of each feature.
    /// @param data not empty
    /// @param first word of the class
    /// @return added to the sum of squares
    function _addOnes(int64[] calldata data, uint256 first) private returns (uint256 added) {
        uint256 one = TO_FLOAT;
        // Safe: indices are checked, and sums stay below 2^64 (see above).
        unchecked {
            uint256 current = first + uint256(data.valueAt(0)) / LANES;
            uint256 word = _words[current];
            for (uint256 i = 0; i < data.length; ++i) {
                uint256 index = uint256(data.valueAt(i));
                uint256 k = first + index / LANES;
                if (k != current) {
                    _words[current] = word;
                    (current, word) = (k, _words[k]);
                }
                uint256 bit = (index % LANES) * WIDTH;
                // (sum + 1)^2 - sum^2, where 1 is 1e9.
                added += one * (2 * uint256(word.uint64At(bit)) + one);
                word += one << bit;
            }
            _words[current] = word;
        }
    }

    /// @dev The squared distance to a class's centroid, times 1e18. With n samples and sums s it is
    ///
    ///     sum over all features of (s / n)^2, plus over those present of 1 - 2 s / n
    ///
    /// computed times n^2, which is an integer and, since each feature counts once, a sum of squares.
    function _squaredDistance(int64[] calldata data, uint256 classification) private view returns (uint256) {
        Class memory class = _classes[classification];
        uint256 present = 0;
        uint256 current = type(uint256).max;
        uint256 word = 0;
        // Safe: 512 sums of 64 bits, over indices that are checked.
        unchecked {
            for (uint256 i = 0; i < data.length; ++i) {
                uint256 index = uint256(data.valueAt(i));
                uint256 k = classification * STRIDE + index / LANES;
                if (k != current) (current, word) = (k, _words[k]);
                present += word.uint64At((index % LANES) * WIDTH);
            }
        }
        uint256 n = class.numSamples;
        uint256 ones = data.length * uint256(TO_FLOAT) ** 2 * n ** 2;
        return (class.squaredSum + ones - 2 * TO_FLOAT * n * present) / n ** 2;
    }
}
