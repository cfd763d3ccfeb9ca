// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Publication} from "../../../contracts/libraries/Publication.sol";
import {Sha256Merkle} from "../../../contracts/libraries/Sha256Merkle.sol";
import {TensorMerkle} from "../../../contracts/libraries/TensorMerkle.sol";
import {WeightChunk} from "../../../contracts/types/ExactBountyTypes.sol";
import {ElementType} from "../../../contracts/types/TensorTypes.sol";

/// @dev Against the plain expression: each weight written out as i32, each leaf hashed on its own.
contract PublicationTest {
    function testFuzz_bindsWhatTheWideLeavesHashTo(uint8 rowsSeed, uint8 colsSeed, bytes32 seed) external view {
        uint256 rows = 1 + (uint256(rowsSeed) % 32);
        uint256 cols = 1 + (uint256(colsSeed) % 40);
        (bytes memory narrow, bytes32 id) = _tensor(rows, cols, seed);
        require(this.bind(id, rows, cols, WeightChunk(narrow, new bytes32[](0))) == rows, "not all leaves");
    }

    function testFuzz_refusesOneOtherBit(uint8 rowsSeed, uint8 colsSeed, bytes32 seed, uint256 bit) external view {
        uint256 rows = 1 + (uint256(rowsSeed) % 32);
        uint256 cols = 1 + (uint256(colsSeed) % 40);
        (bytes memory narrow, bytes32 id) = _tensor(rows, cols, seed);
        bit %= narrow.length * 8;
        narrow[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        try this.bind(id, rows, cols, WeightChunk(narrow, new bytes32[](0))) {
            revert("bound");
        } catch (bytes memory reason) {
            require(bytes4(reason) == Publication.Publication_Unbound.selector, "another error");
        }
    }

    function bind(
        bytes32 id,
        uint256 rows,
        uint256 cols,
        WeightChunk calldata chunk
    ) external pure returns (uint256 next) {
        // What is allocated before and after must not be touched by memory that is freed in between.
        bytes memory before = abi.encode(id, rows);
        next = Publication.requireWeights(id, rows, cols, 0, chunk);
        bytes memory afterwards = abi.encode(id, rows);
        require(keccak256(before) == keccak256(afterwards), "memory");
    }

    function _tensor(uint256 rows, uint256 cols, bytes32 seed) private pure returns (bytes memory narrow, bytes32 id) {
        bytes32[] memory leaves = new bytes32[](rows);
        for (uint256 row = 0; row < rows; ++row) {
            bytes memory wide;
            for (uint256 col = 0; col < cols; ++col) {
                uint32 weight = uint32(int32(int16(uint16(uint256(keccak256(abi.encode(seed, row, col)))))));
                narrow = abi.encodePacked(narrow, uint8(weight), uint8(weight >> 8));
                wide = abi.encodePacked(
                    wide,
                    uint8(weight),
                    uint8(weight >> 8),
                    uint8(weight >> 16),
                    uint8(weight >> 24)
                );
            }
            leaves[row] = sha256(abi.encodePacked(bytes1(0x00), wide));
        }
        id = TensorMerkle.tensorId(ElementType.I32, rows, cols, Sha256Merkle.rootOf(leaves));
    }
}
