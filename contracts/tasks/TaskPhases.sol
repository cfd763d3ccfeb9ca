// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Lottery} from "../types/AssignmentTypes.sol";
import {Places, PlacesLib} from "../types/Places.sol";
import {Roster, Task} from "../types/TaskStorage.sol";
import {Phase, Role, TaskId} from "../types/TaskTypes.sol";
import {TaskBase} from "./TaskBase.sol";

/// @title TaskPhases
/// @notice The phase machine: which phase follows when ({_after}), and until when it lasts ({_deadline}). Both only read,
/// so that views and transactions see the same.
/// @dev While places are suspended by disputes, Submission and Closing stand still: their deadline moves on with the
/// clock ({_heldFor}). What has accrued is added to `phaseEndsAt` whenever the number of suspended places changes
/// ({_moveDeadline}), so a stored deadline never has to be recomputed from the past.
abstract contract TaskPhases is TaskBase {
    /// @dev For calls that belong in one phase: carries out what is due before, and what the call brought about after.
    modifier during(TaskId taskId, Phase phase) {
        Phase current = _advance(taskId);
        require(current == phase, Registry_WrongPhase(taskId, current));
        _;
        _advance(taskId);
    }

    /// @inheritdoc ITaskRegistry
    function advance(TaskId taskId) external returns (Phase) {
        return _advance(taskId);
    }

    function _advance(TaskId taskId) internal returns (Phase phase) {
        Task storage task = _tasks[taskId];
        phase = task.phase;
        require(phase != Phase.None, Registry_UnknownTask(taskId));
        uint64 endsAt = task.phaseEndsAt;
        uint64 began = SafeCast.toUint64(block.timestamp);
        while (true) {
            Phase next;
            (next, began) = _next(task, phase, endsAt, began);
            if (next == phase) return phase;
            (phase, endsAt) = (next, _deadline(task, next, began));
            _enter(taskId, task, phase, endsAt);
        }
    }

    /// @dev The phase and its deadline as {_advance} would leave them.
    function _current(Task storage task) internal view returns (Phase phase, uint64 endsAt) {
        (phase, endsAt) = (task.phase, task.phaseEndsAt);
        uint64 began = SafeCast.toUint64(block.timestamp);
        while (true) {
            Phase next;
            (next, began) = _next(task, phase, endsAt, began);
            if (next == phase) return (phase, endsAt + _heldFor(task, phase, endsAt));
            (phase, endsAt) = (next, _deadline(task, next, began));
        }
    }

    /// @dev Enters a phase that a call brings about by itself, now.
    function _enterNow(TaskId taskId, Task storage task, Phase phase) internal {
        _enter(taskId, task, phase, _deadline(task, phase, SafeCast.toUint64(block.timestamp)));
    }

    /// @dev To be called, with no transition due, before the number of suspended places changes.
    function _moveDeadline(Task storage task) internal {
        task.phaseEndsAt += _heldFor(task, task.phase, task.phaseEndsAt);
        task.heldSince = SafeCast.toUint40(block.timestamp);
    }

    function _enter(TaskId taskId, Task storage task, Phase phase, uint64 endsAt) private {
        task.phase = phase;
        task.phaseEndsAt = endsAt;
        if (phase == Phase.Seeding) task.seedBase = SafeCast.toUint64(block.number);
        emit PhaseEntered(taskId, phase, endsAt);
        if (phase == Phase.Training) _begin(taskId, task);
    }

    /// @dev The token is the suite's own, which calls nobody back: it can be called in the midst of other transitions.
    function _begin(TaskId taskId, Task storage task) private {
        task.trainingSeed = task.seed;
        task.startEpoch = _beacon.currentEpoch();
        uint256 burned = task.shareOf(task.shares.burn);
        // A share of the fee, so it fits.
        task.burned = uint128(burned);
        emit TrainingBegun(taskId, task.trainingSeed, burned);
        _token.burn(burned);
    }

    /// @dev The phase that follows `phase` now, or `phase` itself, and since when. A phase that its deadline ended, ended
    /// then, whenever somebody notices. One that an event ended, ended with it: now, since every event is a call that
    /// notices it, or, if the event came before the phase, as soon as it began.
    /// @param began now for the phase that is stored, else when `phase` began
    function _next(
        Task storage task,
        Phase phase,
        uint64 endsAt,
        uint64 began
    ) private view returns (Phase next, uint64 since) {
        next = _after(task, phase, false);
        if (next != phase) return (next, began);
        endsAt += _heldFor(task, phase, endsAt);
        bool over = endsAt != 0 && block.timestamp >= endsAt;
        return over ? (_after(task, phase, true), endsAt) : (phase, began);
    }

    /// @dev The transition table: the phase that follows `phase`, or `phase` itself while it lasts; `over` if its deadline
    /// has passed. The transitions into Drawing, EvaluationCommit and Settled, an early end of Registration, and cancellation, are calls of
    /// their own.
    function _after(Task storage task, Phase phase, bool over) private view returns (Phase) {
        if (phase == Phase.Registration) return _afterRegistration(task, over);
        if (phase == Phase.Seeding && over) return Phase.Cancelled;
        if (phase == Phase.Drawing) return _afterDrawing(task, over);
        if (phase == Phase.Joining) return _afterJoining(task, over);
        if (phase == Phase.Training) return _afterTraining(task, over);
        if (phase == Phase.Submission) return _afterSubmission(task, over);
        if (phase == Phase.Reveal && over) return Phase.Closing;
        if (phase == Phase.EvaluationCommit && (over || _allSealed(task))) return Phase.EvaluationReveal;
        if (phase == Phase.EvaluationReveal && (over || _allRevealed(task))) return Phase.Closing;
        return phase;
    }

    function _afterRegistration(Task storage task, bool over) private view returns (Phase) {
        if (!over) return Phase.Registration;
        (uint256 miners, uint256 supervisors, uint256 evaluators) = _applied(task);
        return _isEnough(task, miners, supervisors, evaluators) ? Phase.Seeding : Phase.Cancelled;
    }

    function _afterDrawing(Task storage task, bool over) private view returns (Phase) {
        Lottery storage miners = task.lottery(Role.Miner);
        Lottery storage supervisors = task.lottery(Role.Supervisor);
        Lottery storage evaluators = task.lottery(Role.Evaluator);
        bool all =
            miners.drawn == miners.applied &&
                supervisors.drawn == supervisors.applied &&
                evaluators.drawn == evaluators.applied;
        if (!all && !over) return Phase.Drawing;
        return _isEnough(task, miners.drawn, supervisors.drawn, evaluators.drawn) ? Phase.Joining : Phase.Cancelled;
    }

    function _afterJoining(Task storage task, bool over) private view returns (Phase) {
        bool all = _isTaken(task, Role.Miner) && _isTaken(task, Role.Supervisor) && _isTaken(task, Role.Evaluator);
        if (!all && !over) return Phase.Joining;
        uint256 miners = task.roster(Role.Miner).joined;
        uint256 supervisors = task.roster(Role.Supervisor).joined;
        uint256 evaluators = task.roster(Role.Evaluator).joined;
        return _isEnough(task, miners, supervisors, evaluators) ? Phase.Training : Phase.Cancelled;
    }

    /// @dev Whether every place is taken, or everybody who drew has joined or declined.
    function _isTaken(Task storage task, Role role) private view returns (bool) {
        Roster storage roster = task.roster(role);
        Lottery storage lottery = task.lottery(role);
        return roster.joined == roster.wanted || lottery.drawn == lottery.declined + roster.joined;
    }

    /// @dev How many have applied for each role.
    function _applied(
        Task storage task
    ) internal view returns (uint256 miners, uint256 supervisors, uint256 evaluators) {
        return (
            task.lottery(Role.Miner).applied,
            task.lottery(Role.Supervisor).applied,
            task.lottery(Role.Evaluator).applied
        );
    }

    /// @dev Whether a task can go on with so many in each role.
    function _isEnough(
        Task storage task,
        uint256 miners,
        uint256 supervisors,
        uint256 evaluators
    ) internal view returns (bool) {
        return miners >= task.minSlots && supervisors >= task.roster(Role.Supervisor).wanted && evaluators != 0;
    }

    function _afterTraining(Task storage task, bool over) private view returns (Phase) {
        Places slots = PlacesLib.first(task.roster(Role.Miner).joined);
        if ((slots - task.dropped).isEmpty()) return Phase.Failed;
        bool ended = over || (slots - task.dropped - task.finished).isEmpty();
        return ended ? Phase.Submission : Phase.Training;
    }

    function _afterSubmission(Task storage task, bool over) private view returns (Phase) {
        Places submitted = task.roster(Role.Miner).done;
        bool ended = over || (task.started - task.dropped - submitted).isEmpty();
        // Whoever is convicted now is left out of the final state; later it is too late for that.
        if (!ended || task.suspended != 0) return Phase.Submission;
        return task.stateVotes == 0 ? Phase.Failed : Phase.Reveal;
    }

    function _allSealed(Task storage task) private view returns (bool) {
        return (PlacesLib.first(task.roster(Role.Evaluator).joined) - task.sealers).isEmpty();
    }

    function _allRevealed(Task storage task) private view returns (bool) {
        return (task.sealers - task.roster(Role.Evaluator).done).isEmpty();
    }

    /// @dev Seconds for which the phase that is to end at `endsAt` has been standing still. It began a duration before, or
    /// before `heldSince` if its deadline has been moved.
    function _heldFor(Task storage task, Phase phase, uint64 endsAt) private view returns (uint64) {
        if (task.suspended == 0 || (phase != Phase.Submission && phase != Phase.Closing)) return 0;
        uint256 since = Math.max(task.heldSince, endsAt - _durationOf(task, phase));
        return SafeCast.toUint64(block.timestamp - since);
    }

    /// @dev When `phase` ends at the latest if it began at `since`; 0 if it has no deadline.
    function _deadline(Task storage task, Phase phase, uint64 since) private view returns (uint64) {
        uint64 duration = _durationOf(task, phase);
        return duration == 0 ? 0 : since + duration;
    }

    function _durationOf(Task storage task, Phase phase) private view returns (uint32) {
        if (phase < Phase.Training) return task.durations.registration;
        if (phase == Phase.Training) return task.durations.training;
        if (phase == Phase.Submission) return task.durations.submission;
        if (phase == Phase.Reveal) return task.durations.reveal;
        if (phase == Phase.EvaluationCommit) return task.durations.evaluationCommit;
        if (phase == Phase.EvaluationReveal) return task.durations.evaluationReveal;
        if (phase == Phase.Closing) return challengeSeconds;
        return 0;
    }
}
