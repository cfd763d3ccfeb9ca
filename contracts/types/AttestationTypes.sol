// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What a verifier has attested, in one word.
struct Attestation {
    address verifier;
    uint8 round; // in which it was revealed
    bytes11 traceRoot; // first 11 bytes of the root; the event of the reveal shows all of it
}
