// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TaskId} from "./TaskTypes.sol";

/// @dev keccak256(abi.encode(taskId, slot, index, ticket)). A slot commits at most one segment over an iteration, and does
/// so before the seed that decides its tickets exists, so these four name one computation.
type ClaimId is bytes32;

using {claimIdEquals as ==} for ClaimId global;

function claimIdEquals(ClaimId a, ClaimId b) pure returns (bool) {
    return ClaimId.unwrap(a) == ClaimId.unwrap(b);
}

/// @dev All that a claim states. The mint keeps a digest of it only: the event {IWorkMint-TicketClaimed} shows it, and
/// whoever acts on the claim brings it along.
struct ClaimDetails {
    TaskId taskId;
    uint32 slot;
    uint32 index; // iteration
    uint32 ticket; // j
    uint64 epoch; // in which the iteration was committed, and whose seed draws
    address miner; // owner of the slot, who is rewarded
    bytes32 segmentId; // the committed segment
    bytes32 work; // of the work chain after the iteration
    bytes32 y; // TensHash(seed of the epoch, x)
    bytes32 traceId; // tensorId of the u8 [65][128] states of that TensHash
}

using ClaimDetailsLib for ClaimDetails global;

/// @title ClaimDetailsLib
/// @notice The two names of a claim: its place among all possible ones, and what it states there.
library ClaimDetailsLib {
    function id(ClaimDetails memory details) internal pure returns (ClaimId) {
        return ClaimId.wrap(keccak256(abi.encode(details.taskId, details.slot, details.index, details.ticket)));
    }

    /// @notice As many bits as an address has.
    function digest(ClaimDetails memory details) internal pure returns (bytes20) {
        return bytes20(keccak256(abi.encode(details)));
    }
}
