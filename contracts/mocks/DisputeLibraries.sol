// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChaCha20} from "../libraries/ChaCha20.sol";
import {Schedule} from "../libraries/Schedule.sol";
import {TensHash} from "../libraries/TensHash.sol";
import {TensorMerkle} from "../libraries/TensorMerkle.sol";
import {ElementType, Opening} from "../types/TensorTypes.sol";

/// @title DisputeLibraries
/// @notice The libraries of the disputes as a contract's functions. Used by tests only.
contract DisputeLibraries {
    /// @dev What a deciding move found, so that its gas can be measured as a transaction's.
    event Decided(bool agrees);

    function keystream(
        bytes32 key,
        bytes12 nonce,
        uint32 counter
    ) external pure returns (bytes32 first, bytes32 second) {
        return ChaCha20.keystream(key, nonce, counter);
    }

    /// @return gasUsed by one block
    function keystreamGas(bytes32 key, bytes12 nonce, uint32 counter) external view returns (uint256 gasUsed) {
        uint256 before = gasleft();
        (bytes32 first, bytes32 second) = ChaCha20.keystream(key, nonce, counter);
        gasUsed = before - gasleft();
        require(first != second);
    }

    function neuron(bytes32 seed, uint256 layer, uint256 index, bytes memory state) external pure returns (bool) {
        return TensHash.neuron(seed, layer, index, state);
    }

    function tensHashAgrees(
        bytes32 seed,
        bytes32 x,
        bytes32 y,
        bytes32 traceId,
        TensHash.Neuron calldata claim
    ) external pure returns (bool) {
        return TensHash.agrees(seed, x, y, traceId, claim);
    }

    function decideTensHash(
        bytes32 seed,
        bytes32 x,
        bytes32 y,
        bytes32 traceId,
        TensHash.Neuron calldata claim
    ) external {
        emit Decided(TensHash.agrees(seed, x, y, traceId, claim));
    }

    function isLeaf(
        bytes32 id,
        ElementType elementType,
        uint256 rows,
        uint256 cols,
        uint256 row,
        uint256 col,
        Opening calldata opening
    ) external pure returns (bool) {
        return TensorMerkle.isLeaf(id, elementType, rows, cols, row, col, opening);
    }

    function isBelow(bytes32 node, uint256 levels, bytes32[] calldata hashes) external pure returns (bool) {
        return TensorMerkle.isBelow(node, levels, hashes);
    }

    function element(bytes calldata leaf, ElementType elementType, uint256 index) external pure returns (int256) {
        return TensorMerkle.element(leaf, elementType, index);
    }

    function sum(bytes calldata leaf) external pure returns (uint256) {
        return TensorMerkle.sum(leaf);
    }

    function batchOf(
        bytes32 seed,
        uint256 batches,
        uint256 slots,
        uint256 slot,
        uint256 index
    ) external pure returns (uint256) {
        return Schedule.batchOf(seed, batches, slots, slot, index);
    }
}
