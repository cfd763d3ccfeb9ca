// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaskAssignment} from "./ITaskAssignment.sol";
import {Commit, Phase, Role, Score, TaskId, TaskParameters} from "../types/TaskTypes.sol";

/// @title Tasks
/// @notice A client escrows a fee for a training job; miners, supervisors and evaluators are drawn ({ITaskAssignment}),
/// join with a stake, train, submit one final state, score it, and are paid by pull (DESIGN section 8). All amounts are
/// GRIST wei, times unix seconds.
///
/// Time moves by itself: every phase has a deadline and a defined outcome when somebody is silent. Every call first
/// carries out the transitions that are due, then its own effect, then the transitions that this effect brings about;
/// views show the task as if the due ones had been carried out. Anyone may send {advance}; two phases need it, since they
/// take figures of their block: `seedBase` is 0 until Seeding is carried out, `trainingSeed` until Training is.
///
/// | phase | ends when | then | at the deadline |
/// | --- | --- | --- | --- |
/// | Registration | the client closes it, if enough applied | Seeding | enough applied: Seeding, else Cancelled |
/// | | the client cancels | Cancelled | |
/// | Seeding | the seed is proven | Drawing | Cancelled |
/// | Drawing | every applicant drew | as at the deadline | enough drew: Joining, else Cancelled |
/// | Joining | places are taken, or nobody is left for them | as at the deadline | enough joined: Training, else Cancelled |
/// | Training | every slot is finished or dropped | Submission; all dropped: Failed | Submission |
/// | Submission | every slot that can submit did | Reveal; nobody could: Failed | some did: Reveal, else Failed |
/// | Reveal | the client reveals | EvaluationCommit | Closing: the bonus is paid in full |
/// | EvaluationCommit | every evaluator sealed a score | EvaluationReveal | EvaluationReveal |
/// | EvaluationReveal | every sealed score is open | Closing | Closing |
/// | Closing | someone settles after the last window | Settled | stays: from then on scores cannot be challenged |
///
/// Disputes ({ICourt}) hold up a task. While one over any of its places is open or waiting, Submission does not end and
/// its deadline moves on with the clock, as the challenge window of Closing does; and the task cannot be settled. The
/// court bounds how long one dispute takes, and doubles the price of the next: nothing else bounds how many there are.
///
/// Enough: `minSlots` miners, all supervisors, one evaluator. Cancelled and Failed tasks are settled as well, by
/// {settle}: that releases the stakes and credits what is left of the fee.
///
/// Trust: there is no owner, admin or arbiter. The final state is what most of the slots that submitted say: a majority
/// can lie about it. The score is what most of the evaluators say whose score the court has not struck.
interface ITaskRegistry is ITaskAssignment {
    struct TaskView {
        address client;
        Phase phase; // as of now, deadlines that have passed counted in; None if there is no such task
        uint64 phaseEndsAt; // unix seconds, as if open disputes ended now; 0 where the phase ends by an event. Of Closing:
        // the end of the challenge window for scores
        uint8 slotsJoined;
        uint8 supervisorsJoined;
        uint8 evaluatorsJoined;
        uint8 slots;
        uint16 segmentLength;
        uint32 iterations; // per slot
        uint64 macs; // of one iteration
        uint64 seedBase; // block number from which the training seed's block is counted; 0 until Seeding is carried out
        uint64 lastCommitEpoch;
        bytes32 trainingSeed; // H(0x0d || randomness || taskId); 0 before Training
        bytes32 finalState; // the leading one during Submission
        uint128 includedSlots; // bitmap of the slots summed in finalState, as they were when it was agreed on
        bytes32 testRoot; // 0 until revealed
        uint32 testBatches;
        Score score; // the leading one
        bool scored; // evaluators agreed on a score; false if they agreed that the test set cannot be scored
        uint256 burned; // GRIST wei
    }

    struct SlotView {
        address owner; // whose stake and reward
        address operator; // who signs and commits
        uint32 next; // first iteration not committed yet
        uint64 lastCommitEpoch; // of no meaning while nothing is committed
        bytes32 head; // segment id, 0 if none
        bool dropped; // was silent, or convicted: takes no more part
        bool convicted;
        bytes32 submittedState; // 0 if it has not submitted, or has to submit anew
        bool agrees; // with the state that leads, and on the slots in it
    }

