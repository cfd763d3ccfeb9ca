// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Lottery} from "./AssignmentTypes.sol";
import {Places} from "./Places.sol";
import {Commit, Durations, Phase, Role, Score, Shares, TaskId} from "./TaskTypes.sol";

/// @dev The places of one role.
struct Roster {
    uint128 stake; // GRIST wei that each place locks
    uint8 wanted;
    uint8 joined;
    Places done; // miners: submitted a state; supervisors: co-signed the log, set at the settlement; evaluators: revealed a score
    // --- one word
    uint128 forfeits; // GRIST wei that convicted places left to the honest of their role
}

/// @dev A place that is taken: all that a claim and a dispute need of it, in two words.
struct Member {
    address owner;
    uint32 next; // miners: first iteration not committed yet
    uint64 lastCommitEpoch; // miners: of no meaning while nothing is committed
    // --- one word
    address operator;
    uint40 suspendedAt; // block; 0 unless a dispute over the place is open or waiting
    uint40 pausedBlocks; // for which disputes that are over held up the place's windows
    bool convicted;
}

/// @dev Who voted for one final state.
struct StateTally {
    Places voters;
    uint8 votes;
}

/// @dev Who revealed one score.
struct ScoreTally {
    Score score;
    Places voters;
    uint8 votes;
    bool struck; // shown to be wrong: it counts no more
}

/// @dev A task as the registry keeps it; what nobody needs later is only in the event {ITaskRegistry-TaskCreated}.
struct Task {
    address client;
    Phase phase;
    uint64 phaseEndsAt; // unix seconds, less what open disputes have added so far (see TaskPhases)
    bool closed; // settlement has begun: nothing that it pays by can change any more
    bool settled; // and has ended
    // --- one word
    uint64 macs;
    uint64 startEpoch; // in which training began
    uint64 lastCommitEpoch;
    uint32 iterations;
    uint16 segmentLength;
    // --- one word
    bytes8 properties; // see Similarity
    uint48 createdIn; // block
    // --- one word
    uint64 seedBase;
    uint32 baseline;
    uint32 goal;
    uint32 testBatches;
    uint16 attestations;
    uint16 attested;
    uint8 minSlots;
    uint8 maxSilentEpochs;
    uint8 attempt; // of the slots to agree on a final state: a conviction starts the next
    uint8 placesSettled; // of all roles together, in their order
    // --- one word
    Places started; // slots with a head, less the convicted: what a final state may include
    Places finished; // slots that committed their last iteration
    Places dropped; // silent or convicted slots
    // --- one word
    Places includedSlots; // in finalState
    Places sealers; // evaluators with a sealed score
    uint8 stateVotes; // for finalState and includedSlots, which lead
    uint8 suspended; // places, of any role
    uint40 heldSince; // unix seconds, of no meaning unless places are suspended
    uint40 longestPause; // of a slot, in blocks
    // --- one word
    uint128 fee;
    uint128 burned;
    // --- one word
    uint128 unpaid; // of fee and forfeits, from the beginning of the settlement on
    // --- one word each
    Shares shares;
    Durations durations;
    Roster[3] rosters; // by Role
    Lottery[3] lotteries; // by Role
    bytes32 parametersHash;
    bytes32 testCommitment;
    bytes32 testRoot;
    bytes32 seed; // of assignment and training
    bytes32 trainingSeed; // the same from Training on
    bytes32 finalState;
    bytes32 leadingScore; // hash of the score with most votes, 0 if there is none
    bytes32[] scores; // hashes of all scores revealed, in order
    mapping(Role => mapping(uint256 index => Member)) members;
    mapping(address account => uint8) engagements; // see TaskLottery
    mapping(uint256 slot => bytes32 stateId) submissions; // what a slot last voted for; with which slots, the event tells
    mapping(uint256 slot => mapping(uint64 epoch => Commit)) commits;
    mapping(uint256 evaluator => bytes32) ballots; // the sealed score; once it is revealed, its hash
    mapping(bytes32 choice => StateTally) stateTallies;
    mapping(bytes32 choice => ScoreTally) scoreTallies;
}

using TaskStorage for Task global;

/// @title TaskStorage
/// @notice What all parts of the registry do with a task.
library TaskStorage {
    uint256 internal constant BPS = 10_000;

    function roster(Task storage task, Role role) internal view returns (Roster storage) {
        return task.rosters[uint256(role)];
    }

    function lottery(Task storage task, Role role) internal view returns (Lottery storage) {
        return task.lotteries[uint256(role)];
    }

    /// @dev Returns the place, which must be the caller's.
    function requireMember(
        Task storage task,
        TaskId taskId,
        Role role,
        uint8 index
    ) internal view returns (Member storage member) {
        member = task.members[role][index];
        bool isMember = msg.sender == member.operator || msg.sender == member.owner;
        require(isMember, ITaskRegistry.Registry_NotAMember(taskId, role, index, msg.sender));
    }

    /// @dev Marks a place's duty as done, which it can do once.
    function markDone(Task storage task, TaskId taskId, Role role, uint8 index) internal {
        Roster storage places = task.roster(role);
        require(!places.done.has(index), ITaskRegistry.Registry_AlreadyDone(taskId, role, index));
        places.done = places.done.with(index);
    }

    /// @dev Nothing that the settlement pays by may change once it has begun.
    function requireNotClosed(Task storage task, TaskId taskId) internal view {
        require(!task.closed, ITaskRegistry.Registry_AlreadySettled(taskId));
    }

    /// @dev `bps` of the fee, rounded down; what rounding leaves goes back to the client.
    function shareOf(Task storage task, uint16 bps) internal view returns (uint256) {
        return (uint256(task.fee) * bps) / BPS;
    }

    function attestationPrice(Task storage task) internal view returns (uint256) {
        return task.shareOf(task.shares.verifiers) / task.attestations;
    }

    /// @dev Key of the votes for one final state in the present attempt.
    function stateChoice(Task storage task, bytes32 stateId, Places includedSlots) internal view returns (bytes32) {
        return keccak256(abi.encode(task.attempt, stateId, includedSlots));
    }
}
