// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IUpdatableModel} from "../interfaces/IUpdatableModel.sol";

/// @title PredictionProbe
/// @notice Asks a model about many samples in one call. Used by simulations and tests only.
contract PredictionProbe {
    function predictAll(IUpdatableModel model, int64[][] calldata data) external view returns (uint64[] memory labels) {
        labels = new uint64[](data.length);
        for (uint256 i = 0; i < data.length; ++i) labels[i] = model.predict(data[i]);
    }
}