    /// @dev What answers for a claim: three cold words.
    struct PlaceView {
        address owner; // all is zero if nobody took the place
        address operator;
        uint128 stake; // GRIST wei that the place locked
        bool convicted;
        bool suspended; // a dispute over the place is open or waiting: its windows stand still
        uint40 pausedBlocks; // by which disputes that are over have moved its windows
    }

    /// @dev What a claim of a ticket is checked by, for one slot and epoch: seven cold words. A task that was cancelled has
    /// no commits.
    struct ClaimContext {
        address owner; // of the slot, 0 if nobody took it
        address operator;
        bool dropped; // silent or convicted
        uint256 pausedBlocks; // for which disputes have held up its windows until now, one that is not over included
        uint128 stake; // GRIST wei that the slot locked
        uint64 macs; // of one iteration
        uint16 segmentLength;
        uint32 first; // iteration committed in the epoch; see {Commit}
        uint32 last;
        bytes32 segmentsRoot; // 0 if the slot committed nothing in the epoch
    }

    /// @dev What audits of a slot's work of one epoch are drawn by: six cold words.
    struct AuditContext {
        uint16 attestations; // that the client ordered, of claims and audits
        uint32 iterations; // per slot
        uint16 segmentLength;
        uint8 slots; // that joined
        bool convicted; // the slot
        uint32 first; // iteration committed in the epoch; see {Commit}
        uint32 last;
        bytes32 segmentsRoot; // 0 if the slot committed nothing in the epoch
    }

    /// @dev What a dispute over a segment is judged by: five cold words.
    struct TrainingView {
        bytes32 parametersHash;
        bytes32 trainingSeed; // 0 before Training
        uint64 macs;
        uint32 iterations; // per slot
        uint16 segmentLength;
        uint8 slots; // that joined: N of the schedule
        Phase phase; // as last stored: a deadline that has passed since is not counted in
    }

    /// @dev What a dispute over a score is judged by: five cold words.
    struct ScoringView {
        bytes32 parametersHash;
        bytes32 finalState;
        bytes32 testRoot; // 0 until revealed
        uint32 testBatches;
        Phase phase; // as last stored, as in TrainingView
    }

    // --- events

    /// @notice The one place where all parameters of a task can be read.
    event TaskCreated(
        TaskId indexed taskId,
        address indexed client,
        TaskParameters parameters,
        uint64 macs,
        uint32 batches
    );
    /// @notice The task entered `phase`, which lasts until `endsAt` at most (0: no deadline) if no dispute holds it up.
    /// Submission is entered anew when a slot is convicted in it: all slots have to submit again.
    event PhaseEntered(TaskId indexed taskId, Phase indexed phase, uint64 endsAt);
    /// @notice Training began under `trainingSeed`; `burned` of the fee is gone for good.
    event TrainingBegun(TaskId indexed taskId, bytes32 trainingSeed, uint256 burned);
    event Committed(
        TaskId indexed taskId,
        uint8 indexed slot,
        uint64 indexed epoch,
        uint32 first,
        uint32 last,
        bytes32 segmentId,
        bytes32 segmentsRoot
    );
    event SlotDropped(TaskId indexed taskId, uint8 indexed slot);
    /// @notice `votes` slots have submitted this state over these slots so far.
    event StateSubmitted(
        TaskId indexed taskId,
        uint8 indexed slot,
        bytes32 stateId,
        uint128 includedSlots,
        uint8 votes
    );
    event TestSetRevealed(TaskId indexed taskId, bytes32 testRoot, uint32 testBatches, string manifest);
    event ScoreSealed(TaskId indexed taskId, uint8 indexed evaluator, bytes32 sealedScore);
    /// @notice `votes` evaluators have opened this score so far.
    event ScoreRevealed(TaskId indexed taskId, uint8 indexed evaluator, Score score, uint8 votes);
    event EvaluatorSlashed(TaskId indexed taskId, address indexed owner, uint256 amount);
    /// @notice A dispute over the place is open or waiting; none is any more, `pausedBlocks` is the sum of all pauses.
    event MemberSuspended(TaskId indexed taskId, Role indexed role, uint8 index);
    event MemberResumed(TaskId indexed taskId, Role indexed role, uint8 index, uint40 pausedBlocks);
    /// @notice The place lost its stake: `reward` of it went to the accuser, `forfeit` to the task's honest, the rest was
    /// burnt.
    event MemberConvicted(
        TaskId indexed taskId,
        Role indexed role,
        uint8 index,
        address indexed accuser,
        uint256 reward,
        uint256 forfeit
    );
    /// @notice The score was shown to be wrong; `leading` is the hash of the one that counts now, 0 if there is none.
    event ScoreStruck(TaskId indexed taskId, Score score, bytes32 leading);
    /// @notice The account can withdraw `amount` more.
    event Credited(TaskId indexed taskId, address indexed account, uint256 amount);
    /// @notice All stakes are free again; `refund` of fee and forfeits went to the client.
    event TaskSettled(TaskId indexed taskId, uint256 refund);
    event Withdrawn(address indexed account, uint256 amount);
    /// @notice The mint that may credit attestations, the court that may convict, and the log by which supervisors are paid
    /// were set, for ever.
    event RegistryWired(address mint, address court, address log, address audits);

