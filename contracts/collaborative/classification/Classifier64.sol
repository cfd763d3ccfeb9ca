// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// @title Classifier64
/// @notice A model that learns one sample at a time and says which class a sample belongs to. Samples are `int64[]`: for a
/// dense model values times {toFloat}, for a sparse one the ascending indices of the features that are present.
///
/// A model is set up by its deployer, in as many transactions as it takes, and then sealed: by {seal}, or by handing it
/// over, to a trainer as a rule. Weights, centroids, counts, classes and features are then changed by training only, so a
/// deployer that wants to be believed seals before it publishes. Before, the deployer may change them as it likes.
///
/// Upstream's interface. What holds for every model here, and did not upstream: labels are those of classes that exist;
/// sizes are bounded such that every call stays under 16.7 million gas, the most a transaction may use (EIP-7825); what
/// `update` accepts, `predict` accepts.
///
/// @dev Storage: what a call needs in any case shares the owner's word.
///
///     word 0   owner 160 | sealed 8 | classes 16 | dimensions 16
abstract contract Classifier64 is Ownable {
    /// @notice The model is set up, for good.
    event Sealed();

    /// @notice The model is sealed: only training changes it.
    error Classifier64_Sealed();
    /// @notice The model has `classes` classes, numbered from 0.
    error Classifier64_UnknownClass(uint64 classification, uint256 classes);
    /// @notice A model must have at least `least` and at most `most` classes.
    error Classifier64_BadClassCount(uint256 classes, uint256 least, uint256 most);
    /// @notice Each class needs a name, a data count and a centroid or counts: as many of one as of the other.
    error Classifier64_LengthsDiffer(uint256 length, uint256 expected);
    /// @notice A sample can have at most `most` values.
    error Classifier64_TooManyValues(uint256 values, uint256 most);
    /// @notice The model takes samples of `expected` values.
    error Classifier64_WrongDimensions(uint256 values, uint256 expected);
    /// @notice The squares of a sample's values must add up to 1e18, within 1e11.
    error Classifier64_NotNormalized(uint256 squaredNorm);
    /// @notice Feature indices must be ascending, each at most once, and from 0: the one at `position` is not.
    error Classifier64_IndicesNotAscending(uint256 position, int256 index);
    /// @notice Feature indices can be at most `most`.
    error Classifier64_IndexTooHigh(uint256 index, uint256 most);
    /// @notice Samples of this model are sets of features, which have no norm.
    error Classifier64_NoNorm();

    /// @notice 1 in fixed point.
    uint32 internal constant TO_FLOAT = 1e9;
    /// @notice The most classes a model can have.
    uint256 public constant MAX_CLASSES = 64;

    bool public isSealed;
    uint16 internal _numClasses;
    /// @dev Of dense models: how many values a sample has.
    uint16 internal _dimensions;

    /// @notice Names of the classes; predictions are indices into this list.
    string[] public classifications;

    /// @notice Which outputs of a shared encoder the model uses; all if there are none.
    uint32[] public featureIndices;

    constructor(string[] memory classifications_) Ownable(msg.sender) {
        _requireClassCount(classifications_.length);
        classifications = classifications_;
        _numClasses = uint16(classifications_.length);
    }

    /// @dev For what sets the model up.
    modifier whileOpen() {
        _checkOwner();
        require(!isSealed, Classifier64_Sealed());
        _;
    }

    // --- deployer

    /// @notice Adds feature indices to the list.
    function addFeatureIndices(uint32[] calldata indices) external whileOpen {
        for (uint256 i = 0; i < indices.length; ++i) featureIndices.push(indices[i]);
    }

    /// @notice Ends the set-up: from now on only training changes the model.
    function seal() external whileOpen {
        _seal();
    }

    /// @notice Hands the model over, to a trainer as a rule, and seals it.
    function transferOwnership(address newOwner) public override {
        super.transferOwnership(newOwner);
        if (!isSealed) _seal();
    }

    // --- owner

    /// @notice Trains the model with one sample.
    function update(int64[] calldata data, uint64 classification) external virtual;

    // --- views

    /// @notice The class that the model gives a sample.
    function predict(int64[] calldata data) external view virtual returns (uint64);

    /// @notice The norm of a dense sample times {toFloat}.
    function norm(int64[] calldata data) external pure virtual returns (uint256);

    /// @notice What 1 is in the model's fixed point.
    function toFloat() external pure returns (uint32) {
        return TO_FLOAT;
    }

    function getNumClassifications() external view returns (uint256) {
        return _numClasses;
    }

    function getNumFeatureIndices() external view returns (uint256) {
        return featureIndices.length;
    }

    // --- for models

    /// @dev Refuses to seal a model that is set up in part.
    function _requireComplete() internal view virtual {}

    function _pushClass(string memory classification) internal returns (uint256 index) {
        index = _numClasses;
        _requireClassCount(index + 1);
        classifications.push(classification);
        _numClasses = uint16(index + 1);
    }

    function _requireClass(uint64 classification) internal view {
        require(classification < _numClasses, Classifier64_UnknownClass(classification, _numClasses));
    }

    function _seal() private {
        _requireComplete();
        isSealed = true;
        emit Sealed();
    }

    function _requireClassCount(uint256 classes) private pure {
        require(classes != 0 && classes <= MAX_CLASSES, Classifier64_BadClassCount(classes, 1, MAX_CLASSES));
    }
}
