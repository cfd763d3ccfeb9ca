// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Where an account stands in the assignment of one role of one task.
enum Standing {
    None, // has not applied
    Applied,
    Drawn, // has a rank
    Joined, // has a place
    Declined // gave its rank up
}

/// @dev What decides who goes first: the lowest. Eligible applicants come before all reserves.
///
///     bit  95        94 ............................................... 0
///          reserve   draw: the highest bits of keccak256(seed, role, owner)
type Rank is uint96;

using {rankIsBelow as <, rankIsNotAbove as <=, isDrawn} for Rank global;

function rankIsBelow(Rank a, Rank b) pure returns (bool) {
    return Rank.unwrap(a) < Rank.unwrap(b);
}

function rankIsNotAbove(Rank a, Rank b) pure returns (bool) {
    return Rank.unwrap(a) <= Rank.unwrap(b);
}

/// @dev Nobody draws 0, but for a chance of 2^-95.
function isDrawn(Rank rank) pure returns (bool) {
    return Rank.unwrap(rank) != 0;
}

/// @dev An applicant in the doubly linked list of those that have drawn, in the order of their ranks. The zero address
/// stands before the first and after the last, with a rank of 0.
struct Applicant {
    address next;
    Rank rank;
    // --- one word
    address previous;
    Standing standing;
}

/// @dev The applicants for one role of a task.
struct Lottery {
    address cutoff; // who is drawn and ranks no higher than this one may join; 0 if nobody may
    uint32 applied;
    uint32 drawn;
    uint32 declined;
    // --- one word
    bool passedOn; // places that the first did not take were offered to the next
    // --- one word each
    mapping(address owner => Applicant) applicants;
}