    // --- errors

    /// @notice `parameter` must be from `least` to `most`.
    error Registry_ParameterOutOfRange(string parameter, uint256 value, uint256 least, uint256 most);
    /// @notice The six shares must sum to 10,000 basis points.
    error Registry_SharesSum(uint256 sum);
    /// @notice The client has created this task already: change the salt.
    error Registry_TaskExists(TaskId taskId);
    error Registry_UnknownTask(TaskId taskId);
    /// @notice The task is in `phase`, in which this call has no place.
    error Registry_WrongPhase(TaskId taskId, Phase phase);
    /// @notice Only the task's client may do this.
    error Registry_NotTheClient(address caller, address client);
    /// @notice All `wanted` places of the role are taken.
    error Registry_RoleFull(TaskId taskId, Role role, uint8 wanted);
    /// @notice A place needs an operator: give the address that will sign.
    error Registry_NoOperator(TaskId taskId);
    /// @notice An operator signs for one place of a role only: use a fresh key for each.
    error Registry_OperatorTaken(TaskId taskId, Role role, address operator);
    /// @notice `account` would evaluate work that it trained or pays for.
    error Registry_ConflictOfInterest(TaskId taskId, address account);
    /// @notice Only owner or operator of the place may do this; both are zero if nobody took the place.
    error Registry_NotAMember(TaskId taskId, Role role, uint8 index, address caller);
    /// @notice A commit must reach from the slot's next iteration `first` on, and end below `iterations`.
    error Registry_LastOutOfRange(TaskId taskId, uint8 slot, uint32 last, uint32 first, uint32 iterations);
    /// @notice A commit must end with a whole segment of `segmentLength`, or with the slot's last iteration.
    error Registry_NotASegmentEnd(TaskId taskId, uint32 last, uint16 segmentLength);
    /// @notice Zero stands for "nothing": no id, root, seal or state is zero.
    error Registry_Empty(string field);
    /// @notice A slot commits once per epoch: the root covers the whole epoch.
    error Registry_AlreadyCommitted(TaskId taskId, uint8 slot, uint64 epoch);
    /// @notice The slot was silent, or convicted.
    error Registry_SlotIsDropped(TaskId taskId, uint8 slot);
    error Registry_SlotIsFinished(TaskId taskId, uint8 slot);
    /// @notice The slot may be dropped from `epoch` on, unless it commits before.
    error Registry_NotSilent(TaskId taskId, uint8 slot, uint64 epoch);
    /// @notice A slot that has committed nothing has no part in the final state.
    error Registry_NothingCommitted(TaskId taskId, uint8 slot);
    /// @notice A final state sums at least one slot, and only slots with a head that are not convicted (bitmap `started`).
    error Registry_NotIncludable(TaskId taskId, uint128 includedSlots, uint128 started);
    /// @notice The place has done this already.
    error Registry_AlreadyDone(TaskId taskId, Role role, uint8 index);
    /// @notice What was opened does not hash to what was sealed.
    error Registry_SealMismatch(TaskId taskId, bytes32 sealedHash, bytes32 opened);
    /// @notice The evaluator sealed no score.
    error Registry_NothingSealed(TaskId taskId, uint8 evaluator);
    /// @notice This score was shown to be wrong: whoever sealed it too had better stay silent.
    error Registry_ScoreIsStruck(TaskId taskId, Score score);
    /// @notice The task can be settled from `blockNumber` on, when no claim of its last epoch can be open any more.
    error Registry_TooEarly(TaskId taskId, uint64 blockNumber);
    /// @notice The task can be settled from `endsAt` on: until then its scores can be challenged.
    error Registry_ScoresChallengeable(TaskId taskId, uint64 endsAt);
    /// @notice Disputes over `places` places of the task are open.
    error Registry_Disputed(TaskId taskId, uint8 places);
    /// @notice The settlement has ended, or has begun and fixed what this would change.
    error Registry_AlreadySettled(TaskId taskId);
    /// @notice Nobody took the place, it is convicted already, or there is nothing that it could be convicted of: a
    /// supervisor, an evaluator that has revealed no score.
    error Registry_NotConvictable(TaskId taskId, Role role, uint8 index);
    /// @notice The account has no credit.
    error Registry_NothingToWithdraw(address account);
    /// @notice Only the wired mint and audits take attestations.
    error Registry_NotAttesting(address caller);
    /// @notice Only the wired court may do this.
    error Registry_NotTheCourt(address caller);

