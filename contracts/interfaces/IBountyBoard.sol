// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BountyId, BountyParameters, EntryStatus, Scoring, Stage, Verdict} from "../types/BountyTypes.sol";
import {IBounties} from "./IBounties.sol";

/// @title Bounties
/// @notice Anyone trains by any means; the best verified loss at the deadline wins (DESIGN section 8, bounty mode). All
/// amounts are GRIST wei, times unix seconds, losses in 10^-9.
///
/// | stage | ends when | then | at the deadline, somebody being silent |
/// | --- | --- | --- | --- |
/// | Entry | the poster cancels, nobody having entered | Returned | nothing committed (open: announced): Returned |
/// | | the deadline | open: Reveal; sealed: Unsealing | |
/// | Unsealing | the poster reveals the scoring set | Announcing | Withheld |
/// | Announcing | the deadline | Reveal | nothing announced: Returned |
/// | Reveal | the candidate reveals its model | Vote | it is struck and loses its stake; the next one is called |
/// | Vote | all weight has sealed | Opening | Opening; nothing sealed: Undecided |
/// | Opening | every seal is open | by verdict | with a quorum of opened weight by verdict, else Undecided |
///
/// The candidate is the best announced entry that is not struck. By verdict: Honest pays the candidate; False slashes and
/// bans it and calls the next; Unavailable is Withheld. If nobody is left to call, the bounty is Returned.
///
/// Every call first carries out what is due, and anyone may send {advance} to do only that. The windows of Unsealing and
/// Announcing follow from the deadline, which everybody knows; those of Reveal, Vote and Opening begin when they are
/// entered, so a late crank takes nobody's time. Nothing depends on the number of entries but the ranking, a binary heap, in which
/// announcing and calling touch one word a level. So each announcement counts, and none keeps another one out.
///
/// Who pays whom, all by pull ({withdraw}):
/// - Paid: the candidate, the bounty.
/// - Undecided: the candidate, half; the poster, the rest. Whoever buys the voters' silence buys no more than half, and
///   nobody is slashed on a guess.
/// - Returned: the poster, the bounty.
/// - Withheld: half burns, so that posting without meaning to pay costs the poster at least that, however many entries are
///   its own; the other half goes in equal shares to all entries that are not struck. No model has to be revealed for it.
/// - The voters on the side that prevailed share the voters' pay by weight. It is the same whatever the verdict, so that
///   nobody earns more by striking than by confirming: the poster escrows the pay of the first vote, and each entry that is
///   found false pays for the next one. What no vote used returns to the poster.
/// - A struck entry loses its whole stake: to the next vote's pay if it was found false, and to the fire.
/// - A seal takes a bond, by allowance: what its weight would earn if all weight voted. Opening it returns the bond, whatever
/// the verdict; the bonds of seals that nobody opened burn. Splitting weight among accounts splits the bond.
///
/// What does not help: copying a commitment (it is bound to its sender), or an announced loss (of equal ones the earlier
/// commitment is better, and without such a model a lower one is a lie); announcing twice, late, or for another; entering
/// many empty lies (each costs a stake, and once one of an account's was found false the others are passed over at once);
/// copying a vote (no verdict can be read before the last seal was cast, and a seal is bound to its sender); sealing and then
/// opening only on the winning side (it costs the bond, and seals that are not open count for nothing, no quorum either);
/// moving stake during a vote (weights are those of the epoch in which the model was revealed); silence of anybody.
///
/// Trust: a verdict is a majority of the stake whose votes are open. The poster's account and the candidate's have no vote,
/// but nothing shows on whose behalf another account votes, and voters may tell each other what they seal. There is no owner
/// or admin.
interface IBountyBoard is IBounties {
    /// @dev Fixed at deployment.
    struct Parameters {
        uint16 quorumBps; // of the weight in the pool, without which a vote decides nothing: 1 to 5,000
        uint16 voterPayBps; // pay of one vote as a part of the bounty, 0 to 5,000
    }

    struct BountyView {
        address poster;
        Stage stage; // as stored: over if `stageEndsAt` has passed, see {advance}
        Scoring scoring;
        uint64 stageEndsAt; // 0 in terminal stages
        uint32 entryCount;
        uint32 struck; // of the entries
        uint32 candidate; // entry, in Reveal, Vote, Opening, Paid and Undecided
        uint128 bounty;
        uint128 entryStake;
        uint128 voterPay; // of the next vote
        uint64 snapshotEpoch; // whose weights vote, in Vote and Opening
        bytes32 scoringCommitment; // once unsealed: SHA-256 of the scoring set
    }

    struct EntryView {
        address owner;
        EntryStatus status;
        uint64 loss; // once announced
        bytes32 commitment;
    }

    struct BallotView {
        uint256 totalWeight; // in the snapshot
        uint256 sealedWeight; // whose verdicts are sealed, open or not
        uint256 bonds; // of the seals that are not open; burnt once decided
        uint256 honest;
        uint256 isFalse;
        uint256 unavailable;
        Verdict outcome; // None until decided
        uint256 pay; // of the voters for the outcome together, once decided
    }

