// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {G1Point, G2Point} from "../types/LogTypes.sol";

/// @title BLS signatures over BLS12-381 by the precompiles of EIP-2537
/// @notice Signatures are points of G1, keys of G2 (the "minimal signature size" of draft-irtf-cfrg-bls-signature-05):
/// hashing to G1 costs a quarter of hashing to G2, and of the two a contract sees more signatures' worth of hashing than
/// keys, which it adds up once. Messages are hashed by BLS12381G1_XMD:SHA-256_SSWU_RO_ (RFC 9380).
library Bls12381 {
    /// @notice A precompile refused its input: a coordinate is not below the field's modulus, or a point not on the curve.
    error Bls_InvalidPoint();

    address private constant MODEXP = address(0x05);
    address private constant G1_ADD = address(0x0b);
    address private constant G2_ADD = address(0x0d);
    address private constant PAIRING_CHECK = address(0x0f);
    address private constant MAP_FP_TO_G1 = address(0x10);

    /// @dev The field's modulus p in 64 bytes.
    bytes32 private constant P_HIGH = 0x000000000000000000000000000000001a0111ea397fe69a4b1ba7b6434bacd7;
    bytes32 private constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    /// @notice Whether this chain has the precompiles: e(G1, G2) * e(-G1, G2) = 1 by one of them. An address without code
    /// returns nothing.
    function available() internal view returns (bool) {
        G1Point memory one = generator();
        G1Point memory minusOne = generator();
        minusOne.words[2] = 0x00000000000000000000000000000000114d1d6855d545a8aa7d76c8cf2e21f2;
        minusOne.words[3] = 0x67816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca;
        return _pairsToOne(one, minusGenerator2(), minusOne, minusGenerator2());
    }

    /// @notice Whether the signature over `message` is of `key`: e(signature, -G2) * e(hash, key) = 1.
    /// @dev The pairing's precompile checks that all points are in their subgroups. The point at infinity is a key under
    /// which infinity signs everything: the caller must know that the key is not it.
    function verify(
        G2Point memory key,
        G1Point memory signature,
        bytes memory message,
        bytes memory tag
    ) internal view returns (bool) {
        return _pairsToOne(signature, minusGenerator2(), hashToG1(message, tag), key);
    }

    /// @notice RFC 9380 hash_to_curve. The map's precompile clears the cofactor.
    /// @param tag domain separation, at most 255 bytes
    function hashToG1(bytes memory message, bytes memory tag) internal view returns (G1Point memory) {
        bytes32[4] memory uniform = expandMessage(message, tag);
        bytes memory first = _mapToG1(_reduce(uniform[0], uniform[1]));
        bytes memory second = _mapToG1(_reduce(uniform[2], uniform[3]));
        return G1Point(abi.decode(_call(G1_ADD, bytes.concat(first, second)), (bytes32[4])));
    }

    /// @notice RFC 9380 expand_message_xmd with SHA-256, for 128 bytes.
    function expandMessage(bytes memory message, bytes memory tag) internal pure returns (bytes32[4] memory uniform) {
        bytes memory suffix = bytes.concat(tag, bytes1(uint8(tag.length)));
        // Z_pad is one block of zeros, then l_i_b_str = 128 as two bytes and a zero.
        bytes32 b0 = sha256(bytes.concat(new bytes(64), message, hex"008000", suffix));
        bytes32 b = 0;
        for (uint8 i = 1; i <= 4; ++i) {
            b = sha256(bytes.concat(b0 ^ b, bytes1(i), suffix));
            uniform[i - 1] = b;
        }
    }

    function add(G2Point memory a, G2Point memory b) internal view returns (G2Point memory) {
        return G2Point(abi.decode(_call(G2_ADD, abi.encodePacked(a.words, b.words)), (bytes32[8])));
    }

    function isInfinity(G2Point memory point) internal pure returns (bool) {
        bytes32 any = 0;
        for (uint256 i = 0; i < 8; ++i) any |= point.words[i];
        return any == 0;
    }

    function generator() internal pure returns (G1Point memory point) {
        point.words[0] = 0x0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0f;
        point.words[1] = 0xc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb;
        point.words[2] = 0x0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4;
        point.words[3] = 0xfcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1;
    }

    /// @dev The generator of G2, negated.
    function minusGenerator2() internal pure returns (G2Point memory point) {
        point.words[0] = 0x00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051;
        point.words[1] = 0xc6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8;
        point.words[2] = 0x0000000000000000000000000000000013e02b6052719f607dacd3a088274f65;
        point.words[3] = 0x596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e;
        point.words[4] = 0x000000000000000000000000000000000d1b3cc2c7027888be51d9ef691d77bc;
        point.words[5] = 0xb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa;
        point.words[6] = 0x0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d;
        point.words[7] = 0x993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed;
    }

    /// @dev e(a, b) * e(c, d) = 1; false as well for what are no points of the groups.
    function _pairsToOne(
        G1Point memory a,
        G2Point memory b,
        G1Point memory c,
        G2Point memory d
    ) private view returns (bool) {
        bytes memory pairs = abi.encodePacked(a.words, b.words, c.words, d.words);
        (bool success, bytes memory output) = PAIRING_CHECK.staticcall(pairs);
        return success && output.length == 32 && bytes32(output) == bytes32(uint256(1));
    }

    function _mapToG1(bytes memory element) private view returns (bytes memory) {
        return _call(MAP_FP_TO_G1, element);
    }

    /// @dev 64 bytes modulo p: the bytes to the power of one.
    function _reduce(bytes32 high, bytes32 low) private view returns (bytes memory) {
        return
            _call(
                MODEXP,
                abi.encodePacked(uint256(64), uint256(1), uint256(64), high, low, bytes1(0x01), P_HIGH, P_LOW)
            );
    }

    function _call(address precompile, bytes memory input) private view returns (bytes memory output) {
        bool success;
        (success, output) = precompile.staticcall(input);
        require(success && output.length != 0, Bls_InvalidPoint());
    }
}
