// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IGristToken} from "../interfaces/IGristToken.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Credits} from "../libraries/Credits.sol";
import {Task} from "../types/TaskStorage.sol";
import {Phase, TaskId} from "../types/TaskTypes.sol";
import {TaskPayout} from "./TaskPayout.sol";
import {TaskPhases} from "./TaskPhases.sol";

/// @title TaskSettlement
/// @notice When a task is settled, and the way out: everything is credited ({TaskPayout}) and then pulled.
abstract contract TaskSettlement is TaskPhases {
    using Credits for mapping(address account => uint256);
    using SafeERC20 for IGristToken;

    /// @inheritdoc ITaskRegistry
    function settle(TaskId taskId) external nonReentrant {
        Phase phase = _advance(taskId);
        Task storage task = _tasks[taskId];
        require(!task.settled, Registry_AlreadySettled(taskId));
        bool over = phase == Phase.Closing || phase == Phase.Failed || phase == Phase.Cancelled;
        require(over, Registry_WrongPhase(taskId, phase));

        TaskPayout.settle(task, creditOf, _stakes, _beacon, _log, taskId);
        if (task.settled && phase == Phase.Closing) _enterNow(taskId, task, Phase.Settled);
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
        bool attests = msg.sender == _mint || msg.sender == _audits;
        require(attests, Registry_NotAttesting(msg.sender));
        Task storage task = _tasks[taskId];
        bool begun = task.phase >= Phase.Training && task.phase != Phase.Cancelled;
        if (!begun || task.closed || task.attested == task.attestations) return;

        ++task.attested;
        creditOf.add(taskId, verifier, task.attestationPrice());
    }
}
