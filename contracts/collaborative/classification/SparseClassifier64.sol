// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Samples} from "../libraries/Samples.sol";
import {Classifier64} from "./Classifier64.sol";

/// @title SparseClassifier64
/// @notice What models of sparse samples share: a sample is the list of the features that are present, ascending.
/// @dev Upstream took indices as they came: a repeated one counted twice in an update, negative ones and those beyond 32
/// bits became others. Ascending order rules out all of it in one comparison each.
abstract contract SparseClassifier64 is Classifier64 {
    using Samples for int64[];

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

        int256 previous = -1;
        uint256 ascending = 0;
        // In place of the following, for the bounds in docs/SHARED-MODELS-GAS.md:
        //
        //     while (ascending < length && data[ascending] > previous) previous = data[ascending++];
        //
        // Safe: reads calldata below the length and writes nothing.
        assembly ("memory-safe") {
            for {} lt(ascending, length) {
                ascending := add(ascending, 1)
            } {
                let index := calldataload(add(data.offset, shl(5, ascending)))
                if iszero(sgt(index, previous)) {
                    break
                }
                previous := index
            }
        }
        if (ascending != length) revert Classifier64_IndicesNotAscending(ascending, data.valueAt(ascending));
        // The last is the highest, and not negative.
        require(uint256(previous) <= highest, Classifier64_IndexTooHigh(uint256(previous), highest));
    }
}
