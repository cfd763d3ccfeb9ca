// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {TaskRules} from "../libraries/TaskRules.sol";
import {Task} from "../types/TaskStorage.sol";
import {Phase, Score, TaskId} from "../types/TaskTypes.sol";
import {TaskBallots} from "./TaskBallots.sol";
import {TaskPhases} from "./TaskPhases.sol";

/// @title TaskEvaluation
/// @notice Slots agree on the final state, evaluators on the score.
abstract contract TaskEvaluation is TaskPhases {
    /// @inheritdoc ITaskRegistry
    function submitState(
        TaskId taskId,
        uint8 slot,
        bytes32 stateId,
        uint128 includedSlots
    ) external during(taskId, Phase.Submission) {
        TaskBallots.submitState(_tasks[taskId], taskId, slot, stateId, includedSlots);
    }

    /// @inheritdoc ITaskRegistry
    function revealTestSet(
        TaskId taskId,
        bytes32 testRoot,
        uint32 testBatches,
        bytes32 salt,
        string calldata manifest
    ) external during(taskId, Phase.Reveal) {
        Task storage task = _tasks[taskId];
        bytes32 opened = keccak256(abi.encode(testRoot, testBatches, salt));
        require(msg.sender == task.client, Registry_NotTheClient(msg.sender, task.client));
        require(opened == task.testCommitment, Registry_SealMismatch(taskId, task.testCommitment, opened));
        require(testRoot != 0, Registry_Empty("testRoot"));
        require(testBatches != 0, Registry_Empty("testBatches"));
        TaskRules.requireAddress("manifest.length", bytes(manifest).length);

        task.testRoot = testRoot;
        task.testBatches = testBatches;
        emit TestSetRevealed(taskId, testRoot, testBatches, manifest);
        _enterNow(taskId, task, Phase.EvaluationCommit);
    }

    /// @inheritdoc ITaskRegistry
    function commitScore(
        TaskId taskId,
        uint8 evaluator,
        bytes32 sealedScore
    ) external during(taskId, Phase.EvaluationCommit) {
        TaskBallots.commitScore(_tasks[taskId], taskId, evaluator, sealedScore);
    }

    /// @inheritdoc ITaskRegistry
    function revealScore(
        TaskId taskId,
        uint8 evaluator,
        Score calldata score,
        bytes32 salt
    ) external during(taskId, Phase.EvaluationReveal) {
        TaskBallots.revealScore(_tasks[taskId], taskId, evaluator, score, salt);
    }
}
