// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {TaskRules} from "../libraries/TaskRules.sol";
import {Places} from "../types/Places.sol";
import {ScoreTally, StateTally, Submission, Task} from "../types/TaskStorage.sol";
import {Phase, Role, Score, TaskId} from "../types/TaskTypes.sol";
import {TaskPhases} from "./TaskPhases.sol";

/// @title TaskEvaluation
/// @notice Slots agree on the final state, supervisors hand in their logs, evaluators agree on the score.
abstract contract TaskEvaluation is TaskPhases {
    /// @inheritdoc ITaskRegistry
    function submitState(
        TaskId taskId,
        uint8 slot,
        bytes32 stateId,
        uint128 includedSlots
    ) external during(taskId, Phase.Submission) {
        Task storage task = _tasks[taskId];
        _requireMember(taskId, task, Role.Miner, slot);
        require(!task.dropped.has(slot), Registry_SlotIsDropped(taskId, slot));
        require(task.started.has(slot), Registry_NothingCommitted(taskId, slot));
        require(stateId != 0, Registry_Empty("stateId"));
        Places included = _requireIncludable(taskId, task, includedSlots);
        _do(taskId, task, Role.Miner, slot);

        task.submissions[slot] = Submission(stateId, included);
        StateTally storage tally = task.states[task.stateChoice(stateId, included)];
        uint8 votes = tally.votes + 1;
        (tally.voters, tally.votes) = (tally.voters.with(slot), votes);
        if (votes > task.stateVotes) {
            task.stateVotes = votes;
            task.finalState = stateId;
            task.includedSlots = included;
        }
        emit StateSubmitted(taskId, slot, stateId, includedSlots, votes);
    }

    /// @inheritdoc ITaskRegistry
    function submitLog(TaskId taskId, uint8 supervisor, bytes32 logRoot, uint32 messages) external {
        Phase phase = _advance(taskId);
        require(phase >= Phase.Submission && phase <= Phase.Closing, Registry_WrongPhase(taskId, phase));
        Task storage task = _tasks[taskId];
        _requireNotClosed(taskId, task);
        _requireMember(taskId, task, Role.Supervisor, supervisor);
        require(logRoot != 0, Registry_Empty("logRoot"));
        _do(taskId, task, Role.Supervisor, supervisor);

        emit LogSubmitted(taskId, supervisor, logRoot, messages);
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
        TaskRules.requireAddress("manifest.length", manifest);

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
        Task storage task = _tasks[taskId];
        _requireMember(taskId, task, Role.Evaluator, evaluator);
        require(sealedScore != 0, Registry_Empty("sealedScore"));
        require(!task.sealers.has(evaluator), Registry_AlreadyDone(taskId, Role.Evaluator, evaluator));

        task.sealers = task.sealers.with(evaluator);
        task.ballots[evaluator] = sealedScore;
        emit ScoreSealed(taskId, evaluator, sealedScore);
    }

    /// @inheritdoc ITaskRegistry
    function revealScore(
        TaskId taskId,
        uint8 evaluator,
        Score calldata score,
        bytes32 salt
    ) external during(taskId, Phase.EvaluationReveal) {
        Task storage task = _tasks[taskId];
        address operator = _requireMember(taskId, task, Role.Evaluator, evaluator).operator;
        bytes32 sealedScore = task.ballots[evaluator];
        bytes32 opened = keccak256(abi.encode(taskId, operator, score.correct, score.loss, score.root, salt));
        require(sealedScore != 0, Registry_NothingSealed(taskId, evaluator));
        _do(taskId, task, Role.Evaluator, evaluator);
        require(opened == sealedScore, Registry_SealMismatch(taskId, sealedScore, opened));

        bytes32 choice = keccak256(abi.encode(score));
        task.ballots[evaluator] = choice;
        uint8 votes = _count(taskId, task, choice, score, evaluator);
        emit ScoreRevealed(taskId, evaluator, score, votes);
    }

    /// @dev Returns how many votes there are for the score now.
    function _count(
        TaskId taskId,
        Task storage task,
        bytes32 choice,
        Score calldata score,
        uint8 evaluator
    ) private returns (uint8 votes) {
        ScoreTally storage tally = task.tallies[choice];
        require(!tally.struck, Registry_ScoreIsStruck(taskId, score));
        votes = tally.votes + 1;
        if (votes == 1) {
            tally.score = score;
            task.scores.push(choice);
        }
        (tally.voters, tally.votes) = (tally.voters.with(evaluator), votes);
        if (votes > task.tallies[task.leadingScore].votes) task.leadingScore = choice;
    }

    function _requireIncludable(TaskId taskId, Task storage task, uint128 includedSlots) private view returns (Places) {
        uint128 started = Places.unwrap(task.started);
        bool includable = includedSlots != 0 && includedSlots & ~started == 0;
        require(includable, Registry_NotIncludable(taskId, includedSlots, started));
        // A subset of `started`, so it fits.
        return Places.wrap(uint80(includedSlots));
    }
}
