// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IGristToken} from "../interfaces/IGristToken.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Places, PlacesLib} from "../types/Places.sol";
import {Phase, Role, TaskId} from "../types/TaskTypes.sol";
import {TaskPhases} from "./TaskPhases.sol";

/// @title TaskSettlement
/// @notice Who is paid what, and the way out. Everything is credited and then pulled; the client gets what is left, so the
/// fee is always spent exactly.
abstract contract TaskSettlement is TaskPhases {
    using SafeERC20 for IGristToken;

    /// @dev What an evaluator loses that seals or opens no score: a fifth of its stake.
    uint256 private constant SILENCE_PENALTY_BPS = 2_000;
    Places private constant NOBODY = Places.wrap(0);

    /// @inheritdoc ITaskRegistry
    function settle(TaskId taskId) external nonReentrant {
        Phase phase = _advance(taskId);
        Task storage task = _tasks[taskId];
        require(!task.settled, Registry_AlreadySettled(taskId));
        bool over = phase == Phase.Closing || phase == Phase.Failed || phase == Phase.Cancelled;
        require(over, Registry_WrongPhase(taskId, phase));
        _requireClaimsClosed(taskId, task);

        task.settled = true;
        uint256 refund = task.fee - _burnedOf(task) - task.attested * _attestationPrice(task);
        if (phase == Phase.Closing) {
            _enterNow(taskId, task, Phase.Settled);
            refund -= _payMiners(taskId, task);
            refund -= _payEqually(taskId, task, Role.Supervisor, task.rosters[uint256(Role.Supervisor)].done);
            refund -= _payEqually(taskId, task, Role.Evaluator, _paidEvaluators(task));
        }
        _credit(taskId, task.client, refund);
        emit TaskSettled(taskId, refund);
        _release(taskId, task, Role.Miner, NOBODY);
        _release(taskId, task, Role.Supervisor, NOBODY);
        _release(taskId, task, Role.Evaluator, _silentEvaluators(task));
    }

    /// @inheritdoc ITaskRegistry
    function withdraw() external nonReentrant returns (uint256 amount) {
        amount = creditOf[msg.sender];
        require(amount != 0, Registry_NothingToWithdraw(msg.sender));

        creditOf[msg.sender] = 0;
        emit Withdrawn(msg.sender, amount);
        _token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc ITaskRegistry
    function creditAttestation(TaskId taskId, address verifier) external {
        require(msg.sender == _mint, Registry_NotTheMint(msg.sender));
        Task storage task = _tasks[taskId];
        if (task.trainingSeed == 0 || task.settled || task.attested == task.attestations) return;

        ++task.attested;
        _credit(taskId, verifier, _attestationPrice(task));
    }

    /// @dev No claim of the task's last epoch, for which its stakes are the bond, may be open any more.
    function _requireClaimsClosed(TaskId taskId, Task storage task) private view {
        if (task.started.isEmpty()) return;
        uint64 settlesAt = _beacon.settlesAt(task.lastCommitEpoch);
        require(block.number >= settlesAt, Registry_TooEarly(taskId, settlesAt));
    }

    /// @dev Pays the slots that voted for the final state and are part of it: for each iteration its price, which is the
    /// pot over all that were ordered; and the bonus by their iterations among each other.
    function _payMiners(TaskId taskId, Task storage task) private returns (uint256 paid) {
        Roster storage miners = task.rosters[uint256(Role.Miner)];
        Places voters = task.tallies[_stateChoice(task.finalState, task.includedSlots)].voters;
        Places slots = voters & task.includedSlots;
        uint256 joined = miners.joined;
        uint256[] memory iterations = new uint256[](joined);
        uint256 total = 0;
        for (uint256 slot = 0; slot < joined; ++slot) {
            if (slots.has(slot)) total += iterations[slot] = task.slots[slot].next;
        }

        uint256 pot = _shareOf(task, task.shares.miners);
        uint256 ordered = uint256(miners.wanted) * task.iterations;
        uint256 bonus = _bonusOf(task);
        for (uint256 slot = 0; slot < joined; ++slot) {
            if (!slots.has(slot)) continue;
            uint256 amount = (pot * iterations[slot]) / ordered + (bonus * iterations[slot]) / total;
            paid += amount;
            _credit(taskId, task.members[Role.Miner][slot].owner, amount);
        }
    }

    /// @dev Pays equal shares of the role's pot to the places that are `entitled`.
    function _payEqually(TaskId taskId, Task storage task, Role role, Places entitled) private returns (uint256 paid) {
        if (entitled.isEmpty()) return 0;
        uint16 bps = role == Role.Supervisor ? task.shares.supervisors : task.shares.evaluators;
        uint256 amount = _shareOf(task, bps) / entitled.count();
        uint256 joined = task.rosters[uint256(role)].joined;
        for (uint256 index = 0; index < joined; ++index) {
            if (!entitled.has(index)) continue;
            paid += amount;
            _credit(taskId, task.members[role][index].owner, amount);
        }
    }

    /// @dev Returns the role's stakes; what `silent` places lose is destroyed.
    function _release(TaskId taskId, Task storage task, Role role, Places silent) private {
        Roster storage roster = task.rosters[uint256(role)];
        (uint256 joined, uint256 stake) = (roster.joined, roster.stake);
        uint256 penalty = (stake * SILENCE_PENALTY_BPS) / BPS;
        bytes32 lockId = TaskId.unwrap(taskId);
        for (uint256 index = 0; index < joined; ++index) {
            address owner = task.members[role][index].owner;
            bool slashed = silent.has(index);
            if (slashed) {
                emit EvaluatorSlashed(taskId, owner, penalty);
                _stakes.slash(owner, lockId, penalty, address(0));
            }
            _stakes.unlock(owner, lockId, slashed ? stake - penalty : stake);
        }
    }

    /// @dev All of them if the client did not reveal the test set, else those that agreed on the score.
    function _paidEvaluators(Task storage task) private view returns (Places) {
        if (task.testRoot == 0) return PlacesLib.first(task.rosters[uint256(Role.Evaluator)].joined);
        return task.scoreVotes == 0 ? NOBODY : task.tallies[_scoreChoice(task.score)].voters;
    }

    /// @dev Those that opened no score although there was something to score.
    function _silentEvaluators(Task storage task) private view returns (Places) {
        if (task.testRoot == 0) return NOBODY;
        Roster storage evaluators = task.rosters[uint256(Role.Evaluator)];
        return PlacesLib.first(evaluators.joined) - evaluators.done;
    }

    /// @dev The part of the bonus that the score earned; all of it if it is the client's fault that there is none.
    function _bonusOf(Task storage task) private view returns (uint256) {
        uint256 pot = _shareOf(task, task.shares.bonus);
        if (task.testRoot == 0) return pot;
        if (task.scoreVotes == 0) return 0;
        if (task.score.root == 0) return pot;
        uint256 range = task.goal - task.baseline;
        uint256 gained = Math.min(Math.saturatingSub(task.score.correct, task.baseline), range);
        return (pot * gained) / range;
    }

    function _attestationPrice(Task storage task) private view returns (uint256) {
        return _shareOf(task, task.shares.verifiers) / task.attestations;
    }
}
