// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {TaskId} from "../types/TaskTypes.sol";

/// @title Credits
/// @notice What the registry owes, to be pulled.
library Credits {
    function add(
        mapping(address account => uint256) storage creditOf,
        TaskId taskId,
        address account,
        uint256 amount
    ) internal {
        if (amount == 0) return;
        creditOf[account] += amount;
        emit ITaskRegistry.Credited(taskId, account, amount);
    }
}
