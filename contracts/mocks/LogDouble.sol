// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Places} from "../types/Places.sol";
import {TaskId} from "../types/TaskTypes.sol";

/// @title LogDouble
/// @notice Answers what a test tells it to, in the place of the SupervisorLog. Used by tests only.
contract LogDouble {
    mapping(TaskId => Places) public diligentOf;

    function setDiligent(TaskId taskId, Places diligent) external {
        diligentOf[taskId] = diligent;
    }
}
