// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {ITemplate} from "../interfaces/ITemplate.sol";
import {Similarity} from "../libraries/Similarity.sol";
import {TaskRules} from "../libraries/TaskRules.sol";
import {Roster, Task} from "../types/TaskStorage.sol";
import {Phase, Role, TaskId, TaskParameters} from "../types/TaskTypes.sol";

/// @title TaskFormation
/// @notice A task comes into being. Linked to the registry and run in its storage, for the room that
/// code takes.
library TaskFormation {
    /// @notice See {ITaskRegistry-createTask}.
    /// @param encoded abi.encode of the {TaskParameters}
    function create(
        mapping(TaskId => Task) storage tasks,
        ITemplate template,
        bytes calldata encoded
    ) external returns (TaskId taskId) {
        TaskParameters memory parameters = abi.decode(encoded, (TaskParameters));
        TaskRules.requireValid(parameters);
        (uint64 macs, uint32 batches) = template.check(parameters.program);
        taskId = TaskId.wrap(
            keccak256(abi.encode(block.chainid, address(this), msg.sender, parameters.specHash, parameters.salt))
        );
        Task storage task = tasks[taskId];
        require(task.phase == Phase.None, ITaskRegistry.Registry_TaskExists(taskId));

        _store(task, parameters);
        task.macs = macs;
        task.createdIn = SafeCast.toUint48(block.number);
        task.properties = Similarity.propertiesOf(macs, parameters.iterations, batches, parameters.slots);
        emit ITaskRegistry.TaskCreated(taskId, msg.sender, parameters, macs, batches);
    }

    /// @dev Keeps what later calls need; everything else stays in the event.
    function _store(Task storage task, TaskParameters memory p) private {
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
