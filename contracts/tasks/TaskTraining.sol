// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Member, Task} from "../types/TaskStorage.sol";
import {Commit, Phase, Role, TaskId} from "../types/TaskTypes.sol";
import {TaskPhases} from "./TaskPhases.sol";

/// @title TaskTraining
/// @notice Slots commit their heads epoch by epoch, silent ones are dropped.
abstract contract TaskTraining is TaskPhases {
    /// @inheritdoc ITaskRegistry
    function commit(
        TaskId taskId,
        uint8 slot,
        uint32 last,
        bytes32 segmentId,
        bytes32 segmentsRoot
    ) external during(taskId, Phase.Training) {
        Task storage task = _tasks[taskId];
        Member storage member = task.requireMember(taskId, Role.Miner, slot);
        uint32 first = member.next;
        uint64 epoch = _beacon.currentEpoch();
        require(!task.dropped.has(slot), Registry_SlotIsDropped(taskId, slot));
        _requireSegmentEnd(taskId, task, slot, first, last);
        require(segmentId != 0, Registry_Empty("segmentId"));
        require(segmentsRoot != 0, Registry_Empty("segmentsRoot"));
        require(task.commits[slot][epoch].segmentId == 0, Registry_AlreadyCommitted(taskId, slot, epoch));

        task.commits[slot][epoch] = Commit(first, last, segmentId, segmentsRoot);
        (member.next, member.lastCommitEpoch) = (last + 1, epoch);
        task.lastCommitEpoch = epoch;
        task.started = task.started.with(slot);
        if (last + 1 == task.iterations) task.finished = task.finished.with(slot);
        workIn[epoch] += uint256(last + 1 - first) * task.macs;
        emit Committed(taskId, slot, epoch, first, last, segmentId, segmentsRoot);
    }

    /// @inheritdoc ITaskRegistry
    function dropSilent(TaskId taskId, uint8 slot) external during(taskId, Phase.Training) {
        Task storage task = _tasks[taskId];
        bool taken = slot < task.roster(Role.Miner).joined;
        require(taken, Registry_NotAMember(taskId, Role.Miner, slot, address(0)));
        require(!task.dropped.has(slot), Registry_SlotIsDropped(taskId, slot));
        require(!task.finished.has(slot), Registry_SlotIsFinished(taskId, slot));
        // The epoch of the last sign of life was not a whole silent one, and the current one is not over.
        uint256 heard = Math.max(task.members[Role.Miner][slot].lastCommitEpoch, task.startEpoch);
        uint64 droppableFrom = SafeCast.toUint64(heard + task.maxSilentEpochs + 1);
        require(_beacon.currentEpoch() >= droppableFrom, Registry_NotSilent(taskId, slot, droppableFrom));

        task.dropped = task.dropped.with(slot);
        emit SlotDropped(taskId, slot);
    }

    function _requireSegmentEnd(TaskId taskId, Task storage task, uint8 slot, uint32 first, uint32 last) private view {
        uint32 iterations = task.iterations;
        uint16 length = task.segmentLength;
        bool inside = first <= last && last < iterations;
        require(inside, Registry_LastOutOfRange(taskId, slot, last, first, iterations));
        bool whole = (last + 1) % length == 0 || last + 1 == iterations;
        require(whole, Registry_NotASegmentEnd(taskId, last, length));
    }
}
