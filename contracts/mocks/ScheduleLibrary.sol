// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Schedule} from "../libraries/Schedule.sol";

/// @title ScheduleLibrary
/// @notice The schedule as a contract's function. Used by tests only.
contract ScheduleLibrary {
    function batchOf(
        bytes32 seed,
        uint256 batches,
        uint256 slots,
        uint256 slot,
        uint256 index
    ) external pure returns (uint256) {
        return Schedule.batchOf(seed, batches, slots, slot, index);
    }
}
