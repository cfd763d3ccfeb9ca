// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Sha256Merkle} from "../../../contracts/libraries/Sha256Merkle.sol";

/// @dev Against a plain recomputation: all levels of the padded tree, built one after the other.
contract Sha256MerkleTest {
    uint256 private constant MOST_LEAVES = 70;

    function testFuzz_acceptsEveryLeafAtItsPlace(bytes32 seed, uint256 count) external view {
        bytes32[] memory leaves = _leaves(seed, count);
        bytes32 root = _root(leaves);
        for (uint256 i = 0; i < leaves.length; ++i) {
            require(this.isLeafAt(root, leaves[i], i, leaves.length, _proof(leaves, i)), "an honest proof was refused");
        }
    }

    function testFuzz_refusesALeafAtAnotherPlace(bytes32 seed, uint256 count, uint256 from, uint256 to) external view {
        bytes32[] memory leaves = _leaves(seed, count);
        from %= leaves.length;
        to %= leaves.length + 3; // also beyond the leaves
        if (from == to) return;
        bytes32[] memory proof = _proof(leaves, from);
        require(!this.isLeafAt(_root(leaves), leaves[from], to, leaves.length, proof), "a leaf was moved");
    }

    function testFuzz_refusesAnAlteredProof(bytes32 seed, uint256 count, uint256 level, uint8 bit) external view {
        bytes32[] memory leaves = _leaves(seed, count);
        bytes32 root = _root(leaves);
        bytes32[] memory proof = _proof(leaves, 0);
        bytes32 flip = bytes32(uint256(1) << bit);
        require(!this.isLeafAt(root, leaves[0] ^ flip, 0, leaves.length, proof), "another leaf was taken");
        require(!this.isLeafAt(root ^ flip, leaves[0], 0, leaves.length, proof), "another root was taken");
        if (proof.length == 0) return;
        proof[level % proof.length] ^= flip;
        require(!this.isLeafAt(root, leaves[0], 0, leaves.length, proof), "another sibling was taken");
    }

    function testFuzz_refusesPaddingAsALeaf(bytes32 seed, uint256 count) external view {
        bytes32[] memory leaves = _leaves(seed, count);
        bytes32[] memory padded = _padded(leaves);
        for (uint256 i = leaves.length; i < padded.length; ++i) {
            bytes32[] memory proof = _proof(leaves, i);
            require(!this.isLeafAt(_root(leaves), 0, i, leaves.length, proof), "padding was taken for a leaf");
        }
    }

    function testFuzz_refusesANodeAsALeaf(bytes32 seed, uint256 count) external view {
        bytes32[] memory leaves = _leaves(seed, count);
        if (leaves.length == 1) return;
        bytes32[] memory proof = _proof(leaves, 0);
        bytes32[] memory shorter = new bytes32[](proof.length - 1);
        for (uint256 i = 1; i < proof.length; ++i) shorter[i - 1] = proof[i];
        bytes32 node = Sha256Merkle.node(leaves[0], proof[0]);
        require(!this.isLeafAt(_root(leaves), node, 0, leaves.length, shorter), "a node was taken for a leaf");
    }

    function test_noLeavesHoldNothing() external view {
        require(!this.isLeafAt(bytes32(0), bytes32(0), 0, 0, new bytes32[](0)), "an empty tree has a leaf");
    }

    function isLeafAt(
        bytes32 root,
        bytes32 leaf,
        uint256 index,
        uint256 count,
        bytes32[] calldata proof
    ) external pure returns (bool) {
        return Sha256Merkle.isLeafAt(root, leaf, index, count, proof);
    }

    function _leaves(bytes32 seed, uint256 count) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[]((count % MOST_LEAVES) + 1);
        for (uint256 i = 0; i < leaves.length; ++i) leaves[i] = keccak256(abi.encode(seed, i));
    }

    function _padded(bytes32[] memory leaves) private pure returns (bytes32[] memory padded) {
        uint256 size = 1;
        while (size < leaves.length) size *= 2;
        padded = new bytes32[](size);
        for (uint256 i = 0; i < leaves.length; ++i) padded[i] = leaves[i];
    }

    function _above(bytes32[] memory level) private pure returns (bytes32[] memory above) {
        above = new bytes32[](level.length / 2);
        for (uint256 i = 0; i < above.length; ++i) {
            above[i] = sha256(abi.encodePacked(bytes1(0x01), level[2 * i], level[2 * i + 1]));
        }
    }

    function _root(bytes32[] memory leaves) private pure returns (bytes32) {
        bytes32[] memory level = _padded(leaves);
        while (level.length > 1) level = _above(level);
        return level[0];
    }

    function _proof(bytes32[] memory leaves, uint256 index) private pure returns (bytes32[] memory proof) {
        bytes32[] memory level = _padded(leaves);
        uint256 height = 0;
        while (1 << height < level.length) ++height;
        proof = new bytes32[](height);
        for (uint256 i = 0; i < height; ++i) {
            proof[i] = level[(index >> i) ^ 1];
            level = _above(level);
        }
    }
}
