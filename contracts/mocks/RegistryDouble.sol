// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Commit, TaskId} from "../types/TaskTypes.sol";

/// @title RegistryDouble
/// @notice Answers what a test tells it to, in the place of the TaskRegistry. Used by tests only.
contract RegistryDouble {
    event AttestationCredited(TaskId indexed taskId, address indexed verifier);

    mapping(TaskId => ITaskRegistry.TaskView) private _tasks;
    mapping(TaskId => mapping(uint8 slot => ITaskRegistry.SlotView)) private _slots;
    mapping(TaskId => mapping(uint8 slot => mapping(uint64 epoch => Commit))) private _commits;
    mapping(uint64 epoch => uint256) public workIn;

    function setTask(TaskId taskId, ITaskRegistry.TaskView calldata task) external {
        _tasks[taskId] = task;
    }

    function setSlot(TaskId taskId, uint8 slot, ITaskRegistry.SlotView calldata slot_) external {
        _slots[taskId][slot] = slot_;
    }

    function setCommit(TaskId taskId, uint8 slot, uint64 epoch, Commit calldata commit, uint256 macs) external {
        _commits[taskId][slot][epoch] = commit;
        workIn[epoch] = macs;
    }

    function creditAttestation(TaskId taskId, address verifier) external {
        emit AttestationCredited(taskId, verifier);
    }

    function taskOf(TaskId taskId) external view returns (ITaskRegistry.TaskView memory) {
        return _tasks[taskId];
    }

    function slotOf(TaskId taskId, uint8 slot) external view returns (ITaskRegistry.SlotView memory) {
        return _slots[taskId][slot];
    }

    function commitOf(TaskId taskId, uint8 slot, uint64 epoch) external view returns (Commit memory) {
        return _commits[taskId][slot][epoch];
    }
}
