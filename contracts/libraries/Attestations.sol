// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Attestation} from "../types/AttestationTypes.sol";

/// @title Attestations by commit and reveal (DESIGN section 6)
/// @notice Drawn verifiers seal what a re-run gave them, then open it. Rounds of two halves follow each other from a block
/// that is fixed for what is attested: in the first half a round's verifiers seal, in the second they reveal. Each root is
/// counted by itself; the attestation that is the k-th of its root decides.
library Attestations {
    /// @notice Remembers when something was sealed for the first time; false if it was before.
    function keepSeal(
        mapping(bytes32 sealedRoot => uint256 blockNumber) storage sealedAt,
        bytes32 sealedRoot
    ) internal returns (bool isNew) {
        isNew = sealedAt[sealedRoot] == 0;
        if (isNew) sealedAt[sealedRoot] = block.number;
    }

    /// @notice The round now, and whether it is in its second half.
    /// @param start first block of round 0, not later than now
    /// @param half blocks of half a round
    function roundSince(uint256 start, uint256 half) internal view returns (uint256 round, bool revealing) {
        uint256 halves = (block.number - start) / half;
        return (halves / 2, halves % 2 == 1);
    }

    /// @notice Uses a seal up; false if it was not sealed in the first half of the round.
    function openSeal(
        mapping(bytes32 sealedRoot => uint256 blockNumber) storage sealedAt,
        bytes32 opened,
        uint256 start,
        uint256 half,
        uint256 round
    ) internal returns (bool inTime) {
        uint256 blockNumber = sealedAt[opened];
        uint256 from = start + 2 * round * half;
        inTime = from <= blockNumber && blockNumber < from + half;
        delete sealedAt[opened];
    }

    /// @notice Keeps an attestation as number `number`, and returns how many there are of its root, itself included; 0, and
    /// keeps nothing, if its verifier has attested before.
    function add(
        mapping(uint256 number => Attestation) storage all,
        uint256 number,
        Attestation memory given
    ) internal returns (uint256 agreeing) {
        agreeing = 1;
        for (uint256 i = 0; i < number; ++i) {
            Attestation memory other = all[i];
            if (other.verifier == given.verifier) return 0;
            if (other.traceRoot == given.traceRoot) ++agreeing;
        }
        all[number] = given;
    }

    /// @notice The first `count` of them, in the order of their reveals.
    function list(
        mapping(uint256 number => Attestation) storage all,
        uint256 count
    ) internal view returns (Attestation[] memory attestations) {
        attestations = new Attestation[](count);
        for (uint256 i = 0; i < count; ++i) attestations[i] = all[i];
    }

    /// @notice The verifiers that attested the accepted root.
    /// @param decisive number of the attestation that decided
    function attesters(
        mapping(uint256 number => Attestation) storage all,
        uint256 count,
        uint256 decisive
    ) internal view returns (address[] memory verifiers) {
        Attestation[] memory given = list(all, count);
        bytes11 traceRoot = given[decisive].traceRoot;
        uint256 agreeing = 0;
        for (uint256 i = 0; i < count; ++i) if (given[i].traceRoot == traceRoot) ++agreeing;
        verifiers = new address[](agreeing);
        for (uint256 i = count; i != 0; --i)
            if (given[i - 1].traceRoot == traceRoot) verifiers[--agreeing] = given[i - 1].verifier;
    }

    /// @notice Whom the last of `count` attestations of something accepted earns a credit: its verifier, if it is of the
    /// accepted root, and those of this root before it, if it decided.
    function credited(
        mapping(uint256 number => Attestation) storage all,
        uint256 count,
        uint256 decisive
    ) internal view returns (address[] memory verifiers) {
        uint256 last = count - 1;
        if (last == decisive) return attesters(all, count, decisive);
        Attestation memory given = all[last];
        bool agrees = given.traceRoot == all[decisive].traceRoot;
        verifiers = new address[](agrees ? 1 : 0);
        if (agrees) verifiers[0] = given.verifier;
    }
}
