// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Program template
/// @notice A program template (DESIGN section 4): validates the parameters of a task and derives what follows from them.
/// Pure, so that nobody can change what a task means after it was created.
interface ITemplate {
    /// @notice `field` must be from `least` to `most`; `layer` is the 1-based layer, 0 where the field belongs to none.
    error Template_OutOfRange(string field, uint256 layer, uint256 value, uint256 least, uint256 most);
    /// @notice The array `field` must have one entry for each of the `expected` layers.
    error Template_WrongLength(string field, uint256 given, uint256 expected);

    /// @notice Validates a task's `program` and counts its work.
    /// @dev Reverts with an error naming the field if a bound of DESIGN section 3 is broken, and without a reason if the
    /// bytes are not an encoding of the template's parameters at all.
    /// @param parameters abi.encode of the template's parameters
    /// @return macs multiply-accumulates of one iteration, bias columns counted
    /// @return batches number of training batches
    function check(bytes calldata parameters) external pure returns (uint64 macs, uint32 batches);
}
