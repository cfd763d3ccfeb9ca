// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Schedule of batches (DESIGN section 3)
/// @notice In each pass over the n batches the slots together take every batch once, in an order drawn from the seed.
library Schedule {
    /// @dev Domain byte of a pass' order.
    bytes1 private constant PASS = 0x08;

    /// @notice The batch that a slot takes in its iteration `index`.
    /// @param seed of the training
    /// @param batches n, at least 1
    /// @param slots N, that joined
    function batchOf(
        bytes32 seed,
        uint256 batches,
        uint256 slots,
        uint256 slot,
        uint256 index
    ) internal pure returns (uint256) {
        uint256 k = index * slots + slot;
        // Four bytes, as all integers that are hashed; a pass beyond them starts over.
        bytes32 digest = sha256(abi.encodePacked(PASS, seed, uint32(k / batches)));
        uint256 a = uint64(bytes8(digest)) % batches;
        uint256 b = uint64(bytes8(digest << 64)) % batches;
        while (a == 0 || _gcd(a, batches) != 1) ++a;
        return (a * (k % batches) + b) % batches;
    }

    function _gcd(uint256 a, uint256 b) private pure returns (uint256) {
        while (b != 0) (a, b) = (b, a % b);
        return a;
    }
}
