// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BountyId, EntryStatus, Scoring, Stage} from "../types/BountyTypes.sol";
import {BatchChunk, ExactBountyParameters, ModelOpening, SetOpening, WeightChunk} from "../types/ExactBountyTypes.sol";
import {Role, Score, TaskId} from "../types/TaskTypes.sol";
import {IBounties} from "./IBounties.sol";
import {ITaskRegistry} from "./ITaskRegistry.sol";

/// @title Exact bounties
/// @notice Bounties whose models are states of the exact multi-layer perceptron (DESIGN section 3) and are judged by dispute
/// instead of a vote (DESIGN section 8, bounty mode). An entry announces its {Score}, with the root of the Merkle sum over
/// the batches of the scoring set; of the revealed model it is taken, unless somebody challenges it within a window. A
/// challenge is judged by {IEvaluationGame}, down to one element that the contract recomputes. Losses are in 1/127 of
/// missing probability mass, summed over the set.
///
/// | stage | ends when | then | at the deadline, somebody being silent |
/// | --- | --- | --- | --- |
/// | Entry | the poster cancels, nobody having entered | Returned | nothing committed (open: announced): Returned |
/// | | the deadline | open: Reveal; sealed: Unsealing | |
/// | Unsealing | the poster has published the scoring set | Announcing | Withheld |
/// | Announcing | the deadline | Reveal | nothing announced: Returned |
/// | Reveal | the candidate has published its model | Challenge | it is struck and loses its stake; the next is called |
/// | Challenge | the candidate is convicted | Reveal | it is paid |
///
/// In Challenge the clock stands still while a dispute over the candidate is open or waits. A convicted candidate is struck
/// and banned; half of its stake is the challenger's, the rest burns; the next best is called, and if none is left the
/// bounty is Returned. A challenger that loses pays with its bond ({ICourt}). Payments are those of {IBountyBoard}, without
/// voters; nobody's word counts but that of the arithmetic.
///
/// **Published means as calldata here**, checked against what was committed to, and repeated in events. Who could keep back a
/// model could win with any lie about it, since nobody could recompute a thing; who could keep back a sealed set could have
/// an accomplice win with another one. So a candidate publishes its weights, as int16, and a poster its sealed batches, each
/// in as many calls as it likes, in order; that an open set can be had, those who enter see before they enter.
///
/// What does not help: lying by a root that nobody can open (silence loses), a zero root (refused), a lie that is repeated
/// after a lost challenge (it settles nothing, others may challenge), challenging oneself (the accuser's part burns),
/// filling a bounty with empty entries (any number can be made, none shuts another out, and only announced ones are called),
/// a sealed set whose batches cannot be scored (their shapes are checked), delaying by false challenges (each costs a
/// bond, and the next twice as much, up to the entry's stake), and windows too short to announce, to publish a model or to
/// look at one (bounded below).
///
/// Trust: that within the challenge window one honest account recomputes a score: the next best, the poster and whoever wants
/// half of a stake have reason to. An honest candidate must answer when it is challenged. There is no owner or admin.
///
/// To court and game this contract is what the registry is to those of tasks: a revealed entry is a task of its own, named
/// by {placeIdOf}, with one place, evaluator number 0. So the number of entries is not bounded by a place's 8 bits.
interface IExactBounties is IBounties {
    struct ExactBountyView {
        address poster;
        Stage stage; // as stored: over if `stageEndsAt` has passed, see {advance}
        Scoring scoring;
        uint64 stageEndsAt; // 0 in terminal stages, 2^64 - 1 while a dispute holds it up
        uint32 entryCount;
        uint32 struck; // of the entries
        uint32 candidate; // entry, in Reveal, Challenge and Paid
        uint128 bounty;
        uint128 entryStake;
        bytes32 scoringCommitment;
        bytes32 testRoot; // of a sealed set once it is published
        uint32 testBatches;
        uint32 publishedBatches; // of a sealed set
        bytes32 parametersHash; // keccak256(abi.encode(TaskParameters)) with the program and nothing else, for the game
    }

    struct ExactEntryView {
        address owner;
        EntryStatus status;
        Score score; // once announced
        bytes32 commitment;
        bytes32 stateId; // once published
        uint32 layer; // whose weights are to be published next, from 0
        uint32 leaf; // first leaf of these
    }