    // --- deployer, once

    /// @notice Sets mint, court, log ({ISupervisorLog}) and audits ({IAudits}), for ever. For the deployer, one time (see
    /// {Wired} for its errors).
    function wire(address mint, address court, address log, address audits) external;

    // --- client

    /// @notice Creates a task of the caller's and escrows its fee, which must be allowed to this contract before (by
    /// `approve` or `permit`). Registration begins.
    /// @dev Every parameter is bounded as {TaskParameters} says, the program as its template says.
    function createTask(TaskParameters calldata parameters) external returns (TaskId);

    /// @notice Ends Registration before its deadline. For the client, once enough have applied.
    /// @dev That gives the client no more than the choice of a short deadline does: the seed is not known yet.
    function closeRegistration(TaskId taskId) external;

    /// @notice Takes the task back while it is in Registration.
    function cancel(TaskId taskId) external;

    /// @notice Opens `testCommitment` = keccak256(abi.encode(testRoot, testBatches, salt)) in Reveal.
    /// @param manifest content address of the test set, 1 to 256 bytes; it must be served, or evaluators will agree on a
    /// score with a zero root, which counts as silence
    function revealTestSet(
        TaskId taskId,
        bytes32 testRoot,
        uint32 testBatches,
        bytes32 salt,
        string calldata manifest
    ) external;

    // --- workers

    /// @notice Commits a slot's head for the current epoch, in Training. For the slot's operator or owner, once an epoch.
    /// @param last last iteration committed, inclusive
    /// @param segmentId id of the segment that ends with `last`
    /// @param segmentsRoot Merkle root over the ids of the epoch's segments in order
    function commit(TaskId taskId, uint8 slot, uint32 last, bytes32 segmentId, bytes32 segmentsRoot) external;

    /// @notice Votes for the final state, in Submission. For the operator or owner of a slot that has committed
    /// something and was not dropped, once in each attempt: a conviction in Submission starts the votes over, with a
    /// fresh deadline. From Reveal on the final state stays, whoever is convicted.
    /// @dev The pair of state and slots with most votes wins, in a tie the one that had them first. A slot is paid if it
    /// voted for the winning pair and is part of it: so a dropped slot's iterations may stay in the sum unpaid.
    /// @param includedSlots bitmap of the slots whose committed heads are summed in the state
    function submitState(TaskId taskId, uint8 slot, bytes32 stateId, uint128 includedSlots) external;

    /// @notice Seals an evaluator's score, in EvaluationCommit, once.
    /// @dev Naming task and operator in the seal makes a copied seal worthless.
    /// @param sealedScore keccak256(abi.encode(taskId, operator, correct, loss, root, salt)), operator being the place's
    function commitScore(TaskId taskId, uint8 evaluator, bytes32 sealedScore) external;

    /// @notice Opens a sealed score, in EvaluationReveal, once.
    /// @dev The score with most votes wins, in a tie the one that had them first (once a score was struck: the one that
    /// was revealed first); its voters share the evaluators' pot.
    /// An evaluator that seals or opens nothing although the client revealed loses a fifth of its stake, all of it burnt.
    /// A score with a zero root is the vote that the revealed test set cannot be scored; where it wins, the bonus is paid
    /// in full.
    function revealScore(TaskId taskId, uint8 evaluator, Score calldata score, bytes32 salt) external;

