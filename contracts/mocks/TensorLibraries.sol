// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DotProduct} from "../libraries/DotProduct.sol";
import {Softmax} from "../libraries/Softmax.sol";
import {SparseList} from "../libraries/SparseList.sol";
import {TensorMerkle} from "../libraries/TensorMerkle.sol";
import {ElementType, ListOpening, Opening} from "../types/TensorTypes.sol";

/// @title TensorLibraries
/// @notice The libraries that read tensors as a contract's functions. Used by tests only.
contract TensorLibraries {
    function dot(bytes calldata a, bytes calldata b, uint256 terms, bool clamped) external pure returns (int256) {
        return DotProduct.dot(a, b, terms, clamped);
    }

    function gradient(bytes calldata logits, uint256 j, uint256 label, uint256 shift) external pure returns (int256) {
        return Softmax.gradient(logits, j, label, shift);
    }

    function valueAt(bytes32 listId, uint256 flat, ListOpening calldata list) external pure returns (int256) {
        return SparseList.valueAt(listId, flat, list);
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

    function widened(bytes calldata narrow) external pure returns (bytes memory) {
        return TensorMerkle.widened(narrow);
    }
}
