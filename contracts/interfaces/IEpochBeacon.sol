// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Epochs of mining time in blocks, and their seeds: the prevrandao of a fixed block after the epoch's commits
/// close, proven by its RLP header (DESIGN section 6).
interface IEpochBeacon {
    event SeedProven(uint64 indexed epoch, uint64 indexed blockNumber, bytes32 seed);

    function epochBlocks() external view returns (uint32);
    function seedDelay() external view returns (uint32);
    function provingWindow() external view returns (uint32); // blocks in which a seed block can be proven before the next fixed block counts
    function attestationBlocks() external view returns (uint32); // length of one commit (or reveal) half-round
    function challengeBlocks() external view returns (uint32);

    function genesisBlock() external view returns (uint64);
    function currentEpoch() external view returns (uint64);
    function epochAt(uint256 blockNumber) external view returns (uint64);
    function lastBlockOf(uint64 epoch) external view returns (uint64);
    /// The block whose header proves the epoch's seed if proven now (moves on by provingWindow when nobody proves it).
    function seedBlockOf(uint64 epoch) external view returns (uint64);
    function proveSeed(uint64 epoch, bytes calldata header) external returns (bytes32 seed);
    /// Zero until proven.
    function seedOf(uint64 epoch) external view returns (bytes32);
    /// Last block in which claims of this epoch are accepted; 0 until the seed is proven.
    function claimsCloseAt(uint64 epoch) external view returns (uint64);
    /// First block in which rewards of this epoch may be minted (attestation rounds and challenge window are over); the
    /// earliest possible if the seed is not proven yet and already could be.
    function settlesAt(uint64 epoch) external view returns (uint64);

    /// Randomness for other uses under the same rule: prevrandao of the fixed block `base + seedDelay (+ k * provingWindow)`.
    function randomnessBlock(uint256 base) external view returns (uint64);
    function proveRandomness(uint256 base, bytes calldata header) external view returns (bytes32);
}
