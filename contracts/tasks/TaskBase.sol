// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {IGristToken} from "../interfaces/IGristToken.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ISupervisorLog} from "../interfaces/ISupervisorLog.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {ITemplate} from "../interfaces/ITemplate.sol";
import {Wired} from "../libraries/Wired.sol";
import {Task} from "../types/TaskStorage.sol";
import {TaskId} from "../types/TaskTypes.sol";

/// @title TaskBase
/// @notice What all parts of the registry share: the modules and the tasks.
/// @dev Invariant: the token balance of this contract is the sum of all credits and, over the tasks that are not settled,
/// of forfeits and of fee less what was burned and credited to verifiers; more only if somebody sends it tokens.
abstract contract TaskBase is ITaskRegistry, Wired, ReentrancyGuardTransient {
    IGristToken internal immutable _token;
    IStakeManager internal immutable _stakes;
    IEpochBeacon internal immutable _beacon;
    ITemplate internal immutable _template;
    uint32 public immutable override challengeSeconds;

    address internal _mint;
    address internal _audits;
    address internal _court;
    ISupervisorLog internal _log;
    mapping(TaskId => Task) internal _tasks;
    mapping(address account => Checkpoints.Trace208) internal _profiles; // by block
    mapping(address account => bool) public override isBanned;
    mapping(uint64 epoch => uint256) public override workIn;
    mapping(address account => uint256) public override creditOf;

    constructor(
        IGristToken token,
        IStakeManager stakes,
        IEpochBeacon beacon,
        ITemplate template,
        uint32 challengeSeconds_
    ) {
        _token = IGristToken(_requireContract(address(token)));
        _stakes = IStakeManager(_requireContract(address(stakes)));
        _beacon = IEpochBeacon(_requireContract(address(beacon)));
        _template = ITemplate(_requireContract(address(template)));
        bool some = challengeSeconds_ != 0;
        require(some, Registry_ParameterOutOfRange("challengeSeconds", challengeSeconds_, 1, type(uint32).max));
        challengeSeconds = challengeSeconds_;
    }
}
