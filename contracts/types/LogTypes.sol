// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Places} from "./Places.sol";
import {TaskId} from "./TaskTypes.sol";

/// @dev A point of G1 of BLS12-381 as EIP-2537 encodes it: x and y, 64 bytes each, of which the first 16 are zero. All
/// zero is the point at infinity.
struct G1Point {
    bytes32[4] words;
}

/// @dev A point of G2: x and y, each c0 || c1 of 64 bytes.
struct G2Point {
    bytes32[8] words;
}

/// @dev A signature over secp256k1 in the form of EIP-2098.
struct CompactSignature {
    bytes32 r;
    bytes32 vs;
}

/// @dev What a co-signature is about: the messages that these slots committed in this epoch.
struct LogPeriod {
    TaskId taskId;
    uint64 epoch;
    Places slots;
}

/// @dev Signatures of several supervisors in one.
struct AggregateSignature {
    Places signers;
    G1Point signature; // sum of theirs
    G2Point key; // sum of their keys
    G2Point[] absent; // keys of the enrolled places that did not sign, in ascending order
}
