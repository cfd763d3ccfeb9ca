// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Merkle trees of DESIGN section 2
/// @notice node(l, r) = SHA-256(0x01 || l || r). Leaves are hashes that carry a domain byte of their own, padded with 32
/// zero bytes each to a power of two; a single leaf is the root. The tree's shape follows from the number of leaves, which
/// the verifier knows, and a proof shows at which place the leaf stands, not only that it stands somewhere.
library Sha256Merkle {
    /// @notice Whether `leaf` is leaf number `index` of the tree over `count` leaves with this root.
    /// @dev False for an index that is not below `count` (so padding can never be proven as a leaf) and for a proof whose
    /// length is not the tree's height.
    /// @param proof siblings from the leaf's up, `height(count)` of them
    function isLeafAt(
        bytes32 root,
        bytes32 leaf,
        uint256 index,
        uint256 count,
        bytes32[] calldata proof
    ) internal pure returns (bool) {
        if (index >= count || proof.length != height(count)) return false;
        return climb(leaf, index, proof) == root;
    }

    /// @notice The root that `proof` leads to from leaf number `index`. The caller checks the proof's length.
    function climb(bytes32 leaf, uint256 index, bytes32[] calldata proof) internal pure returns (bytes32 hash) {
        hash = leaf;
        for (uint256 level = 0; level < proof.length; ++level) {
            bool isRight = (index >> level) & 1 == 1;
            hash = isRight ? node(proof[level], hash) : node(hash, proof[level]);
        }
    }

    /// @notice Levels above the leaves: the least h with 2^h >= count.
    function height(uint256 count) internal pure returns (uint256 h) {
        while (count > 1 << h) ++h;
    }

    /// @notice Root of the tree over `leaves`, padded with zeros; 0 if there are none.
    function rootOf(bytes32[] memory leaves) internal pure returns (bytes32) {
        uint256 width = 1 << height(leaves.length);
        bytes32[] memory level = new bytes32[](width);
        for (uint256 i = 0; i < leaves.length; ++i) level[i] = leaves[i];
        for (; width > 1; width /= 2) {
            for (uint256 i = 0; i < width; i += 2) level[i / 2] = node(level[i], level[i + 1]);
        }
        return level[0];
    }

    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(bytes1(0x01), left, right));
    }
}
