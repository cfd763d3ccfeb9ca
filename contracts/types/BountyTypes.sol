// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev keccak256(abi.encode(chainid, board, poster, specHash, salt)): what the bounty commits to, never a counter that a
/// reorganisation could move.
type BountyId is bytes32;

/// @dev Stages of a bounty, in the order of its life; the tables of transitions are in {IBountyBoard}, whose bounties have a
/// vote, and {IExactBounties}, whose have a challenge.
enum Stage {
    None,
    Entry, // models are committed; with an open scoring set their losses are announced as well
    Unsealing, // the poster reveals the sealed scoring set
    Announcing, // losses on the revealed set are announced
    Reveal, // the best that is left reveals its model
    Vote, // stakers seal what they found: whether its loss is what was announced
    Opening, // they open their seals
    Challenge, // of an exact bounty: the announced score of the revealed model can be disputed
    Paid, // terminal: the candidate has the bounty
    Undecided, // terminal: a vote without a quorum, candidate and poster share the bounty
    Returned, // terminal: nobody is left, the poster has the bounty back
    Withheld // terminal: the scoring set cannot be had, which is the poster's fault
}

enum Scoring {
    Open, // published when the bounty is posted: anyone can compute losses, the ranking is live
    Sealed // committed to when the bounty is posted, revealed after the deadline
}

/// @dev What a staker found.
enum Verdict {
    None,
    Honest, // the model's loss is at most the announced one plus the tolerance
    False, // it is greater, or the model cannot be had or scored within the limits of the spec
    Unavailable // the scoring set or the spec cannot be had
}

enum EntryStatus {
    None,
    Committed,
    Announced,
    Struck, // was silent when its model was called, or was found false
    Released // its stake is free again
}

/// @dev Seconds each stage may last, 1 second to 365 days. Those of sealed scoring are of no meaning to an open one.
struct BountyDurations {
    uint32 entry;
    uint32 unsealing;
    uint32 announcing;
    uint32 reveal; // of each candidate
    uint32 vote; // on each candidate: for sealing
    uint32 opening; // of the seals on each candidate
}

/// @dev What a poster fixes.
struct BountyParameters {
    bytes32 salt;
    bytes32 specHash; // SHA-256 of the spec's canonical bytes
    bytes32 scoringCommitment; // Open: SHA-256 of the scoring set; Sealed: keccak256(abi.encode(that, salt))
    string manifest; // content address (CID) of the list of blobs: spec, training set, open scoring set; 1 to 256 bytes
    Scoring scoring;
    uint128 bounty; // GRIST wei, escrowed together with the voters' pay
    uint128 entryStake; // GRIST wei that each entry locks, at least one wei more than twice the voters' pay
    uint64 tolerance; // by which a loss may exceed its announcement, in 10^-9
    BountyDurations durations;
}

/// @dev An entry's place in the ranking: the smaller the better.
///
///     95        32 31       0
///     | loss      | entry   |
///       in 10^-9    in the order of commitment: of equal losses the earlier model is better
type Standing is uint256;

using StandingLib for Standing global;

/// @title StandingLib
/// @notice Packs and reads {Standing}.
library StandingLib {
    function rank(uint64 loss, uint32 entry) internal pure returns (Standing) {
        return Standing.wrap((uint256(loss) << 32) | entry);
    }

    /// @notice The entry whose standing it is.
    function entryOf(Standing self) internal pure returns (uint32) {
        // The lowest 32 bits by design, so nothing that counts is cut off.
        return uint32(Standing.unwrap(self));
    }
}
