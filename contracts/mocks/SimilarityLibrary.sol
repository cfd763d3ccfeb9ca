// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Similarity} from "../libraries/Similarity.sol";
import {Rank} from "../types/AssignmentTypes.sol";
import {Role} from "../types/TaskTypes.sol";

/// @title SimilarityLibrary
/// @notice {Similarity} as a contract. Used by tests only.
contract SimilarityLibrary {
    function propertiesOf(uint64 macs, uint32 iterations, uint32 batches, uint8 slots) external pure returns (bytes8) {
        return Similarity.propertiesOf(macs, iterations, batches, slots);
    }

    function cosine(bytes8 a, bytes8 b) external pure returns (uint256) {
        return Similarity.cosine(a, b);
    }

    function rankOf(bytes32 seed, Role role, address owner, uint256 similarity) external pure returns (Rank) {
        return Similarity.rankOf(seed, role, owner, similarity);
    }
}
