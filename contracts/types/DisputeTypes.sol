// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Role, TaskId} from "./TaskTypes.sol";

/// @dev keccak256(abi.encode(chainid, court, game, place, challenger, claim, number of the place's disputes before)).
type DisputeId is bytes32;

using {disputeIdEquals as ==} for DisputeId global;

function disputeIdEquals(DisputeId a, DisputeId b) pure returns (bool) {
    return DisputeId.unwrap(a) == DisputeId.unwrap(b);
}

/// @dev Whose stake answers for the disputed claim: a slot for its segments and tickets, an evaluator for its score.
struct Place {
    TaskId taskId;
    Role role; // Miner or Evaluator
    uint8 index;
}

/// @dev The two sides of a dispute.
enum Side {
    Challenger,
    Defender
}

enum DisputeState {
    None,
    Waiting, // behind other disputes of the same place; may be withdrawn
    Open, // a side is to move
    Decided, // there is a winner; {ICourt-close} carries it out
    Closed,
    Withdrawn // by its challenger while it was waiting, or overtaken by a conviction; everything went back
}
