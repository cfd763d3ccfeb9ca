// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev keccak256(abi.encode(chainid, registry, client, specHash, salt)): what the task commits to, never a counter
/// that a reorganisation could move.
type TaskId is bytes32;

using {taskIdEquals as ==} for TaskId global;

function taskIdEquals(TaskId a, TaskId b) pure returns (bool) {
    return TaskId.unwrap(a) == TaskId.unwrap(b);
}

/// @dev Phases of a collective task, in the order of its life (DESIGN section 8). Each has a deadline and a defined
/// outcome when somebody is silent; the transition table is in {TaskPhases}.
enum Phase {
    None,
    Registration, // workers apply; ends at the deadline, or when the client closes or cancels it
    Seeding, // enough applied; waits for the proven header that seeds assignment and training
    Drawing, // applicants submit the ranks that the seed gives them
    Joining, // the lowest ranks join; who declines or is silent makes way for the next
    Training, // slots commit heads once per epoch
    Submission, // slots submit the final state
    Reveal, // the client reveals the test set it committed to
    EvaluationCommit, // evaluators seal their scores
    EvaluationReveal, // and open them
    Closing, // waits until no claim window of the task's last epoch is open
    Settled, // terminal: accounts are credited, everything is pulled
    Cancelled, // terminal: never started, the fee goes back in full
    Failed // terminal: started, but no final state was agreed on
}

enum Role {
    Miner,
    Supervisor,
    Evaluator
}

/// @dev Fee split in basis points of the fee; they sum to 10,000.
struct Shares {
    uint16 burn; // destroyed when training begins, 1,000 to 5,000: what the task's tickets may mint hangs on it
    uint16 miners; // for committed iterations, each of slots * iterations at the same price; at least 2,000
    uint16 bonus; // for the score, from nothing at `baseline` to all at `goal`; at most 4,000
    uint16 supervisors; // an equal share for each that co-signed the log; 100 (0 if none are wanted) to 2,000
    uint16 evaluators; // equal shares of those that revealed the agreed score; 100 to 2,000
    uint16 verifiers; // the same price for each of `attestations` attestations; 100 to 2,000
}

/// @dev Seconds each phase may last, 1 second to 365 days.
struct Durations {
    uint32 registration; // of Registration, and again of Seeding, of Drawing and of Joining
    uint32 training;
    uint32 submission;
    uint32 reveal;
    uint32 evaluationCommit;
    uint32 evaluationReveal;
}

/// @dev What a client fixes when it creates a task.
struct TaskParameters {
    bytes32 salt;
    bytes32 specHash; // SHA-256 of the spec's canonical bytes
    bytes32 datasetRoot; // DESIGN section 2
    bytes32 testCommitment; // keccak256(abi.encode(testRoot, testBatches, salt)), opened in Phase.Reveal
    string manifest; // content address (CID) of the manifest that lists spec, data and model blobs, 1 to 256 bytes
    bytes program; // abi.encode of the template's parameters
    uint128 fee; // GRIST wei, escrowed
    uint128 minerStake; // GRIST wei each miner locks at join, for each slot it takes
    uint128 supervisorStake; // 0 only if no supervisors are wanted
    uint128 evaluatorStake;
    Shares shares;
    Durations durations;
    uint32 iterations; // per slot, at least 1
    uint16 segmentLength; // c, 1 to 64, (slots - 1) * c <= 128
    uint8 slots; // miners wanted, 1 to 80
    uint8 minSlots; // 1 to slots; with fewer miners the task is cancelled
    uint8 supervisors; // wanted, 0 to 80; all of them must join
    uint8 evaluators; // wanted, 1 to 80; one of them must join
    uint8 maxSilentEpochs; // a slot that commits nothing for so many whole epochs may be dropped, at least 1
    uint16 attestations; // verifier quota is shared over so many attestations, at least 1
    uint32 baseline; // correct test answers at which the bonus starts
    uint32 goal; // correct test answers at which it is earned in full, above the baseline
}

/// @dev What a slot committed in one epoch.
struct Commit {
    uint32 first; // first iteration of this epoch
    uint32 last; // last iteration, inclusive
    bytes32 segmentId; // id of the segment that ends with `last`
    bytes32 segmentsRoot; // Merkle root over the ids of the epoch's segments in order; leaf k starts at first + k*c
}

/// @dev Numbers of a score: counts over the whole test set. A zero root says that the revealed test set cannot be had or
/// cannot be scored.
struct Score {
    uint32 correct;
    uint64 loss; // in 1/127 of missing probability mass
    bytes32 root; // root of the Merkle sum over the test batches
}
