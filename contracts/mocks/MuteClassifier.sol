// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Classifier64} from "../collaborative/classification/Classifier64.sol";

/// @title MuteClassifier
/// @notice A model that learns everything and predicts nothing. Used by tests only.
contract MuteClassifier is Classifier64 {
    error MuteClassifier_Mute();

    constructor(string[] memory classifications_) Classifier64(classifications_) {}

    function update(int64[] calldata, uint64) external override onlyOwner {}

    function predict(int64[] calldata) external pure override returns (uint64) {
        revert MuteClassifier_Mute();
    }

    function norm(int64[] calldata) external pure override returns (uint256) {
        return 0;
    }
}