    struct VoteView {
        bytes32 sealedVerdict;
        Verdict verdict; // None until opened
        uint256 weight; // 0 if nothing was sealed, and once its pay was collected
    }

    event BountyPosted(
        BountyId indexed bountyId,
        address indexed poster,
        BountyParameters parameters,
        uint128 voterPay
    );
    /// @notice `manifest` is the content address of the scoring set.
    event ScoringUnsealed(BountyId indexed bountyId, bytes32 scoringHash, string manifest);
    event LossAnnounced(BountyId indexed bountyId, uint32 indexed entry, address indexed owner, uint64 loss);
    /// @notice `manifest` is the content address of the model. The weights of `snapshotEpoch` vote on it.
    event ModelRevealed(
        BountyId indexed bountyId,
        uint32 indexed entry,
        address indexed owner,
        bytes32 modelHash,
        string manifest,
        uint64 snapshotEpoch
    );
    event VoteSealed(
        BountyId indexed bountyId,
        uint32 indexed entry,
        address indexed voter,
        uint256 weight,
        uint256 bond
    );
    /// @notice A seal was opened, and its bond credited.
    event Voted(
        BountyId indexed bountyId,
        uint32 indexed entry,
        address indexed voter,
        Verdict verdict,
        uint256 weight
    );
    /// @notice Bonds of seals on the entry that were not opened.
    event BondsBurned(BountyId indexed bountyId, uint32 indexed entry, uint256 amount);
    event VoteDecided(BountyId indexed bountyId, uint32 indexed entry, Verdict outcome, bool isQuorate);

    /// @notice The account had no weight in the pool in the epoch of the snapshot.
    error Bounty_NoWeight(address account, uint64 snapshotEpoch);
    /// @notice A verdict is sealed once and opened once.
    error Bounty_AlreadyVoted(BountyId bountyId, uint32 entry, address voter);
    /// @notice The account has sealed no verdict on the entry that it could open.
    error Bounty_NothingSealed(BountyId bountyId, uint32 entry, address voter);
    /// @notice Nothing to vote for.
    error Bounty_NoVerdict();
    /// @notice The account did not vote for the verdict that prevailed, or has collected its pay.
    error Bounty_NothingToCollect(BountyId bountyId, uint32 entry, address voter);

    // --- posters

    /// @notice Escrows the bounty and the pay of one vote, by allowance, and opens it for entries.
    function post(BountyParameters calldata parameters) external returns (BountyId bountyId);

    /// @notice Reveals the sealed scoring set.
    /// @param scoringHash SHA-256 of its bytes
    /// @param manifest content address (CID) at which it is served, 1 to 256 bytes. If it is not served there, voters find
    /// it Unavailable.
    function unseal(BountyId bountyId, bytes32 scoringHash, bytes32 salt, string calldata manifest) external;

    // --- who trains

    /// @notice Announces the loss of a committed model, once and for good: before the deadline if the scoring set is open,
    /// in Announcing if it was sealed. An entry without an announcement takes no part and loses nothing.
    function announce(BountyId bountyId, uint32 entry, uint64 loss) external;

    /// @notice Reveals the candidate's model.
    /// @param modelHash SHA-256 of its bytes
    /// @param manifest content address (CID) at which it is served, 1 to 256 bytes
    function reveal(BountyId bountyId, bytes32 modelHash, bytes32 salt, string calldata manifest) external;

    // --- stakers

    /// @notice Seals a verdict on the candidate, once, with the weight that the caller had in the VerifierPool in the epoch in
    /// which the model was revealed. Takes {voteBondOf} by allowance.
    /// @dev Bounty, entry and voter in the seal make a copied one worthless: it opens for nobody else, and costs its bond.
    /// @param sealedVerdict keccak256(abi.encode(bountyId, entry, sender, verdict, salt))
    function sealVote(BountyId bountyId, bytes32 sealedVerdict) external;

    /// @notice Opens the caller's seal, in Opening, once: the verdict counts, and the bond is credited.
    function openVote(BountyId bountyId, Verdict verdict, bytes32 salt) external;

    /// @notice Credits the caller its part of the pay for a vote on `entry` that went its way.
    function collect(BountyId bountyId, uint32 entry) external;

    // --- views

    /// @notice Zeroes if there is no such bounty.
    function bountyOf(BountyId bountyId) external view returns (BountyView memory);

    function entryOf(BountyId bountyId, uint32 entry) external view returns (EntryView memory);

    /// @notice The vote on an entry; zeroes before its model was revealed.
    function ballotOf(BountyId bountyId, uint32 entry) external view returns (BallotView memory);

    /// @notice An account's vote on an entry; zeroes if it sealed none.
    function voteOf(BountyId bountyId, uint32 entry, address voter) external view returns (VoteView memory);

    /// @notice The bond of a seal on the candidate: the voters' pay times weight over all weight, rounded up. For an account
    /// with a weight, in Vote and Opening.
    function voteBondOf(BountyId bountyId, address voter) external view returns (uint256);

    /// @notice What the voters of one vote are paid together for a bounty of this size.
    function voterPayFor(uint128 bounty) external view returns (uint128);

    function quorumBps() external view returns (uint16);
}
