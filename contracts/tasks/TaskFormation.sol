// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {ITemplate} from "../interfaces/ITemplate.sol";
import {TaskRules} from "../libraries/TaskRules.sol";
import {Member, Roster, Task} from "../types/TaskStorage.sol";
import {Phase, Role, TaskId, TaskParameters} from "../types/TaskTypes.sol";

/// @title TaskFormation
/// @notice A task comes into being and its places fill. Linked to the registry and run in its storage, for the room that
/// code takes; the registry has checked the phase.
library TaskFormation {
    // What an account has to do with a task, as bits of `Task.engagements`. Bits 0 to 2: owner or operator of a place of
    // Role 0 to 2. Bits 3 to 5: operator of a place of that role.
    uint8 private constant MINES = uint8(1 << uint8(Role.Miner));
    uint8 private constant EVALUATES = uint8(1 << uint8(Role.Evaluator));
    uint8 private constant OPERATOR_SHIFT = 3;

    /// @notice See {ITaskRegistry-createTask}.
    /// @param encoded abi.encode of the {TaskParameters}
    function create(
        mapping(TaskId => Task) storage tasks,
        ITemplate template,
        bytes calldata encoded
    ) external returns (TaskId taskId) {
        TaskParameters memory parameters = abi.decode(encoded, (TaskParameters));
        TaskRules.requireValid(parameters);
        (uint64 macs, uint32 batches) = template.check(parameters.program);
        taskId = TaskId.wrap(
            keccak256(abi.encode(block.chainid, address(this), msg.sender, parameters.specHash, parameters.salt))
        );
        Task storage task = tasks[taskId];
        require(task.phase == Phase.None, ITaskRegistry.Registry_TaskExists(taskId));

        _store(task, parameters);
        task.macs = macs;
        emit ITaskRegistry.TaskCreated(taskId, msg.sender, parameters, macs, batches);
    }

    /// @notice See {ITaskRegistry-join}.
    function join(
        Task storage task,
        IStakeManager stakes,
        TaskId taskId,
        Role role,
        address operator
    ) external returns (uint8 index) {
        Roster storage roster = task.roster(role);
        index = roster.joined;
        require(index < roster.wanted, ITaskRegistry.Registry_RoleFull(taskId, role, roster.wanted));
        require(operator != address(0), ITaskRegistry.Registry_NoOperator(taskId));
        _engage(task, taskId, role, operator);

        roster.joined = index + 1;
        Member storage member = task.members[role][index];
        (member.owner, member.operator) = (msg.sender, operator);
        emit ITaskRegistry.MemberJoined(taskId, role, index, msg.sender, operator, roster.stake);
        stakes.lock(msg.sender, TaskId.unwrap(taskId), roster.stake);
    }

    /// @dev Notes what caller and operator have to do with the task from now on, and refuses what must not meet.
    function _engage(Task storage task, TaskId taskId, Role role, address operator) private {
        uint8 engaged = uint8(1 << uint8(role));
        uint8 operates = engaged << OPERATOR_SHIFT;
        bool taken = task.engagements[operator] & operates != 0;
        require(!taken, ITaskRegistry.Registry_OperatorTaken(taskId, role, operator));

        task.engagements[msg.sender] |= engaged;
        task.engagements[operator] |= engaged | operates;
        _requireImpartial(task, taskId, msg.sender);
        _requireImpartial(task, taskId, operator);
    }

    function _requireImpartial(Task storage task, TaskId taskId, address account) private view {
        uint8 engagement = task.engagements[account];
        bool interested = account == task.client || engagement & MINES != 0;
        bool conflict = interested && engagement & EVALUATES != 0;
        require(!conflict, ITaskRegistry.Registry_ConflictOfInterest(taskId, account));
    }

    /// @dev Keeps what later calls need; everything else stays in the event.
    function _store(Task storage task, TaskParameters memory p) private {
        task.client = msg.sender;
        task.iterations = p.iterations;
        task.baseline = p.baseline;
        task.goal = p.goal;
        task.segmentLength = p.segmentLength;
        task.attestations = p.attestations;
        task.minSlots = p.minSlots;
        task.maxSilentEpochs = p.maxSilentEpochs;
        task.fee = p.fee;
        task.shares = p.shares;
        task.durations = p.durations;
        task.parametersHash = keccak256(abi.encode(p));
        task.testCommitment = p.testCommitment;
        _open(task, Role.Miner, p.slots, p.minerStake);
        _open(task, Role.Supervisor, p.supervisors, p.supervisorStake);
        _open(task, Role.Evaluator, p.evaluators, p.evaluatorStake);
    }

    function _open(Task storage task, Role role, uint8 wanted, uint128 stake) private {
        Roster storage roster = task.roster(role);
        roster.wanted = wanted;
        roster.stake = stake;
    }
}
