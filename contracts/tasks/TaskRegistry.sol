// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {IGristToken} from "../interfaces/IGristToken.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ISupervisorLog} from "../interfaces/ISupervisorLog.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {ITemplate} from "../interfaces/ITemplate.sol";
import {Places} from "../types/Places.sol";
import {Member, Task} from "../types/TaskStorage.sol";
import {Commit, Phase, Role, Score, TaskId} from "../types/TaskTypes.sol";
import {TaskAssignment} from "./TaskAssignment.sol";
import {TaskBase} from "./TaskBase.sol";
import {TaskDisputes} from "./TaskDisputes.sol";
import {TaskEvaluation} from "./TaskEvaluation.sol";
import {TaskRegistration} from "./TaskRegistration.sol";
import {TaskSettlement} from "./TaskSettlement.sol";
import {TaskTraining} from "./TaskTraining.sol";

/// @title TaskRegistry
/// @notice See {ITaskRegistry}. The parts follow the life of a task: {TaskRegistration}, {TaskAssignment},
/// {TaskTraining}, {TaskEvaluation}, {TaskDisputes}, {TaskSettlement}, on the phase machine of {TaskPhases}; here are the
/// views. {TaskFormation}, {TaskLottery}, {TaskBallots}, {TaskConviction} and {TaskPayout} are linked.
contract TaskRegistry is TaskRegistration, TaskAssignment, TaskTraining, TaskEvaluation, TaskDisputes, TaskSettlement {
    /// @param token GRIST
    /// @param stakes must wire this contract as a module
    /// @param beacon epochs and randomness
    /// @param template of the programs of all tasks
    /// @param challengeSeconds_ for which the scores of a task can be challenged before it is settled
    constructor(
        IGristToken token,
        IStakeManager stakes,
        IEpochBeacon beacon,
        ITemplate template,
        uint32 challengeSeconds_
    ) TaskBase(token, stakes, beacon, template, challengeSeconds_) {}

    /// @inheritdoc ITaskRegistry
    function wire(address mint, address court, address log, address audits) external onlyOnce {
        _mint = _requireContract(mint);
        _court = _requireContract(court);
        _log = ISupervisorLog(_requireContract(log));
        _audits = _requireContract(audits);
        emit RegistryWired(mint, court, log, audits);
    }

    /// @inheritdoc ITaskRegistry
    function taskOf(TaskId taskId) external view returns (TaskView memory) {
        Task storage task = _tasks[taskId];
        (Phase phase, uint64 phaseEndsAt) = _current(task);
        Score memory score = task.scoreTallies[task.leadingScore].score;
        return
            TaskView({
                client: task.client,
                phase: phase,
                phaseEndsAt: phaseEndsAt,
                slotsJoined: task.roster(Role.Miner).joined,
                supervisorsJoined: task.roster(Role.Supervisor).joined,
                evaluatorsJoined: task.roster(Role.Evaluator).joined,
                slots: task.roster(Role.Miner).wanted,
                segmentLength: task.segmentLength,
                iterations: task.iterations,
                macs: task.macs,
                seedBase: task.seedBase,
                lastCommitEpoch: task.lastCommitEpoch,
                trainingSeed: task.trainingSeed,
                finalState: task.finalState,
                includedSlots: Places.unwrap(task.includedSlots),
                testRoot: task.testRoot,
                testBatches: task.testBatches,
                score: score,
                scored: score.root != 0,
                burned: task.burned
            });
    }

    /// @inheritdoc ITaskRegistry
    function parametersOf(TaskId taskId) external view returns (bytes32 parametersHash) {
        return _tasks[taskId].parametersHash;
    }

    /// @inheritdoc ITaskRegistry
    function slotOf(TaskId taskId, uint8 slot) external view returns (SlotView memory) {
        Task storage task = _tasks[taskId];
        Member storage member = task.members[Role.Miner][slot];
        bool submitted = task.roster(Role.Miner).done.has(slot);
        bytes32 leading = task.stateChoice(task.finalState, task.includedSlots);
        return
            SlotView({
                owner: member.owner,
                operator: member.operator,
                next: member.next,
                lastCommitEpoch: member.lastCommitEpoch,
                head: task.commits[slot][member.lastCommitEpoch].segmentId,
                dropped: task.dropped.has(slot),
                convicted: member.convicted,
                submittedState: submitted ? task.submissions[slot] : bytes32(0),
                agrees: submitted && task.stateTallies[leading].voters.has(slot)
            });
    }

    /// @inheritdoc ITaskRegistry
    function memberOf(TaskId taskId, Role role, uint8 index) external view returns (address owner, address operator) {
        Member storage member = _tasks[taskId].members[role][index];
        return (member.owner, member.operator);
    }

    /// @inheritdoc ITaskRegistry
    function placeOf(TaskId taskId, Role role, uint8 index) external view returns (PlaceView memory place) {
        Task storage task = _tasks[taskId];
        Member storage member = task.members[role][index];
        if (member.owner == address(0)) return place;
        return
            PlaceView({
                owner: member.owner,
                operator: member.operator,
                stake: task.roster(role).stake,
                convicted: member.convicted,
                suspended: member.suspendedAt != 0,
                pausedBlocks: member.pausedBlocks
            });
    }

    /// @inheritdoc ITaskRegistry
    function commitOf(TaskId taskId, uint8 slot, uint64 epoch) external view returns (Commit memory) {
        return _tasks[taskId].commits[slot][epoch];
    }

    /// @inheritdoc ITaskRegistry
    function claimContextOf(TaskId taskId, uint8 slot, uint64 epoch) external view returns (ClaimContext memory) {
        Task storage task = _tasks[taskId];
        Member storage member = task.members[Role.Miner][slot];
        Commit storage commit_ = task.commits[slot][epoch];
        uint256 pause = member.suspendedAt == 0 ? 0 : block.number - member.suspendedAt;
        return
            ClaimContext({
                owner: member.owner,
                operator: member.operator,
                dropped: task.dropped.has(slot),
                pausedBlocks: member.pausedBlocks + pause,
                stake: task.roster(Role.Miner).stake,
                macs: task.macs,
                segmentLength: task.segmentLength,
                first: commit_.first,
                last: commit_.last,
                segmentsRoot: commit_.segmentsRoot
            });
    }

    /// @inheritdoc ITaskRegistry
    function auditContextOf(TaskId taskId, uint8 slot, uint64 epoch) external view returns (AuditContext memory) {
        Task storage task = _tasks[taskId];
        Commit storage commit_ = task.commits[slot][epoch];
        return
            AuditContext({
                attestations: task.attestations,
                iterations: task.iterations,
                segmentLength: task.segmentLength,
                slots: task.roster(Role.Miner).joined,
                convicted: task.members[Role.Miner][slot].convicted,
                first: commit_.first,
                last: commit_.last,
                segmentsRoot: commit_.segmentsRoot
            });
    }

    /// @inheritdoc ITaskRegistry
    function burnedOf(TaskId taskId) external view returns (uint256) {
        return _tasks[taskId].burned;
    }

    /// @inheritdoc ITaskRegistry
    function trainingOf(TaskId taskId) external view returns (TrainingView memory) {
        Task storage task = _tasks[taskId];
        return
            TrainingView({
                parametersHash: task.parametersHash,
                trainingSeed: task.trainingSeed,
                macs: task.macs,
                iterations: task.iterations,
                segmentLength: task.segmentLength,
                slots: task.roster(Role.Miner).joined,
                phase: task.phase
            });
    }

    /// @inheritdoc ITaskRegistry
    function scoringOf(TaskId taskId) external view returns (ScoringView memory) {
        Task storage task = _tasks[taskId];
        return
            ScoringView({
                parametersHash: task.parametersHash,
                finalState: task.finalState,
                testRoot: task.testRoot,
                testBatches: task.testBatches,
                phase: task.phase
            });
    }

    /// @inheritdoc ITaskRegistry
    function scoreOf(TaskId taskId, uint8 evaluator) external view returns (Score memory score, bool revealed) {
        Task storage task = _tasks[taskId];
        revealed = task.roster(Role.Evaluator).done.has(evaluator);
        if (revealed) score = task.scoreTallies[task.ballots[evaluator]].score;
    }
}
