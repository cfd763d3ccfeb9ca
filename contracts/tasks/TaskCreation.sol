// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {ITemplate} from "../interfaces/ITemplate.sol";
import {TaskRules} from "../libraries/TaskRules.sol";
import {Roster, Task} from "../types/TaskStorage.sol";
import {Phase, Role, TaskId, TaskParameters} from "../types/TaskTypes.sol";

/// @title TaskCreation
/// @notice Checks and stores a new task. Linked to the registry and run in its storage, for the room that code takes.
library TaskCreation {
    function create(
        mapping(TaskId => Task) storage tasks,
        ITemplate template,
        TaskParameters calldata parameters
    ) external returns (TaskId taskId) {
        TaskRules.requireValid(parameters);
        (uint64 macs, uint32 batches) = template.check(parameters.program);
        taskId = TaskId.wrap(
            keccak256(abi.encode(block.chainid, address(this), msg.sender, parameters.specHash, parameters.salt))
        );
        Task storage task = tasks[taskId];
        require(task.phase == Phase.None, ITaskRegistry.Registry_TaskExists(taskId));

        _store(task, parameters);
        task.macs = macs;
        emit ITaskRegistry.TaskCreated(taskId, msg.sender, parameters, macs, batches);
    }

    /// @dev Keeps what later calls need; everything else stays in the event.
    function _store(Task storage task, TaskParameters calldata p) private {
        task.client = msg.sender;
        task.iterations = p.iterations;
        task.baseline = p.baseline;
        task.goal = p.goal;
        task.segmentLength = p.segmentLength;
        task.attestations = p.attestations;
        task.minSlots = p.minSlots;
        task.maxSilentEpochs = p.maxSilentEpochs;
        task.fee = p.fee;
        task.shares = p.shares;
        task.durations = p.durations;
        task.parametersHash = keccak256(abi.encode(p));
        task.testCommitment = p.testCommitment;
        _open(task, Role.Miner, p.slots, p.minerStake);
        _open(task, Role.Supervisor, p.supervisors, p.supervisorStake);
        _open(task, Role.Evaluator, p.evaluators, p.evaluatorStake);
    }

    function _open(Task storage task, Role role, uint8 wanted, uint128 stake) private {
        Roster storage roster = task.roster(role);
        roster.wanted = wanted;
        roster.stake = stake;
    }
}