    // --- anyone

    /// @notice Drops a slot that is not finished and has committed nothing in the last `maxSilentEpochs` whole epochs,
    /// counted from the epoch in which the training began. It is not paid, and its stake stays locked until settlement.
    function dropSilent(TaskId taskId, uint8 slot) external;

    /// @notice Carries out the transitions that are due.
    function advance(TaskId taskId) external returns (Phase);

    /// @notice Pays a task that is Closing, Failed or Cancelled, and releases all its stakes. Possible once the last
    /// window of claims and scores is over and no dispute is open. What was not earned, and all remainders of division,
    /// go back to the client.
    /// @dev Bounded: one call settles 80 places, the next goes on, and the last ends Closing. Forfeits of convicted slots
    /// are shared by the paid ones according to their iterations, those of evaluators equally by the paid ones; they are
    /// the client's where nobody is paid.
    function settle(TaskId taskId) external;

    /// @notice Pays out the caller's credit from all tasks.
    function withdraw() external returns (uint256 amount);

    // --- WorkMint and Audits

    /// @notice Credits one attestation, of a claim of the task or a segment drawn from it, to `verifier`. For the wired mint
    /// and audits only.
    /// @dev Never reverts for them: once the quota is used up or the task is settled, it credits nothing.
    function creditAttestation(TaskId taskId, address verifier) external;

    // --- court; see {ICourt}. Each call first carries out the transitions that are due. Once the settlement has begun
    // nobody can be suspended or convicted.

    /// @notice A dispute over the place, of a miner or an evaluator, is open or waiting: its windows stand still. Does
    /// nothing if they do already.
    function suspend(TaskId taskId, Role role, uint8 index) external;

    /// @notice None is any more. Does nothing if the place is not suspended, as a convicted one never is.
    function resume(TaskId taskId, Role role, uint8 index) external;

    /// @notice Takes the whole stake of the place: a quarter goes to `accuser` as free stake (nothing if that is the
    /// place's own owner or operator), a quarter to the task's honest at the settlement, the rest is burnt. Ends its
    /// suspension.
    /// @dev A convicted slot commits, submits and is paid nothing more, and no state submitted from now on may include it.
    /// With an evaluator its score falls: all that revealed the same are convicted too, and the leading one of the other
    /// scores counts.
    function convict(TaskId taskId, Role role, uint8 index, address accuser) external;

    // --- views

    /// @notice Seconds from the end of EvaluationReveal for which scores can be challenged at least.
    function challengeSeconds() external view returns (uint32);

    function taskOf(TaskId taskId) external view returns (TaskView memory);

    /// @notice keccak256(abi.encode(parameters)) of the event {TaskCreated}.
    function parametersOf(TaskId taskId) external view returns (bytes32 parametersHash);

    function slotOf(TaskId taskId, uint8 slot) external view returns (SlotView memory);

    /// @notice Both zero if nobody took the place.
    function memberOf(TaskId taskId, Role role, uint8 index) external view returns (address owner, address operator);

    function placeOf(TaskId taskId, Role role, uint8 index) external view returns (PlaceView memory);

    /// @notice All zero if the slot committed nothing in the epoch.
    function commitOf(TaskId taskId, uint8 slot, uint64 epoch) external view returns (Commit memory);

    function claimContextOf(TaskId taskId, uint8 slot, uint64 epoch) external view returns (ClaimContext memory);

    function auditContextOf(TaskId taskId, uint8 slot, uint64 epoch) external view returns (AuditContext memory);

    /// @notice GRIST wei of the fee that were burned when the training began; one cold word.
    function burnedOf(TaskId taskId) external view returns (uint256);

    function trainingOf(TaskId taskId) external view returns (TrainingView memory);

    function scoringOf(TaskId taskId) external view returns (ScoringView memory);

    /// @notice The score that the evaluator revealed, also if it was struck since.
    function scoreOf(TaskId taskId, uint8 evaluator) external view returns (Score memory score, bool revealed);

    /// @notice Multiply-accumulates committed in the epoch over all tasks.
    function workIn(uint64 epoch) external view returns (uint256 macs);

    /// @notice GRIST wei the account can withdraw.
    function creditOf(address account) external view returns (uint256);
}
