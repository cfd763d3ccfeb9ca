// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Commit, Phase, Role, Score, TaskId, TaskParameters} from "../types/TaskTypes.sol";

interface ITaskRegistry {
    struct TaskView {
        address client;
        Phase phase; // as of now, deadlines that have passed counted in
        uint64 phaseEndsAt; // unix seconds; 0 where the phase ends by an event
        uint8 slotsJoined;
        uint8 supervisorsJoined;
        uint8 evaluatorsJoined;
        uint8 slots;
        uint16 segmentLength;
        uint32 iterations; // per slot
        uint64 macs; // of one iteration
        uint64 seedBase; // block number from which the training seed's block is counted; 0 before Seeding
        uint64 lastCommitEpoch;
        bytes32 trainingSeed; // H(0x0d || randomness || taskId); 0 before Training
        bytes32 finalState;
        uint128 includedSlots; // bitmap of the slots summed in finalState
        bytes32 testRoot;
        uint32 testBatches;
        Score score;
        bool scored;
        uint256 burned; // GRIST wei
    }

    struct SlotView {
        address owner; // whose stake and reward
        address operator; // who signs and commits
        uint32 next; // first iteration not committed yet
        uint64 lastCommitEpoch;
        bytes32 head; // segment id, 0 if none
        bool dropped;
        bytes32 submittedState;
        uint128 submittedSlots;
    }

    // --- client
    function createTask(TaskParameters calldata parameters) external returns (TaskId);
    function cancel(TaskId taskId) external; // in Registration only
    function revealTestSet(TaskId taskId, bytes32 testRoot, uint32 testBatches, bytes32 salt, string calldata manifest) external;

    // --- workers
    function join(TaskId taskId, Role role, address operator) external returns (uint8 index);
    function commit(TaskId taskId, uint8 slot, uint32 last, bytes32 segmentId, bytes32 segmentsRoot) external;
    function submitState(TaskId taskId, uint8 slot, bytes32 stateId, uint128 includedSlots) external;
    function submitLog(TaskId taskId, uint8 supervisor, bytes32 logRoot, uint32 messages) external;
    /// sealedScore = keccak256(abi.encode(taskId, operator, correct, loss, root, salt))
    function commitScore(TaskId taskId, uint8 evaluator, bytes32 sealedScore) external;
    function revealScore(TaskId taskId, uint8 evaluator, Score calldata score, bytes32 salt) external;

    // --- anyone
    function begin(TaskId taskId, bytes calldata header) external; // Seeding -> Training
    function dropSilent(TaskId taskId, uint8 slot) external;
    function advance(TaskId taskId) external returns (Phase); // carries out the transitions that are due
    function settle(TaskId taskId) external; // Closing -> Settled
    function withdraw() external returns (uint256 amount); // pulls the caller's credit, GRIST wei

    // --- WorkMint
    function creditAttestation(TaskId taskId, address verifier) external;

    // --- views
    function taskOf(TaskId taskId) external view returns (TaskView memory);
    function parametersOf(TaskId taskId) external view returns (bytes32 parametersHash);
    function slotOf(TaskId taskId, uint8 slot) external view returns (SlotView memory);
    function memberOf(TaskId taskId, Role role, uint8 index) external view returns (address owner, address operator);
    function commitOf(TaskId taskId, uint8 slot, uint64 epoch) external view returns (Commit memory);
    /// Multiply-accumulates committed in the epoch over all tasks.
    function workIn(uint64 epoch) external view returns (uint256 macs);
    function creditOf(address account) external view returns (uint256);
}
