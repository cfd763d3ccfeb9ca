// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {IGristToken} from "../interfaces/IGristToken.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {ITemplate} from "../interfaces/ITemplate.sol";
import {Places} from "../types/Places.sol";
import {Commit, Phase, Role, TaskId} from "../types/TaskTypes.sol";
import {TaskBase} from "./TaskBase.sol";
import {TaskEvaluation} from "./TaskEvaluation.sol";
import {TaskRegistration} from "./TaskRegistration.sol";
import {TaskSettlement} from "./TaskSettlement.sol";
import {TaskTraining} from "./TaskTraining.sol";

/// @title TaskRegistry
/// @notice See {ITaskRegistry}. The parts follow the life of a task: {TaskRegistration}, {TaskTraining},
/// {TaskEvaluation}, {TaskSettlement}, on the phase machine of {TaskPhases}; here are the views.
contract TaskRegistry is TaskRegistration, TaskTraining, TaskEvaluation, TaskSettlement {
    /// @param token GRIST
    /// @param stakes must wire this contract as a module
    /// @param beacon epochs and randomness
    /// @param template of the programs of all tasks
    constructor(
        IGristToken token,
        IStakeManager stakes,
        IEpochBeacon beacon,
        ITemplate template
    ) TaskBase(token, stakes, beacon, template) {}

    /// @inheritdoc ITaskRegistry
    function wire(address mint) external onlyOnce {
        _mint = _requireContract(mint);
        emit MintWired(mint);
    }

    /// @inheritdoc ITaskRegistry
    function taskOf(TaskId taskId) external view returns (TaskView memory) {
        Task storage task = _tasks[taskId];
        (Phase phase, uint64 phaseEndsAt) = _current(task);
        return
            TaskView({
                client: task.client,
                phase: phase,
                phaseEndsAt: phaseEndsAt,
                slotsJoined: task.rosters[uint256(Role.Miner)].joined,
                supervisorsJoined: task.rosters[uint256(Role.Supervisor)].joined,
                evaluatorsJoined: task.rosters[uint256(Role.Evaluator)].joined,
                slots: task.rosters[uint256(Role.Miner)].wanted,
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
                score: task.score,
                scored: task.score.root != 0,
                burned: _burnedOf(task)
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
        Slot storage progress = task.slots[slot];
        return
            SlotView({
                owner: member.owner,
                operator: member.operator,
                next: progress.next,
                lastCommitEpoch: progress.lastCommitEpoch,
                head: progress.head,
                dropped: task.dropped.has(slot),
                submittedState: progress.submittedState,
                submittedSlots: Places.unwrap(progress.submittedSlots)
            });
    }

    /// @inheritdoc ITaskRegistry
    function memberOf(TaskId taskId, Role role, uint8 index) external view returns (address owner, address operator) {
        Member storage member = _tasks[taskId].members[role][index];
        return (member.owner, member.operator);
    }

    /// @inheritdoc ITaskRegistry
    function commitOf(TaskId taskId, uint8 slot, uint64 epoch) external view returns (Commit memory) {
        return _tasks[taskId].commits[slot][epoch];
    }
}
