// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {TensHash} from "./TensHash.sol";

/// @title A revealed TensHash trace, opened layer by layer (DESIGN section 7)
/// @notice What a proof needs of the trace is noted when it is revealed, where there is gas for it, in a tree of its own:
/// leaf l has the states before and after layer l side by side, under the cheaper keccak256. A proof then opens one leaf
/// instead of two of the trace's.
library TensHashTrace {
    /// @notice Root over all layers, pairs sorted as {MerkleProof} has them; the last node of an odd level moves up.
    /// @param trace u8 [65][128], the states after layers 0 to 64, row after row; its length is the caller's to check
    function layersRoot(bytes calldata trace) internal pure returns (bytes32) {
        uint256 cols = TensHash.STATE_BYTES;
        bytes32[] memory nodes = new bytes32[](TensHash.LAYERS);
        for (uint256 layer = 0; layer < nodes.length; ++layer) {
            uint256 from = layer == 0 ? 0 : layer - 1;
            uint256 to = layer == TensHash.TRACE_ROWS ? layer : layer + 1;
            nodes[layer] = _leaf(layer, trace[from * cols:to * cols]);
        }
        for (uint256 count = nodes.length; count > 1; count = (count + 1) / 2) {
            for (uint256 i = 0; i + 1 < count; i += 2) {
                nodes[i / 2] = Hashes.commutativeKeccak256(nodes[i], nodes[i + 1]);
            }
            if (count % 2 == 1) nodes[count / 2] = nodes[count - 1];
        }
        return nodes[0];
    }

    /// @notice The root that the states around a layer lead to.
    /// @param states row layer - 1 and row `layer` of the trace; for layer 0 the first row alone, for layer 65 the last
    function rootOf(uint8 layer, bytes calldata states, bytes32[] calldata proof) internal pure returns (bytes32) {
        return MerkleProof.processProofCalldata(proof, _leaf(layer, states));
    }

    /// @notice Whether a neuron follows from the states around it.
    /// @param seed of the epoch
    /// @param x input, which layer 0 reads
    /// @param y output, which layer 65 is claimed to yield
    /// @param states as in {rootOf}
    function agrees(
        bytes32 seed,
        bytes32 x,
        bytes32 y,
        uint8 layer,
        uint16 index,
        bytes calldata states
    ) internal pure returns (bool) {
        bytes memory before = layer == 0 ? abi.encodePacked(TensHash.reversed(x)) : states[:TensHash.STATE_BYTES];
        bytes memory claimed =
            layer == TensHash.TRACE_ROWS
                ? abi.encodePacked(TensHash.reversed(y))
                : states[layer == 0 ? 0 : TensHash.STATE_BYTES:];
        return TensHash.neuron(seed, layer, index, before) == TensHash.bitOf(claimed, index);
    }

    /// @dev The layer's number is in it because sorted pairs do not show a leaf's place.
    function _leaf(uint256 layer, bytes calldata states) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(layer), states));
    }
}
