// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Places} from "../types/Places.sol";
import {ScoreTally, StateTally, Task} from "../types/TaskStorage.sol";
import {Role, Score, TaskId} from "../types/TaskTypes.sol";

/// @title TaskBallots
/// @notice Slots vote for the final state, evaluators for its score. Linked to the registry and run in its storage, for
/// the room that code takes; the registry has checked the phase.
library TaskBallots {
    /// @notice See {ITaskRegistry-submitState}.
    function submitState(
        Task storage task,
        TaskId taskId,
        uint8 slot,
        bytes32 stateId,
        uint128 includedSlots
    ) external {
        task.requireMember(taskId, Role.Miner, slot);
        require(!task.dropped.has(slot), ITaskRegistry.Registry_SlotIsDropped(taskId, slot));
        require(task.started.has(slot), ITaskRegistry.Registry_NothingCommitted(taskId, slot));
        require(stateId != 0, ITaskRegistry.Registry_Empty("stateId"));
        Places included = _requireIncludable(taskId, task, includedSlots);
        task.markDone(taskId, Role.Miner, slot);

        task.submissions[slot] = stateId;
        StateTally storage tally = task.stateTallies[task.stateChoice(stateId, included)];
        uint8 votes = tally.votes + 1;
        (tally.voters, tally.votes) = (tally.voters.with(slot), votes);
        if (votes > task.stateVotes) {
            task.stateVotes = votes;
            task.finalState = stateId;
            task.includedSlots = included;
        }
        emit ITaskRegistry.StateSubmitted(taskId, slot, stateId, includedSlots, votes);
    }

    /// @notice See {ITaskRegistry-commitScore}.
    function commitScore(Task storage task, TaskId taskId, uint8 evaluator, bytes32 sealedScore) external {
        task.requireMember(taskId, Role.Evaluator, evaluator);
        require(sealedScore != 0, ITaskRegistry.Registry_Empty("sealedScore"));
        bool isSealed = task.sealers.has(evaluator);
        require(!isSealed, ITaskRegistry.Registry_AlreadyDone(taskId, Role.Evaluator, evaluator));

        task.sealers = task.sealers.with(evaluator);
        task.ballots[evaluator] = sealedScore;
        emit ITaskRegistry.ScoreSealed(taskId, evaluator, sealedScore);
    }

    /// @notice See {ITaskRegistry-revealScore}.
    function revealScore(
        Task storage task,
        TaskId taskId,
        uint8 evaluator,
        Score calldata score,
        bytes32 salt
    ) external {
        address operator = task.requireMember(taskId, Role.Evaluator, evaluator).operator;
        bytes32 sealedScore = task.ballots[evaluator];
        bytes32 opened = keccak256(abi.encode(taskId, operator, score.correct, score.loss, score.root, salt));
        require(sealedScore != 0, ITaskRegistry.Registry_NothingSealed(taskId, evaluator));
        task.markDone(taskId, Role.Evaluator, evaluator);
        require(opened == sealedScore, ITaskRegistry.Registry_SealMismatch(taskId, sealedScore, opened));

        bytes32 choice = keccak256(abi.encode(score));
        ScoreTally storage tally = task.scoreTallies[choice];
        require(!tally.struck, ITaskRegistry.Registry_ScoreIsStruck(taskId, score));
        uint8 votes = tally.votes + 1;
        (tally.voters, tally.votes) = (tally.voters.with(evaluator), votes);
        task.ballots[evaluator] = choice;
        if (votes == 1) {
            tally.score = score;
            task.scores.push(choice);
        }
        if (votes > task.scoreTallies[task.leadingScore].votes) task.leadingScore = choice;
        emit ITaskRegistry.ScoreRevealed(taskId, evaluator, score, votes);
    }

    function _requireIncludable(TaskId taskId, Task storage task, uint128 includedSlots) private view returns (Places) {
        uint128 started = Places.unwrap(task.started);
        bool includable = includedSlots != 0 && includedSlots & ~started == 0;
        require(includable, ITaskRegistry.Registry_NotIncludable(taskId, includedSlots, started));
        // A subset of `started`, so it fits.
        return Places.wrap(uint80(includedSlots));
    }
}
