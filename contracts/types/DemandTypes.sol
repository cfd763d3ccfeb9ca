// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev keccak256(abi.encode(chainid, contract, accused place, kind, peer, content, row)): a place is asked once for each
/// thing.
type DemandId is bytes32;

enum DemandKind {
    Segment, // `content` is its id
    ListRow, // `content` is the list's updateId
    Committed // `content` is keccak256(abi.encode(epoch, segmentsRoot)) of a commit, `row` the place of the segment in it
}

enum DemandState {
    None,
    Open,
    Answered,
    Unanswered, // the place was convicted for it
    Void // nothing was left to convict
}
