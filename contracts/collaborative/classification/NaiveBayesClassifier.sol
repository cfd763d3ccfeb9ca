// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Lanes} from "../libraries/Lanes.sol";
import {Samples} from "../libraries/Samples.sol";
import {Classifier64} from "./Classifier64.sol";
import {SparseClassifier64} from "./SparseClassifier64.sol";

/// @title NaiveBayesClassifier
/// @notice Multinomial naive Bayes over sets of features: the class for which samples times the product, over the features
/// that are present, of (count + smoothing) / (all counts + smoothing * number of features) is largest; the first of equal
/// ones. A sample adds 1 to its class and to each of its features there.
///
/// Upstream's interface; mended behind it: the product is a floating-point number of 192 bits and an exponent, where
/// upstream's integer reached 0 after six features and made class 0 of everything; features are ascending numbers of 32
/// bits; setting a count again replaces it in the sum as well; smoothing must be positive, so that nothing is divided by 0.
///
/// @dev Storage: eight counts a word, feature f in lane f % 8 of word f / 8 of its class, and a word for each class.
/// Training n features writes between n / 8 and n words and the class's; a prediction reads as many for each class.
///
///     class     totalFeatureCount 64 | numSamples 64
contract NaiveBayesClassifier is SparseClassifier64 {
    using Lanes for uint256;
    using Samples for int64[];

    struct ClassInfo {
        uint64 numSamples;
        uint64 totalFeatureCount;
    }

    /// @notice A class was added.
    event AddClass(string name, uint256 index);

    /// @notice Each entry is a feature's index and its count.
    error NaiveBayesClassifier_BadEntry(uint256 position);
    /// @notice The feature occurred 2^32 - 1 times in the class, which is as many as are counted.
    error NaiveBayesClassifier_CountFull(uint256 classification, uint256 feature);
    /// @notice Both must be positive: else a product could be divided by zero. There are at most 2^32 features.
    error NaiveBayesClassifier_BadSmoothing(uint256 totalNumFeatures, uint256 smoothingFactor);

    uint256 private constant LANES = 8;
    uint256 private constant WIDTH = 32;
    uint256 private constant STRIDE = 2 ** 32 / LANES;

    /// @notice Added to every count, times {toFloat}: 1e9 is Laplace smoothing.
    uint32 public immutable smoothingFactor;
    uint256 private immutable _smoothingSum;

    ClassInfo[] public classInfos;
    uint256[STRIDE * MAX_CLASSES] private _words;

    /// @param classCounts samples of each class
    /// @param featureCounts for each class, pairs of a feature's index and its count; {initializeCounts} sets more
    /// @param totalNumFeatures of all classes
    /// @param smoothingFactor_ times {toFloat}
    constructor(
        string[] memory classifications_,
        uint64[] memory classCounts,
        uint32[][][] memory featureCounts,
        uint256 totalNumFeatures,
        uint32 smoothingFactor_
    ) Classifier64(classifications_) {
        uint256 classes = classifications_.length;
        require(classCounts.length == classes, Classifier64_LengthsDiffer(classCounts.length, classes));
        require(featureCounts.length == classes, Classifier64_LengthsDiffer(featureCounts.length, classes));
        require(
            smoothingFactor_ != 0 && totalNumFeatures != 0 && totalNumFeatures <= 2 ** 32,
            NaiveBayesClassifier_BadSmoothing(totalNumFeatures, smoothingFactor_)
        );
        smoothingFactor = smoothingFactor_;
        _smoothingSum = totalNumFeatures * smoothingFactor_;
        for (uint256 i = 0; i < classes; ++i) _initialize(i, classCounts[i], featureCounts[i]);
    }

    /// @notice Sets counts of a class: pairs of a feature's index and its count.
    function initializeCounts(uint32[][] memory featureCounts, uint64 classification) external whileOpen {
        _requireClass(classification);
        _setCounts(classification, featureCounts);
    }

    /// @notice Adds a class.
    /// @param featureCounts pairs of a feature's index and its count
    function addClass(
        uint64 numSamples,
        uint32[][] memory featureCounts,
        string memory classification
    ) external whileOpen {
        uint256 index = _pushClass(classification);
        _initialize(index, numSamples, featureCounts);
        emit AddClass(classification, index);
    }

    /// @inheritdoc Classifier64
    function update(int64[] calldata data, uint64 classification) external override onlyOwner {
        _requireClass(classification);
        _requireSample(data, _numClasses, type(uint32).max);
        ClassInfo storage info = classInfos[classification];
        info.numSamples += 1;
        info.totalFeatureCount += uint64(data.length);

        if (data.length == 0) return;
        // Safe: indices are checked; counts are not beyond their 32 bits before the check of each.
        unchecked {
            uint256 first = classification * STRIDE;
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
                uint256 count = word.uint32At(bit);
                require(count != type(uint32).max, NaiveBayesClassifier_CountFull(classification, index));
                word += 1 << bit;
            }
            _words[current] = word;
        }
    }

    /// @inheritdoc Classifier64
    function predict(int64[] calldata data) external view override returns (uint64 bestClass) {
        uint256 classes = _numClasses;
        _requireSample(data, classes, type(uint32).max);
        uint256 best = 0;
        for (uint256 class = 0; class < classes; ++class) {
            uint256 rank = _rank(data, class);
            if (rank > best) (best, bestClass) = (rank, uint64(class));
        }
    }

    /// @notice The sum of a class's counts.
    function getClassTotalFeatureCount(uint256 classIndex) external view returns (uint64) {
        return classInfos[classIndex].totalFeatureCount;
    }

    /// @notice How often a feature occurred in a class.
    function getFeatureCount(uint256 classIndex, uint32 featureIndex) external view returns (uint32) {
        return _words[classIndex * STRIDE + featureIndex / LANES].uint32At((featureIndex % LANES) * WIDTH);
    }

    /// @notice How many samples a class has.
    function getNumSamples(uint256 classIndex) external view returns (uint64) {
        return classInfos[classIndex].numSamples;
    }

    function _initialize(uint256 classification, uint64 numSamples, uint32[][] memory featureCounts) private {
        classInfos.push(ClassInfo(numSamples, 0));
        _setCounts(classification, featureCounts);
    }

    function _setCounts(uint256 classification, uint32[][] memory featureCounts) private {
        uint64 total = classInfos[classification].totalFeatureCount;
        for (uint256 i = 0; i < featureCounts.length; ++i) {
            require(featureCounts[i].length == 2, NaiveBayesClassifier_BadEntry(i));
            (uint256 index, uint32 count) = (featureCounts[i][0], featureCounts[i][1]);
            uint256 k = classification * STRIDE + index / LANES;
            uint256 bit = (index % LANES) * WIDTH;
            total = total - _words[k].uint32At(bit) + count;
            _words[k] = _words[k].withUint32(bit, count);
        }
        classInfos[classification].totalFeatureCount = total;
    }

    /// @dev The class's probability up to a factor that is the same for all, as a number that compares like it: 0 for
    /// impossible, else 2^63 minus the exponent above the mantissa, which has its highest bit at place 191.
    ///
    /// Each factor is a fraction of at most 1, numerator below 2^63, denominator below 2^95: the product with a mantissa
    /// fits in 256 bits, and the quotient keeps at least 96.
    function _rank(int64[] calldata data, uint256 class) private view returns (uint256) {
        ClassInfo memory info = classInfos[class];
        if (info.numSamples == 0) return 0;
        uint256 denominator = uint256(TO_FLOAT) * info.totalFeatureCount + _smoothingSum;
        uint256 exponent = Math.clz(info.numSamples) - 64;
        uint256 mantissa = uint256(info.numSamples) << exponent;
        uint256 current = type(uint256).max;
        uint256 word = 0;
        // Safe: see above; each of 512 features adds less than 160 to the exponent.
        unchecked {
            for (uint256 i = 0; i < data.length; ++i) {
                uint256 index = uint256(data.valueAt(i));
                uint256 k = class * STRIDE + index / LANES;
                if (k != current) (current, word) = (k, _words[k]);
                uint256 numerator = TO_FLOAT * uint256(word.uint32At((index % LANES) * WIDTH)) + smoothingFactor;
                mantissa = (mantissa * numerator) / denominator;
                uint256 shift = Math.clz(mantissa) - 64;
                mantissa <<= shift;
                exponent += shift;
            }
        }
        return ((2 ** 63 - exponent) << 192) | mantissa;
    }
}
