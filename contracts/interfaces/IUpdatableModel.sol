// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What a prediction market needs of a model
/// @notice The part of {Classifier64} that training and testing use; any contract with these functions will do.
interface IUpdatableModel {
    /// @notice The class that the model gives to a sample.
    function predict(int64[] calldata data) external view returns (uint64);

    /// @notice Trains the model with one sample. For its owner.
    function update(int64[] calldata data, uint64 classification) external;

    /// @notice Labels are smaller than this.
    function getNumClassifications() external view returns (uint256);

    function transferOwnership(address newOwner) external;
}
