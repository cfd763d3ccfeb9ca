// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {IGristToken} from "../interfaces/IGristToken.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {ITemplate} from "../interfaces/ITemplate.sol";
import {Wired} from "../libraries/Wired.sol";
import {Places} from "../types/Places.sol";
import {Commit, Durations, Phase, Role, Score, Shares, TaskId} from "../types/TaskTypes.sol";

/// @title TaskBase
/// @notice What all parts of the registry share: the modules, the tasks, and few helpers.
/// @dev Invariant: the token balance of this contract is the sum of all credits and, over the tasks that are not settled,
/// of fee less what was burned and credited to verifiers; more only if somebody sends it tokens.
abstract contract TaskBase is ITaskRegistry, Wired, ReentrancyGuardTransient {
    /// @dev One word for each role of a task.
    struct Roster {
        uint128 stake; // GRIST wei that each place locks
        uint8 wanted;
        uint8 joined;
        Places done; // miners: submitted a state; supervisors: a log; evaluators: revealed a score
    }

    struct Member {
        address owner;
        address operator;
    }

    struct Slot {
        uint32 next;
        uint64 lastCommitEpoch;
        Places submittedSlots;
        bytes32 head;
        bytes32 submittedState;
    }

    /// @dev Who voted for one final state, or for one score.
    struct Tally {
        Places voters;
        uint8 votes;
    }

    struct Task {
        address client;
        Phase phase;
        uint64 phaseEndsAt;
        bool settled;
        // --- one word
        uint64 macs;
        uint64 seedBase;
        uint64 startEpoch; // in which training began
        uint64 lastCommitEpoch;
        // --- one word
        uint32 iterations;
        uint32 baseline;
        uint32 goal;
        uint32 testBatches;
        uint16 segmentLength;
        uint16 attestations;
        uint16 attested;
        uint8 minSlots;
        uint8 maxSilentEpochs;
        uint8 stateVotes; // for finalState and includedSlots, which lead
        uint8 scoreVotes; // for score, which leads
        // --- one word
        Places started; // slots with a head
        Places finished; // slots that committed their last iteration
        Places dropped;
        // --- one word
        uint128 fee;
        Places includedSlots;
        // --- one word each
        Shares shares;
        Durations durations;
        Roster[3] rosters; // by Role
        bytes32 parametersHash;
        bytes32 testCommitment;
        bytes32 testRoot;
        bytes32 trainingSeed;
        bytes32 finalState;
        Score score;
        mapping(Role => mapping(uint256 index => Member)) members;
        mapping(address account => uint8) engagements; // see TaskRegistration
        mapping(uint256 slot => Slot) slots;
        mapping(uint256 slot => mapping(uint64 epoch => Commit)) commits;
        mapping(uint256 evaluator => bytes32) sealedScores;
        Places sealers; // evaluators with a sealed score
        mapping(bytes32 choice => Tally) tallies;
    }

    uint256 internal constant BPS = 10_000;

    IGristToken internal immutable _token;
    IStakeManager internal immutable _stakes;
    IEpochBeacon internal immutable _beacon;
    ITemplate internal immutable _template;

    address internal _mint;
    mapping(TaskId => Task) internal _tasks;
    mapping(uint64 epoch => uint256) public override workIn;
    mapping(address account => uint256) public override creditOf;

    constructor(IGristToken token, IStakeManager stakes, IEpochBeacon beacon, ITemplate template) {
        _token = IGristToken(_requireContract(address(token)));
        _stakes = IStakeManager(_requireContract(address(stakes)));
        _beacon = IEpochBeacon(_requireContract(address(beacon)));
        _template = ITemplate(_requireContract(address(template)));
    }

    /// @dev Returns the place's operator.
    function _requireMember(
        TaskId taskId,
        Task storage task,
        Role role,
        uint8 index
    ) internal view returns (address operator) {
        Member storage member = task.members[role][index];
        operator = member.operator;
        bool isMember = msg.sender == operator || msg.sender == member.owner;
        require(isMember, Registry_NotAMember(taskId, role, index, msg.sender));
    }

    /// @dev Marks a place's duty as done, which it can do once.
    function _do(TaskId taskId, Task storage task, Role role, uint8 index) internal {
        Roster storage roster = task.rosters[uint256(role)];
        require(!roster.done.has(index), Registry_AlreadyDone(taskId, role, index));
        roster.done = roster.done.with(index);
    }

    /// @dev Adds a vote and returns how many there are for this choice now.
    function _vote(Task storage task, bytes32 choice, uint8 place) internal returns (uint8 votes) {
        Tally storage tally = task.tallies[choice];
        votes = tally.votes + 1;
        tally.votes = votes;
        tally.voters = tally.voters.with(place);
    }

    function _credit(TaskId taskId, address account, uint256 amount) internal {
        if (amount == 0) return;
        creditOf[account] += amount;
        emit Credited(taskId, account, amount);
    }

    /// @dev `bps` of the fee, rounded down; what rounding leaves goes back to the client.
    function _shareOf(Task storage task, uint16 bps) internal view returns (uint256) {
        return (uint256(task.fee) * bps) / BPS;
    }

    /// @dev The burn share is burned when training begins, which gives the task its seed.
    function _burnedOf(Task storage task) internal view returns (uint256) {
        return task.trainingSeed == 0 ? 0 : _shareOf(task, task.shares.burn);
    }

    function _stateChoice(bytes32 stateId, Places includedSlots) internal pure returns (bytes32) {
        return keccak256(abi.encode(stateId, includedSlots));
    }

    function _scoreChoice(Score memory score) internal pure returns (bytes32) {
        return keccak256(abi.encode(score));
    }
}
