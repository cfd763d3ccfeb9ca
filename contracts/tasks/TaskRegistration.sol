// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IGristToken} from "../interfaces/IGristToken.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Member, Roster, Task} from "../types/TaskStorage.sol";
import {Phase, Role, TaskId, TaskParameters} from "../types/TaskTypes.sol";
import {TaskCreation} from "./TaskCreation.sol";
import {TaskPhases} from "./TaskPhases.sol";

/// @title TaskRegistration
/// @notice A task comes into being and its places fill.
abstract contract TaskRegistration is TaskPhases {
    using SafeERC20 for IGristToken;

    // What an account has to do with a task, as bits of `Task.engagements`. Bits 0 to 2: owner or operator of a place of
    // Role 0 to 2. Bits 3 to 5: operator of a place of that role.
    uint8 private constant MINES = uint8(1 << uint8(Role.Miner));
    uint8 private constant EVALUATES = uint8(1 << uint8(Role.Evaluator));
    uint8 private constant OPERATOR_SHIFT = 3;

    /// @inheritdoc ITaskRegistry
    function createTask(TaskParameters calldata parameters) external whenWired nonReentrant returns (TaskId taskId) {
        taskId = TaskCreation.create(_tasks, _template, parameters);
        _enterNow(taskId, _tasks[taskId], Phase.Registration);
        _token.safeTransferFrom(msg.sender, address(this), parameters.fee);
    }

    /// @inheritdoc ITaskRegistry
    function cancel(TaskId taskId) external during(taskId, Phase.Registration) {
        Task storage task = _tasks[taskId];
        require(msg.sender == task.client, Registry_NotTheClient(msg.sender, task.client));
        _enterNow(taskId, task, Phase.Cancelled);
    }

    /// @inheritdoc ITaskRegistry
    function join(
        TaskId taskId,
        Role role,
        address operator
    ) external nonReentrant during(taskId, Phase.Registration) returns (uint8 index) {
        Task storage task = _tasks[taskId];
        Roster storage roster = task.roster(role);
        index = roster.joined;
        require(index < roster.wanted, Registry_RoleFull(taskId, role, roster.wanted));
        require(operator != address(0), Registry_NoOperator(taskId));
        _engage(taskId, task, role, operator);

        roster.joined = index + 1;
        Member storage member = task.members[role][index];
        (member.owner, member.operator) = (msg.sender, operator);
        emit MemberJoined(taskId, role, index, msg.sender, operator, roster.stake);
        _stakes.lock(msg.sender, TaskId.unwrap(taskId), roster.stake);
    }

    /// @dev Notes what caller and operator have to do with the task from now on, and refuses what must not meet.
    function _engage(TaskId taskId, Task storage task, Role role, address operator) private {
        uint8 engaged = uint8(1 << uint8(role));
        uint8 operates = engaged << OPERATOR_SHIFT;
        bool taken = task.engagements[operator] & operates != 0;
        require(!taken, Registry_OperatorTaken(taskId, role, operator));

        task.engagements[msg.sender] |= engaged;
        task.engagements[operator] |= engaged | operates;
        _requireImpartial(taskId, task, msg.sender);
        _requireImpartial(taskId, task, operator);
    }

    function _requireImpartial(TaskId taskId, Task storage task, address account) private view {
        uint8 engagement = task.engagements[account];
        bool interested = account == task.client || engagement & MINES != 0;
        bool conflict = interested && engagement & EVALUATES != 0;
        require(!conflict, Registry_ConflictOfInterest(taskId, account));
    }
}
