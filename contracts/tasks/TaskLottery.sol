// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ITaskAssignment} from "../interfaces/ITaskAssignment.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Similarity} from "../libraries/Similarity.sol";
import {Applicant, Lottery, Rank, Standing} from "../types/AssignmentTypes.sol";
import {Member, Roster, Task} from "../types/TaskStorage.sol";
import {Role, TaskId} from "../types/TaskTypes.sol";

/// @title TaskLottery
/// @notice Applicants apply, draw, and take places. Linked to the registry and run in its storage, for the room that code
/// takes; the registry has checked the phase.
/// @dev Whoever has drawn stands in a linked list in the order of ranks, which each one finds its own place in: the work
/// of a call does not grow with the number of applicants. {Lottery-cutoff} is kept at the last one admitted.
library TaskLottery {
    using Checkpoints for Checkpoints.Trace208;

    address private constant NOBODY = address(0);
    /// @dev Ranks that may have come between the one that a caller names and its own.
    uint256 private constant LONGEST_WALK = 6;
    uint256 private constant ROUNDS = 3;

    // What an account has to do with a task, as bits of `Task.engagements`. Bits 0 to 2: owner or operator of a place of
    // Role 0 to 2. Bits 3 to 5: operator of a place of that role.
    uint8 private constant MINES = uint8(1 << uint8(Role.Miner));
    uint8 private constant EVALUATES = uint8(1 << uint8(Role.Evaluator));
    uint8 private constant OPERATOR_SHIFT = 3;

    /// @notice See {ITaskAssignment-setProfile}.
    function setProfile(Checkpoints.Trace208 storage profile, bytes8 preferences) external {
        require(preferences != 0, ITaskAssignment.Registry_NoPreference(msg.sender));
        profile.push(SafeCast.toUint48(block.number), uint64(preferences));
        emit ITaskAssignment.ProfileSet(msg.sender, preferences);
    }

    /// @notice See {ITaskAssignment-applyFor}.
    function applyFor(Task storage task, IStakeManager stakes, TaskId taskId, Role role) external {
        require(task.roster(role).wanted != 0, ITaskAssignment.Registry_RoleNotWanted(taskId, role));
        Lottery storage lottery = task.lottery(role);
        Applicant storage applicant = _require(lottery, taskId, role, Standing.None);
        _requireFreeStake(task, stakes, role);

        applicant.standing = Standing.Applied;
        ++lottery.applied;
        emit ITaskAssignment.Applied(taskId, role, msg.sender);
    }

    /// @notice See {ITaskAssignment-drawRank}.
    /// @param profile the caller's
    function drawRank(
        Task storage task,
        IStakeManager stakes,
        Checkpoints.Trace208 storage profile,
        TaskId taskId,
        Role role,
        address previous
    ) external {
        Lottery storage lottery = task.lottery(role);
        Applicant storage applicant = _require(lottery, taskId, role, Standing.Applied);
        _requireFreeStake(task, stakes, role);
        uint256 similarity = Similarity.cosine(preferencesAt(profile, task.createdIn - 1), task.properties);
        Rank rank = Similarity.rankOf(task.seed, role, msg.sender, similarity);

        (applicant.rank, applicant.standing) = (rank, Standing.Drawn);
        _insert(lottery, _closestBefore(lottery, taskId, role, rank, previous), applicant);
        _admitFirst(lottery, applicant, task.roster(role).wanted);
        emit ITaskAssignment.RankDrawn(taskId, role, msg.sender, rank);
    }

    /// @notice See {ITaskAssignment-decline}.
    function decline(Task storage task, TaskId taskId, Role role) external {
        Lottery storage lottery = task.lottery(role);
        Applicant storage applicant = _require(lottery, taskId, role, Standing.Drawn);
        address cutoff = lottery.cutoff;

        applicant.standing = Standing.Declined;
        ++lottery.declined;
        if (applicant.rank <= lottery.applicants[cutoff].rank) {
            address following = lottery.applicants[cutoff].next;
            if (following != NOBODY) lottery.cutoff = following;
            else if (cutoff == msg.sender) lottery.cutoff = applicant.previous;
        }
        lottery.applicants[applicant.previous].next = applicant.next;
        lottery.applicants[applicant.next].previous = applicant.previous;
        emit ITaskAssignment.Declined(taskId, role, msg.sender);
    }

    /// @notice See {ITaskAssignment-passOn}.
    function passOn(Task storage task, TaskId taskId, Role role) external {
        Lottery storage lottery = task.lottery(role);
        bool due = _round(task, task.phaseEndsAt) != 0 && !lottery.passedOn;
        require(due, ITaskAssignment.Registry_NothingToPassOn(taskId, role));

        lottery.passedOn = true;
        Roster storage roster = task.roster(role);
        address cutoff = lottery.cutoff;
        // At most as many steps as a role has places.
        for (uint256 free = roster.wanted - roster.joined; free != 0; --free) {
            address following = lottery.applicants[cutoff].next;
            if (following == NOBODY) break;
            cutoff = following;
        }
        lottery.cutoff = cutoff;
        emit ITaskAssignment.PlacesPassedOn(taskId, role, cutoff);
    }

    /// @notice See {ITaskAssignment-join}.
    function join(
        Task storage task,
        IStakeManager stakes,
        TaskId taskId,
        Role role,
        address operator
    ) external returns (uint8 index) {
        Roster storage roster = task.roster(role);
        Lottery storage lottery = task.lottery(role);
        Applicant storage applicant = _require(lottery, taskId, role, Standing.Drawn);
        index = roster.joined;
        require(index < roster.wanted, ITaskRegistry.Registry_RoleFull(taskId, role, roster.wanted));
        bool admitted = isAdmitted(task, role, msg.sender, task.phaseEndsAt);
        require(admitted, ITaskAssignment.Registry_NotAdmitted(taskId, role, msg.sender));
        require(operator != address(0), ITaskRegistry.Registry_NoOperator(taskId));
        _engage(task, taskId, role, operator);

        applicant.standing = Standing.Joined;
        roster.joined = index + 1;
        Member storage member = task.members[role][index];
        (member.owner, member.operator) = (msg.sender, operator);
        emit ITaskAssignment.MemberJoined(taskId, role, index, msg.sender, operator, roster.stake);
        stakes.lock(msg.sender, TaskId.unwrap(taskId), roster.stake);
    }

    /// @notice Whether `owner` has drawn a rank that may join by now, in a Joining that ends at `endsAt`.
    function isAdmitted(Task storage task, Role role, address owner, uint64 endsAt) public view returns (bool) {
        Lottery storage lottery = task.lottery(role);
        Applicant storage applicant = lottery.applicants[owner];
        if (applicant.standing != Standing.Drawn) return false;
        return _round(task, endsAt) >= ROUNDS - 1 || applicant.rank <= lottery.applicants[lottery.cutoff].rank;
    }

    /// @notice The preferences in a profile at the end of a block; zero if there were none.
    function preferencesAt(Checkpoints.Trace208 storage profile, uint48 blockNumber) public view returns (bytes8) {
        return bytes8(SafeCast.toUint64(profile.upperLookupRecent(blockNumber)));
    }

    /// @dev The caller's entry, which must be of one standing.
    function _require(
        Lottery storage lottery,
        TaskId taskId,
        Role role,
        Standing standing
    ) private view returns (Applicant storage applicant) {
        applicant = lottery.applicants[msg.sender];
        Standing actual = applicant.standing;
        require(actual == standing, ITaskAssignment.Registry_WrongStanding(taskId, role, msg.sender, actual));
    }

    function _requireFreeStake(Task storage task, IStakeManager stakes, Role role) private view {
        (uint256 free, uint256 stake) = (stakes.freeOf(msg.sender), task.roster(role).stake);
        require(free >= stake, ITaskAssignment.Registry_StakeNotFree(msg.sender, free, stake));
    }

    /// @dev The round, from 0 on, of a Joining that ends at `endsAt`.
    function _round(Task storage task, uint64 endsAt) private view returns (uint256) {
        uint256 duration = task.durations.registration;
        return ((block.timestamp + duration - endsAt) * ROUNDS) / duration;
    }

    /// @dev Who ranks closest below `rank`, found from `previous` on.
    function _closestBefore(
        Lottery storage lottery,
        TaskId taskId,
        Role role,
        Rank rank,
        address previous
    ) private view returns (address) {
        Applicant storage before = lottery.applicants[previous];
        bool isBefore = previous == NOBODY || (before.rank.isDrawn() && before.rank < rank);
        require(isBefore, ITaskAssignment.Registry_NotBefore(taskId, role, previous));
        address closest = previous;
        for (uint256 steps = 0; steps <= LONGEST_WALK; ++steps) {
            address next = lottery.applicants[closest].next;
            if (next == NOBODY || rank < lottery.applicants[next].rank) return closest;
            closest = next;
        }
        revert ITaskAssignment.Registry_TooFarBefore(taskId, role, previous);
    }

    function _insert(Lottery storage lottery, address previous, Applicant storage applicant) private {
        Applicant storage before = lottery.applicants[previous];
        address next = before.next;
        (applicant.previous, applicant.next) = (previous, next);
        before.next = msg.sender;
        lottery.applicants[next].previous = msg.sender;
    }

    /// @dev Keeps the cutoff at the last of the first `wanted`, now that the caller is in the list.
    function _admitFirst(Lottery storage lottery, Applicant storage applicant, uint256 wanted) private {
        address cutoff = lottery.cutoff;
        bool room = lottery.drawn < wanted;
        ++lottery.drawn;
        if (room) {
            // Everybody is admitted: the last one is the cutoff.
            if (applicant.next == NOBODY) lottery.cutoff = msg.sender;
        } else if (applicant.rank < lottery.applicants[cutoff].rank) {
            lottery.cutoff = lottery.applicants[cutoff].previous;
        }
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
}
