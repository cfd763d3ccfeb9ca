// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A program template (DESIGN section 4): validates the parameters of a task and derives what follows from them.
interface ITemplate {
    /// Reverts with an error naming the field if a bound of DESIGN section 3 is broken.
    /// @return macs multiply-accumulates of one iteration, bias columns counted
    /// @return batches number of training batches
    function check(bytes calldata parameters) external pure returns (uint64 macs, uint32 batches);
}
