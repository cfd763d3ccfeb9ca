// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ISupervisorLog} from "../interfaces/ISupervisorLog.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Credits} from "../libraries/Credits.sol";
import {Places, PlacesLib} from "../types/Places.sol";
import {Member, Roster, ScoreTally, Task, TaskStorage} from "../types/TaskStorage.sol";
import {Phase, Role, TaskId} from "../types/TaskTypes.sol";

/// @title TaskPayout
/// @notice Who is paid what at the settlement, place by place; the client gets what is left in the end, so fee and
/// forfeits are always spent exactly. Linked to the registry and run in its storage, for the room that code takes.
library TaskPayout {
    using Credits for mapping(address account => uint256);

    /// @dev What all places of a role have in common at the settlement. Nobody changes it once the task is `closed`.
    struct Payroll {
        uint256 stake; // of a place
        uint256 penalty; // of a silent place
        Places paid;
        Places silent;
        uint256 equalPay; // of a paid place
        uint256 workPay; // of all iterations that were ordered
        uint256 ordered;
        uint256 sharedPay; // of all iterations of the paid places
        uint256 shared;
    }

    /// @dev Bounds the gas of a call: a settlement of so many places takes one, the largest three.
    uint256 private constant PLACES_PER_CALL = 80;
    /// @dev What an evaluator loses that seals or opens no score: a fifth of its stake.
    uint256 private constant SILENCE_PENALTY_BPS = 2_000;
    Places private constant NOBODY = Places.wrap(0);

    /// @notice See {ITaskRegistry-settle}: pays the next places and frees their stakes; after the last the client gets the
    /// rest, and the task is `settled`.
    function settle(
        Task storage task,
        mapping(address account => uint256) storage creditOf,
        IStakeManager stakes,
        IEpochBeacon beacon,
        ISupervisorLog log,
        TaskId taskId
    ) external {
        if (!task.closed) {
            _requireUnchallengeable(task, beacon, taskId);
            _close(task, log, taskId);
        }
        uint256 place = task.placesSettled;
        uint256 end = place + PLACES_PER_CALL;
        uint256 unpaid = task.unpaid;
        uint256 before = 0;
        for (uint256 role = 0; role < 3; ++role) {
            uint256 joined = task.rosters[role].joined;
            uint256 last = Math.min(end, before + joined);
            if (place < last) {
                Payroll memory payroll = _payrollOf(task, Role(role));
                for (; place < last; ++place)
                    unpaid -= _settlePlace(task, creditOf, stakes, taskId, Role(role), place - before, payroll);
            }
            before += joined;
        }
        task.placesSettled = SafeCast.toUint8(place);
        if (place == before) {
            task.settled = true;
            creditOf.add(taskId, task.client, unpaid);
            emit ITaskRegistry.TaskSettled(taskId, unpaid);
            unpaid = 0;
        }
        task.unpaid = SafeCast.toUint128(unpaid);
    }

    /// @dev No dispute over a place of the task may be open or possible any more: its stakes are the bond of claims and
    /// scores until then. A claim's windows may have been held up as long as any slot's.
    function _requireUnchallengeable(Task storage task, IEpochBeacon beacon, TaskId taskId) private view {
        require(task.suspended == 0, ITaskRegistry.Registry_Disputed(taskId, task.suspended));
        uint64 endsAt = task.phaseEndsAt;
        require(block.timestamp >= endsAt, ITaskRegistry.Registry_ScoresChallengeable(taskId, endsAt));
        if (task.started.isEmpty()) return;
        uint64 settlesAt = beacon.settlesAt(task.lastCommitEpoch) + task.longestPause;
        require(block.number >= settlesAt, ITaskRegistry.Registry_TooEarly(taskId, settlesAt));
    }

    /// @dev What the log says is taken over once: nothing that pay hangs on may change between two calls.
    function _close(Task storage task, ISupervisorLog log, TaskId taskId) private {
        if (task.phase == Phase.Closing) task.roster(Role.Supervisor).done = log.diligentOf(taskId);
        uint256 forfeits = 0;
        for (uint256 role = 0; role < 3; ++role) forfeits += task.rosters[role].forfeits;
        uint256 spent = task.burned + task.attested * task.attestationPrice();
        task.closed = true;
        task.unpaid = SafeCast.toUint128(task.fee - spent + forfeits);
    }

    function _settlePlace(
        Task storage task,
        mapping(address account => uint256) storage creditOf,
        IStakeManager stakes,
        TaskId taskId,
        Role role,
        uint256 index,
        Payroll memory payroll
    ) private returns (uint256 pay) {
        Member storage member = task.members[role][index];
        (address owner, bytes32 lockId) = (member.owner, TaskId.unwrap(taskId));
        if (payroll.paid.has(index)) {
            pay = payroll.equalPay;
            if (payroll.ordered != 0) pay += (payroll.workPay * member.next) / payroll.ordered;
            if (payroll.shared != 0) pay += (payroll.sharedPay * member.next) / payroll.shared;
            creditOf.add(taskId, owner, pay);
        }
        // Nothing is left of a convicted place's stake.
        if (member.convicted) return pay;
        uint256 penalty = payroll.silent.has(index) ? payroll.penalty : 0;
        if (penalty != 0) {
            emit ITaskRegistry.EvaluatorSlashed(taskId, owner, penalty);
            stakes.slash(owner, lockId, penalty, address(0), 0, 0);
        }
        stakes.unlock(owner, lockId, payroll.stake - penalty);
    }

    function _payrollOf(Task storage task, Role role) private view returns (Payroll memory payroll) {
        Roster storage roster = task.roster(role);
        payroll.stake = roster.stake;
        // Failed and cancelled tasks pay nobody, and have nobody's silence to punish.
        if (task.phase != Phase.Closing) return payroll;
        if (role == Role.Miner) _payByWork(task, roster, payroll);
        else if (role == Role.Supervisor) _paySupervisors(task, roster, payroll);
        else _payEvaluators(task, roster, payroll);
    }

    /// @dev Pays the slots that voted for the final state and are part of it: for each iteration its price, which is the
    /// pot over all that were ordered; and bonus and forfeits by their iterations among each other.
    function _payByWork(Task storage task, Roster storage roster, Payroll memory payroll) private view {
        Places voters = task.stateTallies[task.stateChoice(task.finalState, task.includedSlots)].voters;
        payroll.paid = (voters & task.includedSlots) - task.dropped;
        payroll.workPay = task.shareOf(task.shares.miners);
        payroll.ordered = uint256(roster.wanted) * task.iterations;
        payroll.sharedPay = _bonusOf(task) + roster.forfeits;
        uint256 joined = roster.joined;
        for (uint256 slot = 0; slot < joined; ++slot)
            if (payroll.paid.has(slot)) payroll.shared += task.members[Role.Miner][slot].next;
    }

    /// @dev Pays those that co-signed the log their part of the pot among all that joined: what others do not earn is
    /// nobody's gain but the client's.
    function _paySupervisors(Task storage task, Roster storage roster, Payroll memory payroll) private view {
        payroll.paid = roster.done;
        if (roster.joined != 0) payroll.equalPay = task.shareOf(task.shares.supervisors) / roster.joined;
    }

    /// @dev Without a test set all are paid, else those that agreed on the score; silent are those that opened no score
    /// although there was something to score.
    function _payEvaluators(Task storage task, Roster storage roster, Payroll memory payroll) private view {
        Places all = PlacesLib.first(roster.joined);
        bool revealed = task.testRoot != 0;
        Places paid = revealed ? task.scoreTallies[task.leadingScore].voters : all;
        _payEqually(payroll, paid, task.shareOf(task.shares.evaluators) + roster.forfeits);
        payroll.silent = revealed ? all - roster.done : NOBODY;
        payroll.penalty = (payroll.stake * SILENCE_PENALTY_BPS) / TaskStorage.BPS;
    }

    function _payEqually(Payroll memory payroll, Places paid, uint256 pot) private pure {
        if (paid.isEmpty()) return;
        payroll.paid = paid;
        payroll.equalPay = pot / paid.count();
    }

    /// @dev The part of the bonus that the score earned; all of it if it is the client's fault that there is none.
    function _bonusOf(Task storage task) private view returns (uint256) {
        uint256 pot = task.shareOf(task.shares.bonus);
        if (task.testRoot == 0) return pot;
        if (task.leadingScore == 0) return 0;
        ScoreTally storage tally = task.scoreTallies[task.leadingScore];
        if (tally.score.root == 0) return pot;
        uint256 range = task.goal - task.baseline;
        uint256 gained = Math.min(Math.saturatingSub(tally.score.correct, task.baseline), range);
        return (pot * gained) / range;
    }
}
