// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ITaskAssignment} from "../interfaces/ITaskAssignment.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Places} from "../types/Places.sol";
import {Member, Roster, ScoreTally, Task} from "../types/TaskStorage.sol";
import {Phase, Role, TaskId} from "../types/TaskTypes.sol";

/// @title TaskConviction
/// @notice What a lost dispute does to places of a task. Linked to the registry and run in its storage, for the room that
/// code takes.
library TaskConviction {
    /// @dev One part in four of the stake is the accuser's, one the honest's; the rest is burnt.
    uint256 private constant PART = 4;
    Places private constant NOBODY = Places.wrap(0);

    /// @notice See {ITaskRegistry-convict}.
    function convict(
        Task storage task,
        mapping(address account => bool) storage banned,
        IStakeManager stakes,
        TaskId taskId,
        Role role,
        uint8 index,
        address accuser
    ) external {
        if (role == Role.Evaluator) return _strikeScore(task, banned, stakes, taskId, index, accuser);
        task.started = task.started.without(index);
        task.dropped = task.dropped.with(index);
        if (task.phase == Phase.Submission) _forgetSubmissions(task);
        _convict(task, banned, stakes, taskId, Role.Miner, index, accuser);
    }

    /// @dev What was submitted may include the convicted slot, or was voted for by it.
    function _forgetSubmissions(Task storage task) private {
        ++task.attempt;
        task.roster(Role.Miner).done = NOBODY;
        task.stateVotes = 0;
        task.finalState = 0;
        task.includedSlots = NOBODY;
    }

    /// @dev Convicts all evaluators that revealed the same score; the leading one of the others counts.
    function _strikeScore(
        Task storage task,
        mapping(address account => bool) storage banned,
        IStakeManager stakes,
        TaskId taskId,
        uint8 evaluator,
        address accuser
    ) private {
        Roster storage roster = task.roster(Role.Evaluator);
        bytes32 choice = task.ballots[evaluator];
        ScoreTally storage tally = task.scoreTallies[choice];
        tally.struck = true;
        task.leadingScore = _leadingScore(task);
        emit ITaskRegistry.ScoreStruck(taskId, tally.score, task.leadingScore);
        Places voters = tally.voters;
        uint256 joined = roster.joined;
        for (uint256 index = 0; index < joined; ++index)
            if (voters.has(index)) _convict(task, banned, stakes, taskId, Role.Evaluator, index, accuser);
    }

    function _convict(
        Task storage task,
        mapping(address account => bool) storage banned,
        IStakeManager stakes,
        TaskId taskId,
        Role role,
        uint256 index,
        address accuser
    ) private {
        Member storage member = task.members[role][index];
        Roster storage roster = task.roster(role);
        (address owner, uint256 stake) = (member.owner, roster.stake);
        uint256 forfeit = stake / PART;
        // Whoever accuses itself gets nothing back.
        uint256 reward = accuser == owner || accuser == member.operator ? 0 : forfeit;

        member.convicted = true;
        if (member.suspendedAt != 0) {
            member.suspendedAt = 0;
            --task.suspended;
        }
        roster.forfeits += SafeCast.toUint128(forfeit);
        if (!banned[owner]) {
            banned[owner] = true;
            emit ITaskAssignment.Banned(owner);
        }
        emit ITaskRegistry.MemberConvicted(taskId, role, SafeCast.toUint8(index), accuser, reward, forfeit);
        stakes.slash(owner, TaskId.unwrap(taskId), stake, accuser, reward, forfeit);
    }

    /// @dev The score with most votes that is not struck, the first revealed in a tie; 0 if there is none.
    function _leadingScore(Task storage task) private view returns (bytes32 leading) {
        uint256 most = 0;
        uint256 count = task.scores.length;
        for (uint256 i = 0; i < count; ++i) {
            bytes32 choice = task.scores[i];
            ScoreTally storage tally = task.scoreTallies[choice];
            if (tally.struck || tally.votes <= most) continue;
            (leading, most) = (choice, tally.votes);
        }
    }
}
