// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {BatchChunk, WeightChunk} from "../types/ExactBountyTypes.sol";
import {ElementType} from "../types/TensorTypes.sol";
import {Sha256Merkle} from "./Sha256Merkle.sol";
import {TensorMerkle} from "./TensorMerkle.sol";

/// @title Publication of tensors as calldata
/// @notice What is published here can be had by whoever has the chain: of a whole tensor, its commitments are computed
/// again (DESIGN section 2).
library Publication {
    /// @dev Of the bytes 0x03 and 0x06 of DESIGN section 2.
    bytes1 private constant STATE = 0x03;
    bytes1 private constant BATCH = 0x06;
    uint256 private constant GROUP = 1 << TensorMerkle.GROUP_HEIGHT;

    /// @notice What is published has not the size that the program gives it.
    error Publication_WrongLength(string what, uint256 given, uint256 expected);
    /// @notice What is published does not lead to what was committed to.
    error Publication_Unbound(string what);

    /// @notice stateId = H(0x03 || ids of W_1..W_L)
    function stateId(bytes32[] calldata weights) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(STATE, weights));
    }

    /// @notice Binds the leaves of a layer's weights from number `first` on, up to 32 of them.
    /// @param id tensorId of the layer's weights, i32 of this shape
    /// @param first a multiple of 32, below the number of leaves
    /// @return next leaf after them
    function requireWeights(
        bytes32 id,
        uint256 rows,
        uint256 cols,
        uint256 first,
        WeightChunk calldata chunk
    ) internal pure returns (uint256 next) {
        uint256 leaves = TensorMerkle.leafCount(rows, cols);
        uint256 height = Sha256Merkle.height(leaves);
        uint256 groupHeight = Math.min(height, TensorMerkle.GROUP_HEIGHT);
        next = Math.min(first + GROUP, leaves);
        _requireLength("weights", chunk.weights.length, 2 * _elementsBetween(first, next, cols));
        bytes32[] memory hashes = new bytes32[](1 << groupHeight);
        uint256 start = 0;
        for (uint256 leaf = first; leaf < next; ++leaf) {
            uint256 end = start + 2 * _elementsOf(leaf, cols);
            hashes[leaf - first] = _wideLeafHash(chunk.weights[start:end]);
            start = end;
        }
        _requireLength("proof", chunk.proof.length, height - groupHeight);
        bytes32 root = Sha256Merkle.climb(Sha256Merkle.rootOf(hashes), first / GROUP, chunk.proof);
        require(TensorMerkle.tensorId(ElementType.I32, rows, cols, root) == id, Publication_Unbound("weights"));
    }

    /// @notice Binds batch number `index` of a data set.
    /// @param batches of the set
    /// @param cols of X
    /// @param mostRows of a batch
    function requireBatch(
        bytes32 setRoot,
        uint256 batches,
        uint256 index,
        uint256 cols,
        uint256 mostRows,
        BatchChunk calldata chunk
    ) internal pure {
        uint256 rows = chunk.labels.length;
        require(rows != 0 && rows <= mostRows, Publication_WrongLength("labels", rows, mostRows));
        _requireLength("inputs", chunk.inputs.length, rows * cols);
        bytes32[] memory hashes = new bytes32[](TensorMerkle.leafCount(rows, cols));
        uint256 start = 0;
        for (uint256 leaf = 0; leaf < hashes.length; ++leaf) {
            uint256 end = start + _elementsOf(leaf, cols);
            hashes[leaf] = TensorMerkle.leafHash(chunk.inputs[start:end]);
            start = end;
        }
        bytes32 inputs = TensorMerkle.tensorId(ElementType.I8, rows, cols, Sha256Merkle.rootOf(hashes));
        bytes32 labels = TensorMerkle.tensorId(ElementType.U8, 1, rows, TensorMerkle.leafHash(chunk.labels));
        bytes32 batch = sha256(abi.encodePacked(BATCH, inputs, labels));
        bool inSet = Sha256Merkle.isLeafAt(setRoot, batch, index, batches, chunk.proof);
        require(inSet, Publication_Unbound("batch"));
    }

    function _elementsBetween(uint256 first, uint256 next, uint256 cols) private pure returns (uint256 elements) {
        for (uint256 leaf = first; leaf < next; ++leaf) elements += _elementsOf(leaf, cols);
    }

    function _elementsOf(uint256 leaf, uint256 cols) private pure returns (uint256) {
        uint256 col = (leaf % TensorMerkle.leavesPerRow(cols)) * TensorMerkle.LEAF_ELEMENTS;
        return TensorMerkle.leafElements(cols, col);
    }

    /// @dev Hash of an i32 leaf that is given as int16.
    function _wideLeafHash(bytes calldata narrow) private pure returns (bytes32 hash) {
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        hash = sha256(abi.encodePacked(bytes1(0x00), TensorMerkle.widened(narrow)));
        // Nothing that was allocated since is read again: hundreds of leaves would make memory dearer than calldata.
        assembly ("memory-safe") {
            mstore(0x40, free)
        }
    }

    function _requireLength(string memory what, uint256 given, uint256 expected) private pure {
        require(given == expected, Publication_WrongLength(what, given, expected));
    }
}
