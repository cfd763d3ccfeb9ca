// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Member, Task} from "../types/TaskStorage.sol";
import {Phase, Role, TaskId} from "../types/TaskTypes.sol";
import {TaskConviction} from "./TaskConviction.sol";
import {TaskPhases} from "./TaskPhases.sol";

/// @title TaskDisputes
/// @notice What the court does to a task's places: holds up their windows, and convicts them.
abstract contract TaskDisputes is TaskPhases {
    modifier onlyCourt() {
        require(msg.sender == _court, Registry_NotTheCourt(msg.sender));
        _;
    }

    /// @inheritdoc ITaskRegistry
    function suspend(TaskId taskId, Role role, uint8 index) external onlyCourt {
        _advance(taskId);
        Task storage task = _tasks[taskId];
        Member storage member = _requireConvictable(taskId, task, role, index);
        if (member.suspendedAt != 0) return;

        _moveDeadline(task);
        member.suspendedAt = SafeCast.toUint40(block.number);
        ++task.suspended;
        emit MemberSuspended(taskId, role, index);
    }

    /// @inheritdoc ITaskRegistry
    function resume(TaskId taskId, Role role, uint8 index) external onlyCourt {
        _advance(taskId);
        Task storage task = _tasks[taskId];
        Member storage member = task.members[role][index];
        if (member.suspendedAt == 0) return;

        _moveDeadline(task);
        uint40 pausedBlocks = member.pausedBlocks + SafeCast.toUint40(block.number - member.suspendedAt);
        (member.suspendedAt, member.pausedBlocks) = (0, pausedBlocks);
        --task.suspended;
        if (role == Role.Miner) task.longestPause = SafeCast.toUint40(Math.max(task.longestPause, pausedBlocks));
        emit MemberResumed(taskId, role, index, pausedBlocks);
        _advance(taskId);
    }

    /// @inheritdoc ITaskRegistry
    function convict(TaskId taskId, Role role, uint8 index, address accuser) external onlyCourt nonReentrant {
        Phase phase = _advance(taskId);
        Task storage task = _tasks[taskId];
        _requireConvictable(taskId, task, role, index);

        _moveDeadline(task);
        TaskConviction.convict(task, isBanned, _stakes, taskId, role, index, accuser);
        // Submissions start over. Every attempt but the first costs a slot its stake, so there are at most as many as slots.
        if (phase == Phase.Submission) _enterNow(taskId, task, Phase.Submission);
        _advance(taskId);
    }

    function _requireConvictable(
        TaskId taskId,
        Task storage task,
        Role role,
        uint8 index
    ) private view returns (Member storage member) {
        task.requireNotClosed(taskId);
        member = task.members[role][index];
        bool accountable = role == Role.Miner || (role == Role.Evaluator && task.roster(role).done.has(index));
        bool convictable = accountable && member.owner != address(0) && !member.convicted;
        require(convictable, Registry_NotConvictable(taskId, role, index));
    }
}
