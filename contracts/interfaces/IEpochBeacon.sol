// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Epochs of mining time and their seeds
/// @notice Time is counted in blocks. Epoch e spans `epochBlocks` blocks from `genesisBlock + e * epochBlocks`; heads
/// committed in it draw their tickets under the seed of e, which nobody can know or choose at that time: the prevrandao
/// (mixHash) of the header of a fixed block, `seedDelay` blocks after the epoch's last (DESIGN section 6).
///
/// ```
///   epoch e            seedDelay    seed block, first   claims of e                 attestations   challenges
///   |---- commits ----|------------|*------------------ epochBlocks ---------------|--------------|------------|
///   genesis + e*n      lastBlockOf  lastBlockOf+seedDelay             claimsCloseAt                    settlesAt
/// ```
///
/// The seed is proven by the RLP header against `blockhash`. If nobody proves it within `provingWindow` blocks, the block
/// `provingWindow` later is the seed block, and so on: at any block number exactly one header is accepted, so nobody
/// chooses among several. Proving is permissionless and costs one cheap transaction; withholding it helps only where
/// nobody else cares, and even then gives at most ceil(epochBlocks / provingWindow) draws, since the deadline for claims
/// does not move with the seed block. A block's proposer can discard its block at the price of the block's reward; that
/// one bit of influence over prevrandao is accepted.
///
/// All deadlines follow from the epoch's number alone: claims of e close exactly one epoch after its first seed block.
/// So every claim of an epoch is closed before the seed of the next can exist.
interface IEpochBeacon {
    /// @dev Lengths in blocks.
    struct Parameters {
        uint32 epochBlocks; // at least 1
        uint32 seedDelay; // at least 1: 32 on public chains, fewer on development chains
        uint32 provingWindow; // 1 to 256, how far `blockhash` reaches
        uint32 attestationBlocks; // at least 1: one half-round, to commit or to reveal
        uint32 attestationRounds; // at least 1
        uint32 challengeBlocks; // at least 1
    }

    /// @notice The seed of the epoch is known and final, taken from the header of `blockNumber`.
    event SeedProven(uint64 indexed epoch, uint64 indexed blockNumber, bytes32 seed);

    /// @notice `parameter` must be from `least` to `most`.
    error EpochBeacon_ParameterOutOfRange(string parameter, uint256 value, uint256 least, uint256 most);
    /// @notice This chain's prevrandao is a constant: its seeds could be known in advance.
    error EpochBeacon_ConstantRandomness(uint256 prevrandao);
    /// @notice There were no epochs before the beacon was deployed.
    error EpochBeacon_BeforeGenesis(uint256 blockNumber, uint64 genesisBlock);
    /// @notice The header of `seedBlock` can be proven from the block after it on.
    error EpochBeacon_TooEarly(uint64 seedBlock, uint256 blockNumber);
    /// @notice Only the header of block `expected` is accepted at this moment.
    error EpochBeacon_WrongBlock(uint64 expected, uint256 given);
    /// @notice The header is not the one of this chain's block `blockNumber`.
    error EpochBeacon_ForgedHeader(uint64 blockNumber, bytes32 headerHash);

    // --- anyone

    /// @notice Proves the seed of an epoch. Where it is proven already, returns it without looking at the header, so
    /// that several nodes may race.
    /// @param header RLP of the header of block `seedBlockOf(epoch)`
    function proveSeed(uint64 epoch, bytes calldata header) external returns (bytes32 seed);

    // --- views: parameters, in blocks

    function epochBlocks() external view returns (uint32);

    function seedDelay() external view returns (uint32);

    /// @notice Blocks in which a seed block can be proven before the next fixed block counts.
    function provingWindow() external view returns (uint32);

    /// @notice Length of one half-round, to commit or to reveal attestations.
    function attestationBlocks() external view returns (uint32);

    /// @notice How many rounds of attestation a claim has.
    function attestationRounds() external view returns (uint32);

    function challengeBlocks() external view returns (uint32);

    /// @notice First block of epoch 0.
    function genesisBlock() external view returns (uint64);

    // --- views: epochs

    function currentEpoch() external view returns (uint64);

    /// @notice The epoch that spans `blockNumber`.
    function epochAt(uint256 blockNumber) external view returns (uint64);

    /// @notice The last block in which heads are committed for the epoch.
    function lastBlockOf(uint64 epoch) external view returns (uint64);

    /// @notice The block whose header proves the epoch's seed if proven now (moves on by `provingWindow` when nobody
    /// proves it). Of no meaning once the seed is proven.
    function seedBlockOf(uint64 epoch) external view returns (uint64);

    /// @notice Zero until proven.
    function seedOf(uint64 epoch) external view returns (bytes32);

    /// @notice Last block in which claims of this epoch are accepted: `lastBlockOf + seedDelay + epochBlocks`, whenever
    /// the seed is proven.
    function claimsCloseAt(uint64 epoch) external view returns (uint64);

    /// @notice First block in which rewards of this epoch may be minted: the attestation rounds of its last claim and
    /// the challenge window are over.
    function settlesAt(uint64 epoch) external view returns (uint64);

    // --- views: randomness for other uses, under the same rule

    /// @notice The block whose header is accepted now for randomness asked for at block `base`:
    /// `base + seedDelay + k * provingWindow`, k the number of windows that have passed unused.
    function randomnessBlock(uint256 base) external view returns (uint64);

    /// @notice The prevrandao of that block.
    /// @dev Whoever uses it must store it at once, since a later call may need another header.
    /// @param header RLP of the header of block `randomnessBlock(base)`
    function proveRandomness(uint256 base, bytes calldata header) external view returns (bytes32);
}
