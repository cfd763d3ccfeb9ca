// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Role, TaskId} from "../types/TaskTypes.sol";

/// @title RegistryDouble
/// @notice Answers what a test tells it to, in the place of the TaskRegistry. Used by tests only.
contract RegistryDouble {
    event AttestationCredited(TaskId indexed taskId, address indexed verifier);

    mapping(TaskId => uint256) public burnedOf;
    mapping(TaskId => mapping(uint8 slot => mapping(uint64 epoch => ITaskRegistry.ClaimContext))) private _contexts;
    mapping(TaskId => mapping(Role => mapping(uint8 index => ITaskRegistry.PlaceView))) private _places;
    mapping(TaskId => mapping(uint8 slot => mapping(uint64 epoch => ITaskRegistry.AuditContext))) private _audits;
    mapping(uint64 epoch => uint256) public workIn;

    function setBurned(TaskId taskId, uint256 burned) external {
        burnedOf[taskId] = burned;
    }

    function setPlace(TaskId taskId, Role role, uint8 index, ITaskRegistry.PlaceView calldata place) external {
        _places[taskId][role][index] = place;
    }

    function setContext(TaskId taskId, uint8 slot, uint64 epoch, ITaskRegistry.ClaimContext calldata context) external {
        _contexts[taskId][slot][epoch] = context;
        workIn[epoch] = context.macs;
    }

    function setAuditContext(
        TaskId taskId,
        uint8 slot,
        uint64 epoch,
        ITaskRegistry.AuditContext calldata context
    ) external {
        _audits[taskId][slot][epoch] = context;
    }

    function creditAttestation(TaskId taskId, address verifier) external {
        emit AttestationCredited(taskId, verifier);
    }

    function placeOf(TaskId taskId, Role role, uint8 index) external view returns (ITaskRegistry.PlaceView memory) {
        return _places[taskId][role][index];
    }

    function auditContextOf(
        TaskId taskId,
        uint8 slot,
        uint64 epoch
    ) external view returns (ITaskRegistry.AuditContext memory) {
        return _audits[taskId][slot][epoch];
    }

    function claimContextOf(
        TaskId taskId,
        uint8 slot,
        uint64 epoch
    ) external view returns (ITaskRegistry.ClaimContext memory) {
        return _contexts[taskId][slot][epoch];
    }
}
