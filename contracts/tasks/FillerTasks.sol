// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {IFillerTasks} from "../interfaces/IFillerTasks.sol";
import {IGristToken} from "../interfaces/IGristToken.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {ITemplate} from "../interfaces/ITemplate.sol";
import {TaskRules} from "../libraries/TaskRules.sol";
import {TaskId, TaskParameters} from "../types/TaskTypes.sol";

/// @title FillerTasks
/// @notice See {IFillerTasks}.
contract FillerTasks is IFillerTasks {
    struct Proposal {
        bytes32 entry;
        uint64 epoch; // in which it was proposed
    }

    IGristToken private immutable _token;
    ITaskRegistry private immutable _registry;
    IEpochBeacon private immutable _beacon;
    ITemplate private immutable _template;

    uint32 public immutable override periodEpochs;
    uint256 public immutable override proposalBurn;
    uint64 private immutable _halvingEpochs;
    uint256 private immutable _initialEmission;

    bytes32[] private _catalogue;
    Proposal[] private _queue;
    uint256 private _served;
    mapping(uint64 epoch => TaskId) public override taskOf;

    constructor(
        IGristToken token,
        ITaskRegistry registry,
        IEpochBeacon beacon,
        ITemplate template,
        Parameters memory parameters,
        bytes32[] memory entries
    ) {
        _requireRange("halvingEpochs", parameters.halvingEpochs, 1, type(uint64).max);
        _requireRange("periodEpochs", parameters.periodEpochs, 1, type(uint32).max);
        _requireRange("initialEmission", parameters.initialEmission, 1, type(uint128).max);
        require(entries.length != 0, FillerTasks_EmptyCatalogue());

        _token = token;
        _registry = registry;
        _beacon = beacon;
        _template = template;
        periodEpochs = parameters.periodEpochs;
        proposalBurn = parameters.proposalBurn;
        _halvingEpochs = parameters.halvingEpochs;
        _initialEmission = parameters.initialEmission;
        _catalogue = entries;
    }

    // --- anyone

    /// @inheritdoc IFillerTasks
    function open(uint64 epoch, TaskParameters calldata parameters) external returns (TaskId taskId) {
        require(epoch % periodEpochs == 0, FillerTasks_NotAPeriod(epoch, periodEpochs));
        require(TaskId.unwrap(taskOf[epoch]) == 0, FillerTasks_AlreadyOpened(epoch));
        uint256 closedAt = _beacon.claimsCloseAt(epoch);
        require(block.number <= closedAt, FillerTasks_TooLate(epoch, closedAt));
        (bytes32 drawn, bool queued) = drawnFor(epoch);
        bytes32 given = _entryOf(parameters);
        require(given == drawn, FillerTasks_NotDrawn(given, drawn));

        if (queued) ++_served;
        TaskParameters memory task = parameters;
        task.salt = _beacon.seedOf(epoch);
        task.fee = SafeCast.toUint128(emissionOf(epoch));
        _token.mint(address(this), task.fee);
        _token.approve(address(_registry), task.fee);
        taskId = _registry.createTask(task);
        taskOf[epoch] = taskId;
        emit FillerOpened(epoch, taskId, drawn, queued, task.fee);
    }

    /// @inheritdoc IFillerTasks
    function propose(TaskParameters calldata parameters) external returns (uint256 number) {
        bytes32 entry = _entryOf(parameters);
        TaskParameters memory task = parameters;
        task.fee = 1;
        TaskRules.requireValid(task);
        _template.check(task.program);

        number = _queue.length;
        _queue.push(Proposal(entry, _beacon.currentEpoch()));
        emit TaskProposed(number, entry, msg.sender, parameters);
        _token.burnFrom(msg.sender, proposalBurn);
    }

    /// @inheritdoc IFillerTasks
    function revealTestSet(
        TaskId taskId,
        bytes32 testRoot,
        uint32 testBatches,
        bytes32 salt,
        string calldata manifest
    ) external {
        _registry.revealTestSet(taskId, testRoot, testBatches, salt, manifest);
    }

    /// @inheritdoc IFillerTasks
    function burnLeftover() external {
        uint256 amount = _registry.withdraw();
        emit LeftoverBurned(amount);
        _token.burn(amount);
    }

    // --- views

    /// @inheritdoc IFillerTasks
    function drawnFor(uint64 epoch) public view returns (bytes32 entry, bool queued) {
        uint256 seed = uint256(_beacon.seedOf(epoch));
        require(seed != 0, FillerTasks_SeedNotProven(epoch));
        uint256 served = _served;
        bool queueTurn = seed % 2 == 1;
        if (queueTurn && served < _queue.length && _queue[served].epoch <= epoch) return (_queue[served].entry, true);
        return (_catalogue[(seed / 2) % _catalogue.length], false);
    }

    /// @inheritdoc IFillerTasks
    function emissionOf(uint64 epoch) public view returns (uint256) {
        return _initialEmission >> (epoch / _halvingEpochs);
    }

    /// @inheritdoc IFillerTasks
    function catalogue() external view returns (bytes32[] memory) {
        return _catalogue;
    }

    /// @inheritdoc IFillerTasks
    function waiting() external view returns (uint256) {
        return _queue.length - _served;
    }

    function _entryOf(TaskParameters calldata parameters) private pure returns (bytes32) {
        bool blank = parameters.salt == 0 && parameters.fee == 0;
        require(blank, FillerTasks_NotYours(parameters.salt, parameters.fee));
        return keccak256(abi.encode(parameters));
    }

    function _requireRange(string memory parameter, uint256 value, uint256 least, uint256 most) private pure {
        require(value >= least && value <= most, FillerTasks_ParameterOutOfRange(parameter, value, least, most));
    }
}
