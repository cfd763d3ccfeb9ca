// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ElementType, Opening} from "../types/TensorTypes.sol";
import {Sha256Merkle} from "./Sha256Merkle.sol";

/// @title Tensors by their commitment (DESIGN section 2)
/// @notice A tensor is known by its id; what of it a computation reads is opened leaf by leaf. Type and shape are part of
/// the id, so an opening against a shape that the reader knows proves the shape as well.
library TensorMerkle {
    /// @notice Most elements of a leaf; a longer row is several leaves.
    uint256 internal constant LEAF_ELEMENTS = 1024;

    /// @notice Levels of a tree that are revealed at once, as up to 32 hashes below a node.
    uint256 internal constant GROUP_HEIGHT = 5;

    /// @notice The opening does not lead to the tensor's id, with this type and shape, from this leaf.
    error TensorMerkle_WrongOpening(bytes32 id, uint256 leafIndex);

    /// @notice tensorId = H(0x02 || tag || rows || cols || root of the leaves)
    function tensorId(
        ElementType elementType,
        uint256 rows,
        uint256 cols,
        bytes32 root
    ) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x02), uint8(elementType), uint32(rows), uint32(cols), root));
    }

    /// @notice leaf = H(0x00 || elements)
    function leafHash(bytes calldata leaf) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x00), leaf));
    }

    /// @notice Leaves of one row.
    function leavesPerRow(uint256 cols) internal pure returns (uint256) {
        return (cols + LEAF_ELEMENTS - 1) / LEAF_ELEMENTS;
    }

    /// @notice Leaves of a whole tensor, that is of the tree below its id.
    function leafCount(uint256 rows, uint256 cols) internal pure returns (uint256) {
        return rows * leavesPerRow(cols);
    }

    /// @notice Index of the leaf that holds the element in `row` and `col`.
    function leafIndex(uint256 cols, uint256 row, uint256 col) internal pure returns (uint256) {
        return row * leavesPerRow(cols) + col / LEAF_ELEMENTS;
    }

    /// @notice Whether the opening is the leaf with the element in `row` and `col` of the tensor with this id, type and
    /// shape.
    function isLeaf(
        bytes32 id,
        ElementType elementType,
        uint256 rows,
        uint256 cols,
        uint256 row,
        uint256 col,
        Opening calldata opening
    ) internal pure returns (bool) {
        if (row >= rows || col >= cols) return false;
        if (opening.leaf.length != _width(elementType) * leafElements(cols, col)) return false;
        return _isLeafHash(id, elementType, rows, cols, row, col, leafHash(opening.leaf), opening.proof);
    }

    /// @notice {isLeaf} for an i32 tensor whose leaf is given as int16: where calldata is the price, half of it.
    function isNarrowLeaf(
        bytes32 id,
        uint256 rows,
        uint256 cols,
        uint256 row,
        uint256 col,
        Opening calldata opening
    ) internal pure returns (bool) {
        if (row >= rows || col >= cols || opening.leaf.length != 2 * leafElements(cols, col)) return false;
        bytes32 hash = sha256(abi.encodePacked(bytes1(0x00), widened(opening.leaf)));
        return _isLeafHash(id, ElementType.I32, rows, cols, row, col, hash, opening.proof);
    }

    /// @notice Little-endian int16 as little-endian int32.
    function widened(bytes calldata narrow) internal pure returns (bytes memory wide) {
        wide = new bytes(2 * narrow.length);
        for (uint256 i = 0; i < narrow.length; i += 16) {
            uint256 x;
            assembly ("memory-safe") {
                x := shr(128, calldataload(add(narrow.offset, i)))
            }
            // Eight numbers into the upper halves of 32-bit lanes, then their signs, bit 23 of a lane, into the lower ones.
            x = ((x << 64) | x) & 0xffffffffffffffff_0000000000000000_ffffffffffffffff;
            x = ((x << 32) | x) & 0xffffffff_00000000ffffffff_00000000ffffffff_00000000ffffffff;
            x = ((x << 16) | (x << 32)) & 0xffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000;
            x |= ((x >> 23) & 0x0000000100000001000000010000000100000001000000010000000100000001) * 0xffff;
            // Memory is allocated in whole words: the last one, written whole, is within what `wide` was given.
            assembly ("memory-safe") {
                mstore(add(add(wide, 32), mul(2, i)), x)
            }
        }
    }

    /// @notice Reverts unless {isLeaf}.
    function requireLeaf(
        bytes32 id,
        ElementType elementType,
        uint256 rows,
        uint256 cols,
        uint256 row,
        uint256 col,
        Opening calldata opening
    ) internal pure {
        require(
            isLeaf(id, elementType, rows, cols, row, col, opening),
            TensorMerkle_WrongOpening(id, leafIndex(cols, row, col))
        );
    }

    /// @notice Whether `hashes` are the nodes `levels` below `node`, from the left: all of them, zeros where the tree is
    /// padded. A tree is walked down in groups of {GROUP_HEIGHT} levels, the last group having what is left.
    function isBelow(bytes32 node, uint256 levels, bytes32[] calldata hashes) internal pure returns (bool) {
        return hashes.length == 1 << levels && Sha256Merkle.rootOf(hashes) == node;
    }

    /// @notice Element number `index` of a leaf, signed as its type is.
    /// @dev The leaf must have the element.
    function element(bytes calldata leaf, ElementType elementType, uint256 index) internal pure returns (int256) {
        if (elementType == ElementType.I8) return int8(uint8(leaf[index]));
        if (elementType == ElementType.U8) return int256(uint256(uint8(leaf[index])));
        uint32 word = littleEndian(bytes4(leaf[4 * index:4 * index + 4]));
        return elementType == ElementType.I32 ? int256(int32(word)) : int256(uint256(word));
    }

    /// @notice A 32-bit element from its bytes.
    function littleEndian(bytes4 encoded) internal pure returns (uint32) {
        uint32 word = uint32(encoded);
        word = ((word & 0x00ff00ff) << 8) | ((word >> 8) & 0x00ff00ff);
        return (word << 16) | (word >> 16);
    }

    /// @notice Sum of the bytes of a u8 leaf: `correct` from C, `loss` from M, whose only leaf is the whole tensor.
    function sum(bytes calldata leaf) internal pure returns (uint256 total) {
        for (uint256 i = 0; i < leaf.length; ++i) total += uint8(leaf[i]);
    }

    /// @notice Elements of the leaf that holds column `col`.
    function leafElements(uint256 cols, uint256 col) internal pure returns (uint256) {
        uint256 left = cols - (col - (col % LEAF_ELEMENTS));
        return left < LEAF_ELEMENTS ? left : LEAF_ELEMENTS;
    }

    function _isLeafHash(
        bytes32 id,
        ElementType elementType,
        uint256 rows,
        uint256 cols,
        uint256 row,
        uint256 col,
        bytes32 hash,
        bytes32[] calldata proof
    ) private pure returns (bool) {
        if (proof.length != Sha256Merkle.height(leafCount(rows, cols))) return false;
        bytes32 root = Sha256Merkle.climb(hash, leafIndex(cols, row, col), proof);
        return tensorId(elementType, rows, cols, root) == id;
    }

    /// @dev Bytes of an element.
    function _width(ElementType elementType) private pure returns (uint256) {
        return elementType == ElementType.I8 || elementType == ElementType.U8 ? 1 : 4;
    }
}
