// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IGristToken} from "../interfaces/IGristToken.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Task} from "../types/TaskStorage.sol";
import {Phase, TaskId, TaskParameters} from "../types/TaskTypes.sol";
import {TaskFormation} from "./TaskFormation.sol";
import {TaskPhases} from "./TaskPhases.sol";

/// @title TaskRegistration
/// @notice A task comes into being, and its registration may end early.
abstract contract TaskRegistration is TaskPhases {
    using SafeERC20 for IGristToken;

    /// @inheritdoc ITaskRegistry
    function createTask(TaskParameters calldata parameters) external whenWired nonReentrant returns (TaskId taskId) {
        // The parameters as they came, after the selector: to encode them anew would take 0.8 KB of code.
        taskId = TaskFormation.create(_tasks, _template, msg.data[4:]);
        _enterNow(taskId, _tasks[taskId], Phase.Registration);
        _token.safeTransferFrom(msg.sender, address(this), parameters.fee);
    }

    /// @inheritdoc ITaskRegistry
    function closeRegistration(TaskId taskId) external during(taskId, Phase.Registration) {
        Task storage task = _tasks[taskId];
        require(msg.sender == task.client, Registry_NotTheClient(msg.sender, task.client));
        (uint256 miners, uint256 supervisors, uint256 evaluators) = _applied(task);
        bool enough = _isEnough(task, miners, supervisors, evaluators);
        require(enough, Registry_TooFewApplicants(taskId, miners, supervisors, evaluators));
        _enterNow(taskId, task, Phase.Seeding);
    }

    /// @inheritdoc ITaskRegistry
    function cancel(TaskId taskId) external during(taskId, Phase.Registration) {
        Task storage task = _tasks[taskId];
        require(msg.sender == task.client, Registry_NotTheClient(msg.sender, task.client));
        _enterNow(taskId, task, Phase.Cancelled);
    }
}