    event ExactBountiesWired(address court);
    event ExactBountyPosted(BountyId indexed bountyId, address indexed poster, ExactBountyParameters parameters);
    event BatchesPublished(BountyId indexed bountyId, uint32 first, BatchChunk[] batches);
    event ScoreAnnounced(BountyId indexed bountyId, uint32 indexed entry, address indexed owner, Score score);
    /// @notice Weights as int16 from leaf `leaf` of `layer` on, chunk after chunk, layer after layer.
    event WeightsPublished(
        BountyId indexed bountyId,
        uint32 indexed entry,
        uint32 layer,
        uint32 leaf,
        WeightChunk[] chunks
    );
    /// @notice The whole model is public: its score can be challenged, under the name `placeId`.
    event StatePublished(BountyId indexed bountyId, uint32 indexed entry, TaskId indexed placeId, bytes32 stateId);
    event ChallengeSuspended(BountyId indexed bountyId, uint32 indexed entry);
    event ChallengeResumed(BountyId indexed bountyId, uint32 indexed entry, uint64 endsAt);

    /// @notice A score without a root cannot be disputed, so it cannot be announced.
    error Bounty_NoScore();
    /// @notice The program is not the bounty's: take it from {ExactBountyPosted}.
    error Bounty_WrongProgram(BountyId bountyId);
    /// @notice All of the model, or of the set, is published already by what comes before.
    error Bounty_NothingLeft(BountyId bountyId);
    error Bounty_NotTheCourt(address caller);
    /// @notice The place is not the candidate's of a bounty in Challenge: there is nothing to dispute.
    error Bounty_NotChallengeable(TaskId placeId);

    // --- posters

    /// @notice Escrows the bounty, by allowance, and opens it for entries.
    function post(ExactBountyParameters calldata parameters) external returns (BountyId bountyId);

    /// @notice Publishes the batches of the sealed scoring set that come next. With the last one, announcing begins.
    function publishSet(BountyId bountyId, SetOpening calldata set, BatchChunk[] calldata batches) external;

    // --- who trains

    /// @notice Announces the score of a committed model, once and for good: before the deadline if the scoring set is open, in
    /// Announcing if it was sealed. An entry without an announcement takes no part and loses nothing.
    function announce(BountyId bountyId, uint32 entry, Score calldata score) external;

    /// @notice Publishes the candidate's weights that come next, in Reveal. With the last ones, the challenge begins.
    function publishModel(BountyId bountyId, ModelOpening calldata model, WeightChunk[] calldata chunks) external;

    // --- court; see {ICourt}

    /// @notice A dispute over the place is open or waiting: the bounty's clock stands still.
    function suspend(TaskId placeId, Role role, uint8 index) external;

    /// @notice Nothing is open or waiting any more: the clock runs on. Does nothing if it runs, as after a conviction.
    function resume(TaskId placeId, Role role, uint8 index) external;

    /// @notice Strikes the candidate, bans its owner, and calls the next.
    function convict(TaskId placeId, Role role, uint8 index, address accuser) external;

    // --- views

    /// @notice Zeroes if there is no such bounty.
    function bountyOf(BountyId bountyId) external view returns (ExactBountyView memory);

    function entryOf(BountyId bountyId, uint32 entry) external view returns (ExactEntryView memory);

    /// @notice keccak256(abi.encode(bountyId, entry)): the name of a revealed entry in the court.
    function placeIdOf(BountyId bountyId, uint32 entry) external pure returns (TaskId);

    /// @notice A revealed entry as the court sees it; all zero for other places.
    function placeOf(TaskId placeId, Role role, uint8 index) external view returns (ITaskRegistry.PlaceView memory);

    /// @notice The announced score of a revealed entry.
    function scoreOf(TaskId placeId, uint8 index) external view returns (Score memory score, bool revealed);

    /// @notice What a dispute over a revealed entry is judged by.
    function scoringOf(TaskId placeId) external view returns (ITaskRegistry.ScoringView memory);

    /// @notice Seconds that Announcing, and Reveal and Challenge of a candidate last at least.
    function leastSeconds() external view returns (uint32);
}
