// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Durations, Shares, TaskParameters} from "../types/TaskTypes.sol";

/// @title TaskRules
/// @notice Bounds of a task's parameters ({TaskParameters} names them); those of its program are the template's.
library TaskRules {
    uint256 private constant BPS = 10_000;
    uint256 private constant LEAST_BURN_BPS = 1_000;
    uint256 private constant MOST_BURN_BPS = 5_000;
    uint256 private constant LEAST_MINERS_BPS = 2_000;
    uint256 private constant MOST_BONUS_BPS = 4_000;
    /// @dev Of any role that watches over the miners: whoever is wanted is paid, and none of them more than the miners.
    uint256 private constant LEAST_WATCH_BPS = 100;
    uint256 private constant MOST_WATCH_BPS = 2_000;
    uint256 private constant MOST_PLACES = 80;
    uint256 private constant LONGEST_SEGMENT = 64;
    /// @dev Iterations of all the other slots that may lie between two segments of a slot (DESIGN section 5).
    uint256 private constant MOST_FOREIGN_ITERATIONS = 128;
    uint256 private constant LONGEST_PHASE = 365 days;
    uint256 private constant LONGEST_ADDRESS = 256;

    /// @dev Reverts with `Registry_ParameterOutOfRange` or `Registry_SharesSum`.
    function requireValid(TaskParameters memory p) internal pure {
        requireAddress("manifest.length", bytes(p.manifest).length);
        _requireRange("fee", p.fee, 1, type(uint128).max);
        _requireRange("iterations", p.iterations, 1, type(uint32).max);
        _requireRange("slots", p.slots, 1, MOST_PLACES);
        _requireRange("minSlots", p.minSlots, 1, p.slots);
        _requireRange("supervisors", p.supervisors, 0, MOST_PLACES);
        _requireRange("evaluators", p.evaluators, 1, MOST_PLACES);
        _requireRange("segmentLength", p.segmentLength, 1, _longestSegment(p.slots));
        _requireRange("minerStake", p.minerStake, 1, type(uint128).max);
        _requireRange("supervisorStake", p.supervisorStake, p.supervisors == 0 ? 0 : 1, type(uint128).max);
        _requireRange("evaluatorStake", p.evaluatorStake, 1, type(uint128).max);
        _requireRange("maxSilentEpochs", p.maxSilentEpochs, 1, type(uint8).max);
        _requireRange("attestations", p.attestations, 1, type(uint16).max);
        _requireRange("goal", p.goal, uint256(p.baseline) + 1, type(uint32).max);
        _requireShares(p.shares, p.supervisors != 0);
        _requireDurations(p.durations);
    }

    /// @dev A content address of so many bytes is one that nodes can be expected to handle.
    function requireAddress(string memory parameter, uint256 length) internal pure {
        _requireRange(parameter, length, 1, LONGEST_ADDRESS);
    }

    function _requireShares(Shares memory s, bool supervised) private pure {
        uint256 sum = uint256(s.burn) + s.miners + s.bonus + s.supervisors + s.evaluators + s.verifiers;
        require(sum == BPS, ITaskRegistry.Registry_SharesSum(sum));
        _requireRange("shares.burn", s.burn, LEAST_BURN_BPS, MOST_BURN_BPS);
        _requireRange("shares.miners", s.miners, LEAST_MINERS_BPS, BPS);
        _requireRange("shares.bonus", s.bonus, 0, MOST_BONUS_BPS);
        _requireRange("shares.supervisors", s.supervisors, supervised ? LEAST_WATCH_BPS : 0, MOST_WATCH_BPS);
        _requireRange("shares.evaluators", s.evaluators, LEAST_WATCH_BPS, MOST_WATCH_BPS);
        _requireRange("shares.verifiers", s.verifiers, LEAST_WATCH_BPS, MOST_WATCH_BPS);
    }

    function _requireDurations(Durations memory d) private pure {
        _requireRange("durations.registration", d.registration, 1, LONGEST_PHASE);
        _requireRange("durations.training", d.training, 1, LONGEST_PHASE);
        _requireRange("durations.submission", d.submission, 1, LONGEST_PHASE);
        _requireRange("durations.reveal", d.reveal, 1, LONGEST_PHASE);
        _requireRange("durations.evaluationCommit", d.evaluationCommit, 1, LONGEST_PHASE);
        _requireRange("durations.evaluationReveal", d.evaluationReveal, 1, LONGEST_PHASE);
    }

    function _longestSegment(uint256 slots) private pure returns (uint256) {
        return slots == 1 ? LONGEST_SEGMENT : Math.min(LONGEST_SEGMENT, MOST_FOREIGN_ITERATIONS / (slots - 1));
    }

    function _requireRange(string memory parameter, uint256 value, uint256 least, uint256 most) private pure {
        bool inside = value >= least && value <= most;
        require(inside, ITaskRegistry.Registry_ParameterOutOfRange(parameter, value, least, most));
    }
}
