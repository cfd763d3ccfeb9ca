// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DenseNorm} from "../libraries/DenseNorm.sol";
import {Lanes} from "../libraries/Lanes.sol";
import {Samples} from "../libraries/Samples.sol";
import {Classifier64} from "./Classifier64.sol";

/// @title NearestCentroidClassifier
/// @notice Says the class whose centroid is nearest to a dense sample, the first of equally near ones. A sample moves its
/// class's centroid to the mean of all samples of the class, rounded towards zero.
///
/// Upstream's interface; mended behind it: labels are checked before they are used, so a wrong one no longer burns all
/// gas; classes and dimensions are bounded, together by {MAX_VALUES}, so that a prediction always fits in a transaction;
/// distances are exact, where upstream dropped what is below 1e-9 of each square.
///
/// @dev Storage: four int64 a word, centroids at fixed places, so a prediction of c classes and n dimensions reads
/// c * ceil(n / 4) words and one for the sizes; training writes ceil(n / 4) words and the class's.
///
///     class     dimensions 16 | dataCount 240
contract NearestCentroidClassifier is Classifier64 {
    using Lanes for uint256;

    struct Class {
        uint240 dataCount;
        uint16 dimensions;
    }

    /// @notice A class was added.
    event AddClass(string name, uint256 index);

    /// @notice Classes times dimensions are at most `most`, dimensions alone at most `mostDimensions`.
    error NearestCentroidClassifier_TooLarge(uint256 dimensions, uint256 values, uint256 mostDimensions, uint256 most);
    /// @notice The centroid has `dimensions` of `expected` dimensions: extend it before the model is sealed.
    error NearestCentroidClassifier_Incomplete(uint256 classification, uint256 dimensions, uint256 expected);
    /// @notice Data counts are below `limit`.
    error NearestCentroidClassifier_DataCountTooLarge(uint256 dataCount, uint256 limit);
    /// @notice There is no such value.
    error NearestCentroidClassifier_NoSuchValue(uint256 classification, uint256 dimension);

    /// @notice The most dimensions a sample can have.
    uint256 public constant MAX_DIMENSIONS = 2_048;
    /// @notice The most numbers in all centroids together.
    uint256 public constant MAX_VALUES = 16_384;

    uint256 private constant DATA_COUNT_LIMIT = 2 ** 191;
    uint256 private constant LANES = 4;
    uint256 private constant WIDTH = 64;
    uint256 private constant END = 256; // four lanes
    uint256 private constant LANE_MASK = 0xffffffffffffffff;
    uint256 private constant STRIDE = MAX_DIMENSIONS / LANES;

    Class[MAX_CLASSES] private _classes;
    uint256[STRIDE * MAX_CLASSES] private _words;

    /// @param centroids_ of each class, times {toFloat}; {extendCentroid} adds dimensions
    /// @param dataCounts_ how many samples each centroid is the mean of
    constructor(
        string[] memory classifications_,
        int64[][] memory centroids_,
        uint256[] memory dataCounts_
    ) Classifier64(classifications_) {
        uint256 classes = classifications_.length;
        require(centroids_.length == classes, Classifier64_LengthsDiffer(centroids_.length, classes));
        require(dataCounts_.length == classes, Classifier64_LengthsDiffer(dataCounts_.length, classes));
        for (uint256 i = 0; i < classes; ++i) {
            require(
                centroids_[i].length == centroids_[0].length,
                Classifier64_WrongDimensions(centroids_[i].length, centroids_[0].length)
            );
            _initialize(i, centroids_[i], dataCounts_[i]);
        }
    }

    /// @notice Adds a class.
    /// @param centroid times {toFloat}, of as many dimensions as the first class has now
    /// @param dataCount how many samples it is the mean of
    function addClass(int64[] memory centroid, string memory classification, uint256 dataCount) external whileOpen {
        uint256 dimensions = _classes[0].dimensions;
        require(centroid.length == dimensions, Classifier64_WrongDimensions(centroid.length, dimensions));
        uint256 index = _pushClass(classification);
        _initialize(index, centroid, dataCount);
        emit AddClass(classification, index);
    }

    /// @notice Appends dimensions to a class's centroid, times {toFloat}. Before the model is sealed all must have as many.
    function extendCentroid(int64[] memory extension, uint64 classification) external whileOpen {
        _requireClass(classification);
        _append(classification, extension);
    }

    /// @inheritdoc Classifier64
    function update(int64[] calldata data, uint64 classification) external override onlyOwner {
        _requireClass(classification);
        Class memory class = _classes[classification];
        uint256 dimensions = _dimensions;
        require(data.length == dimensions, Classifier64_WrongDimensions(data.length, dimensions));

        int256 n = int256(uint256(class.dataCount));
        int256 newN = class.dataCount < DATA_COUNT_LIMIT ? n + 1 : n;
        _classes[classification].dataCount = uint240(uint256(newN));

        uint256 squaredNorm = 0;
        uint256 excess = 0;
        uint256 first = classification * STRIDE;
        // In place of the following, for some 30 to 60 gas a value less than the compiler's unchecked code:
        //
        //     for (uint256 i = 0; i < dimensions; ++i) {
        //         squaredNorm += data[i] * data[i];
        //         centroid[i] = (centroid[i] * n + data[i]) / newN;
        //     }
        //
        // Safe: reads calldata below the length, reads and writes the class's words, writes no memory; means of 64 bits
        // times counts below 2^191, and 2,048 squares of 64 bits, stay below 2^255, and a mean of values that fit in 64 bits
        // does as well. Values beyond 64 bits show in `excess`.
        assembly ("memory-safe") {
            let slot := add(_words.slot, first)
            let word := sload(slot)
            let learned := 0
            let bit := 0
            let pointer := data.offset
            for {
                let end := add(pointer, shl(5, dimensions))
            } lt(pointer, end) {
                pointer := add(pointer, 32)
            } {
                if eq(bit, END) {
                    sstore(slot, learned)
                    slot := add(slot, 1)
                    word := sload(slot)
                    learned := 0
                    bit := 0
                }
                let value := calldataload(pointer)
                excess := or(excess, xor(value, signextend(7, value)))
                squaredNorm := add(squaredNorm, mul(value, value))
                let mean := sdiv(add(mul(signextend(7, shr(bit, word)), n), value), newN)
                learned := or(learned, shl(bit, and(mean, LANE_MASK)))
                bit := add(bit, WIDTH)
            }
            sstore(slot, learned)
        }
        Samples.requireNone(excess);
        require(DenseNorm.isOne(squaredNorm), Classifier64_NotNormalized(squaredNorm));
    }

    /// @inheritdoc Classifier64
    function predict(int64[] calldata data) external view override returns (uint64 bestClass) {
        uint256 dimensions = _dimensions;
        require(data.length == dimensions, Classifier64_WrongDimensions(data.length, dimensions));
        uint256 shortest = type(uint256).max;
        for (uint256 class = 0; class < _numClasses; ++class) {
            uint256 distance = _squaredDistance(data, class, shortest);
            if (distance < shortest) (shortest, bestClass) = (distance, uint64(class));
        }
    }

    /// @notice A number of a class's centroid, times {toFloat}.
    function centroids(uint256 classification, uint256 dimension) external view returns (int64) {
        require(
            classification < _numClasses && dimension < _classes[classification].dimensions,
            NearestCentroidClassifier_NoSuchValue(classification, dimension)
        );
        return _words[classification * STRIDE + dimension / LANES].int64At((dimension % LANES) * WIDTH);
    }

    /// @notice How many samples a class's centroid is the mean of.
    function dataCounts(uint256 classification) external view returns (uint256) {
        require(classification < _numClasses, Classifier64_UnknownClass(uint64(classification), _numClasses));
        return _classes[classification].dataCount;
    }

    /// @notice How many dimensions a class's centroid has by now.
    function numDimensions(uint64 classification) external view returns (uint256) {
        _requireClass(classification);
        return _classes[classification].dimensions;
    }

    /// @inheritdoc Classifier64
    function norm(int64[] calldata data) external pure override returns (uint256) {
        return DenseNorm.norm(data);
    }

    /// @notice Data counts stay below this.
    function dataCountLimit() external pure returns (uint256) {
        return DATA_COUNT_LIMIT;
    }

    /// @notice The largest number of 256 bits: a constant of upstream's.
    function UINT256_MAX() external pure returns (uint256) {
        return type(uint256).max;
    }

    /// @inheritdoc Classifier64
    function _requireComplete() internal view override {
        uint256 expected = _classes[0].dimensions;
        for (uint256 i = 1; i < _numClasses; ++i) {
            uint256 dimensions = _classes[i].dimensions;
            require(dimensions == expected, NearestCentroidClassifier_Incomplete(i, dimensions, expected));
        }
    }

    function _initialize(uint256 classification, int64[] memory centroid, uint256 dataCount) private {
        require(dataCount < DATA_COUNT_LIMIT, NearestCentroidClassifier_DataCountTooLarge(dataCount, DATA_COUNT_LIMIT));
        _classes[classification].dataCount = uint240(dataCount);
        _append(classification, centroid);
    }

    function _append(uint256 classification, int64[] memory added) private {
        uint256 count = _classes[classification].dimensions;
        uint256 newCount = count + added.length;
        uint256 values = newCount * _numClasses;
        require(
            newCount <= MAX_DIMENSIONS && values <= MAX_VALUES,
            NearestCentroidClassifier_TooLarge(newCount, values, MAX_DIMENSIONS, MAX_VALUES)
        );
        _classes[classification].dimensions = uint16(newCount);
        if (classification == 0) _dimensions = uint16(newCount);
        for (uint256 i = 0; i < added.length; ++i) {
            uint256 slot = classification * STRIDE + (count + i) / LANES;
            _words[slot] = _words[slot].withUint64(((count + i) % LANES) * WIDTH, uint64(added[i]));
        }
    }

    /// @dev The squared distance to a class's centroid, times 1e18, or something at least `limit` if it is that long.
    function _squaredDistance(
        int64[] calldata data,
        uint256 classification,
        uint256 limit
    ) private view returns (uint256 distance) {
        uint256 first = classification * STRIDE;
        uint256 excess = 0;
        // In place of the following, for some 30 to 60 gas a value less than the compiler's unchecked code:
        //
        //     for (uint256 i = 0; i < data.length; ++i) distance += (data[i] - centroid[i]) ** 2;
        //
        // with a look at the limit for every word. Safe: reads calldata below the length and the class's words, writes no
        // memory; 2,048 squares of 65 bits. Values beyond 64 bits show in `excess`.
        assembly ("memory-safe") {
            let slot := add(_words.slot, first)
            let word := sload(slot)
            let bit := 0
            let pointer := data.offset
            for {
                let end := add(pointer, shl(5, data.length))
            } lt(pointer, end) {
                pointer := add(pointer, 32)
            } {
                if eq(bit, END) {
                    if iszero(lt(distance, limit)) {
                        break
                    }
                    slot := add(slot, 1)
                    word := sload(slot)
                    bit := 0
                }
                let value := calldataload(pointer)
                excess := or(excess, xor(value, signextend(7, value)))
                let difference := sub(value, signextend(7, shr(bit, word)))
                distance := add(distance, mul(difference, difference))
                bit := add(bit, WIDTH)
            }
        }
        Samples.requireNone(excess);
    }
}
