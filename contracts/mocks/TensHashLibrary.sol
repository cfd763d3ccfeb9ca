// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ChaCha20} from "../libraries/ChaCha20.sol";
import {TensHash} from "../libraries/TensHash.sol";

/// @title TensHashLibrary
/// @notice TensHash and its cipher as a contract's functions. Used by tests only.
contract TensHashLibrary {
    function keystream(
        bytes32 key,
        bytes12 nonce,
        uint32 counter
    ) external pure returns (bytes32 first, bytes32 second) {
        return ChaCha20.keystream(key, nonce, counter);
    }

    function neuron(bytes32 seed, uint256 layer, uint256 index, bytes memory state) external pure returns (bool) {
        return TensHash.neuron(seed, layer, index, state);
    }
}
