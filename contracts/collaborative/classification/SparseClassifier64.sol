// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Classifier64} from "./Classifier64.sol";

/// @title SparseClassifier64
/// @notice What models of sparse samples share: a sample is the list of the features that are present, ascending.
/// @dev Upstream took indices as they came: a repeated one counted twice in an update, negative ones and those beyond 32
/// bits became others. Ascending order rules out all of it in one comparison each.
abstract contract SparseClassifier64 is Classifier64 {
    /// @notice The most features a sample can have.
    uint256 public constant MAX_FEATURES = 512;
    /// @notice The most features times classes, which is what a prediction reads.
    uint256 public constant MAX_FEATURES_TIMES_CLASSES = 4_096;

    /// @inheritdoc Classifier64
    /// @dev Reverts: sets of features are not normalised.
    function norm(int64[] calldata) external pure override returns (uint256) {
        revert Classifier64_NoNorm();
    }

    /// @dev Refuses what no sample can be.
    /// @param classes that a prediction looks at
    /// @param highest index there is
    function _requireSample(int64[] calldata data, uint256 classes, uint256 highest) internal pure {
        uint256 length = data.length;
        uint256 most = MAX_FEATURES_TIMES_CLASSES / classes;
        if (most > MAX_FEATURES) most = MAX_FEATURES;
        require(length <= most, Classifier64_TooManyValues(length, most));
        if (length == 0) return;

        int64 previous = -1;
        for (uint256 i = 0; i < length; ++i) {
            int64 index = data[i];
            require(index > previous, Classifier64_IndicesNotAscending(i, index));
            previous = index;
        }
        // The last is the highest, and not negative.
        require(uint64(previous) <= highest, Classifier64_IndexTooHigh(previous, highest));
    }
}
