// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bls12381} from "../libraries/Bls12381.sol";
import {G1Point, G2Point} from "../types/LogTypes.sol";

/// @title BlsLibrary
/// @notice Makes {Bls12381} callable. Used by tests only.
contract BlsLibrary {
    function available() external view returns (bool) {
        return Bls12381.available();
    }

    function hashToG1(bytes calldata message, bytes calldata tag) external view returns (G1Point memory) {
        return Bls12381.hashToG1(message, tag);
    }

    function expandMessage(bytes calldata message, bytes calldata tag) external pure returns (bytes32[4] memory) {
        return Bls12381.expandMessage(message, tag);
    }

    function verify(
        G2Point calldata key,
        G1Point calldata signature,
        bytes calldata message,
        bytes calldata tag
    ) external view returns (bool) {
        return Bls12381.verify(key, signature, message, tag);
    }

    function add(G2Point calldata a, G2Point calldata b) external view returns (G2Point memory) {
        return Bls12381.add(a, b);
    }
}
