// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Scoring} from "./BountyTypes.sol";

/// @dev Seconds each stage may last, up to 365 days. Those of sealed scoring are of no meaning to an open one.
struct ExactDurations {
    uint32 entry;
    uint32 unsealing; // in which the poster publishes the sealed set
    uint32 announcing; // at least what the deployment asks for, as the two that follow
    uint32 reveal; // of each candidate, in which it publishes its model
    uint32 challenge; // of each candidate's score, without what disputes take
}

/// @dev What a poster fixes.
struct ExactBountyParameters {
    bytes32 salt;
    bytes32 specHash; // SHA-256 of the spec's canonical bytes
    bytes32 scoringCommitment; // Open: root over the set's batches; Sealed: keccak256(abi.encode(root, batches, salt))
    string manifest; // content address (CID) of the list of blobs: spec, training set, open scoring set; 1 to 256 bytes
    bytes program; // parameters of the template, which every model of the bounty runs under
    uint32 testBatches; // Open: batches of the scoring set, at least 1; Sealed: 0
    Scoring scoring;
    uint128 bounty; // GRIST wei, escrowed
    uint128 entryStake; // GRIST wei that each entry locks, at least a tenth of the bounty: half of it is a challenger's
    ExactDurations durations;
}

/// @dev What opens an entry's commitment, keccak256(abi.encode(bountyId, owner, id of the state, salt)).
struct ModelOpening {
    bytes program;
    bytes32[] weights; // tensorId of W_1..W_L: the state is H(0x03 || these)
    bytes32 salt;
}

/// @dev Up to 32 consecutive leaves of one layer's weights: those that are next.
struct WeightChunk {
    bytes weights; // little-endian int16 each: a weight beyond that range says no more, since its quantization is clipped
    bytes32[] proof; // siblings of the subtree over these leaves, from below
}

/// @dev What opens the commitment to a sealed scoring set.
struct SetOpening {
    bytes program;
    bytes32 testRoot;
    uint32 testBatches;
    bytes32 salt;
}

/// @dev One batch of a scoring set: the one that is next.
struct BatchChunk {
    bytes inputs; // X, row after row, the constant last column included
    bytes labels; // Y, from which the number of rows follows
    bytes32[] proof; // of the batch in the set's root
}
