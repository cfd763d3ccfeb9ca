// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskAssignment} from "../interfaces/ITaskAssignment.sol";
import {Applicant, Lottery} from "../types/AssignmentTypes.sol";
import {Roster, Task} from "../types/TaskStorage.sol";
import {Phase, Role, TaskId} from "../types/TaskTypes.sol";
import {TaskLottery} from "./TaskLottery.sol";
import {TaskPhases} from "./TaskPhases.sol";

/// @title TaskAssignment
/// @notice Applicants, the seed, their draws, and who takes the places.
abstract contract TaskAssignment is TaskPhases {
    /// @dev Domain byte of the training seed (DESIGN section 8).
    bytes1 private constant SEED_DOMAIN = 0x0d;

    modifier notBanned() {
        require(!isBanned[msg.sender], Registry_IsBanned(msg.sender));
        _;
    }

    /// @inheritdoc ITaskAssignment
    function setProfile(bytes8 preferences) external {
        TaskLottery.setProfile(_profiles[msg.sender], preferences);
    }

    /// @inheritdoc ITaskAssignment
    function applyFor(TaskId taskId, Role role) external notBanned during(taskId, Phase.Registration) {
        TaskLottery.applyFor(_tasks[taskId], _stakes, taskId, role);
    }

    /// @inheritdoc ITaskAssignment
    function proveTaskSeed(TaskId taskId, bytes calldata header) external during(taskId, Phase.Seeding) {
        Task storage task = _tasks[taskId];
        bytes32 randomness = _beacon.proveRandomness(task.seedBase, header);
        task.seed = sha256(abi.encodePacked(SEED_DOMAIN, randomness, taskId));
        emit TaskSeeded(taskId, task.seed);
        _enterNow(taskId, task, Phase.Drawing);
    }

    /// @inheritdoc ITaskAssignment
    function drawRank(TaskId taskId, Role role, address previous) external notBanned during(taskId, Phase.Drawing) {
        TaskLottery.drawRank(_tasks[taskId], _stakes, _profiles[msg.sender], taskId, role, previous);
    }

    /// @inheritdoc ITaskAssignment
    function join(
        TaskId taskId,
        Role role,
        address operator
    ) external notBanned nonReentrant during(taskId, Phase.Joining) returns (uint8) {
        return TaskLottery.join(_tasks[taskId], _stakes, taskId, role, operator);
    }

    /// @inheritdoc ITaskAssignment
    function decline(TaskId taskId, Role role) external during(taskId, Phase.Joining) {
        TaskLottery.decline(_tasks[taskId], taskId, role);
    }

    /// @inheritdoc ITaskAssignment
    function passOn(TaskId taskId, Role role) external during(taskId, Phase.Joining) {
        TaskLottery.passOn(_tasks[taskId], taskId, role);
    }

    /// @inheritdoc ITaskAssignment
    function preferencesOf(address account, uint48 blockNumber) external view returns (bytes8) {
        return TaskLottery.preferencesAt(_profiles[account], blockNumber);
    }

    /// @inheritdoc ITaskAssignment
    function assignmentOf(TaskId taskId, Role role) external view returns (AssignmentView memory) {
        Task storage task = _tasks[taskId];
        Roster storage roster = task.roster(role);
        Lottery storage lottery = task.lottery(role);
        return
            AssignmentView({
                properties: task.properties,
                createdIn: task.createdIn,
                seed: task.seed,
                wanted: roster.wanted,
                joined: roster.joined,
                applied: lottery.applied,
                drawn: lottery.drawn,
                declined: lottery.declined,
                cutoff: lottery.cutoff
            });
    }

    /// @inheritdoc ITaskAssignment
    function applicantOf(TaskId taskId, Role role, address owner) external view returns (ApplicantView memory) {
        Task storage task = _tasks[taskId];
        Applicant storage applicant = task.lottery(role).applicants[owner];
        (Phase phase, uint64 endsAt) = _current(task);
        return
            ApplicantView({
                standing: applicant.standing,
                rank: applicant.rank,
                admitted: phase == Phase.Joining && TaskLottery.isAdmitted(task, role, owner, endsAt)
            });
    }
}
