// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";
import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";

/// @title EpochBeacon
/// @notice See {IEpochBeacon}.
contract EpochBeacon is IEpochBeacon {
    using BlockHeader for Memory.Slice[];

    /// @dev How far back the BLOCKHASH opcode reaches. The history contract of EIP-2935 reaches further, but not every
    /// chain has it.
    uint256 private constant BLOCKHASH_REACH = 256;

    /// @dev No random prevrandao is as small as this (chance 2^-192). Chains without one answer with a constant that is:
    /// 0, 1 (Arbitrum), a frozen difficulty such as 2,500,000,000,000,000 (zkSync Era).
    uint256 private constant SMALLEST_RANDOMNESS = 1 << 64;

    uint32 public immutable override epochBlocks;
    uint32 public immutable override seedDelay;
    uint32 public immutable override provingWindow;
    uint32 public immutable override attestationBlocks;
    uint32 public immutable override attestationRounds;
    uint32 public immutable override challengeBlocks;
    uint64 public immutable override genesisBlock;

    mapping(uint64 epoch => bytes32) public override seedOf;

    /// @dev Refuses a chain whose prevrandao cannot be random. A contract sees only one value, so the deploy script
    /// compares those of several blocks too.
    constructor(Parameters memory parameters) {
        _requireRange("epochBlocks", parameters.epochBlocks, type(uint32).max);
        _requireRange("seedDelay", parameters.seedDelay, type(uint32).max);
        _requireRange("provingWindow", parameters.provingWindow, BLOCKHASH_REACH);
        _requireRange("attestationBlocks", parameters.attestationBlocks, type(uint32).max);
        _requireRange("attestationRounds", parameters.attestationRounds, type(uint8).max);
        _requireRange("challengeBlocks", parameters.challengeBlocks, type(uint32).max);
        require(block.prevrandao >= SMALLEST_RANDOMNESS, EpochBeacon_ConstantRandomness(block.prevrandao));

        epochBlocks = parameters.epochBlocks;
        seedDelay = parameters.seedDelay;
        provingWindow = parameters.provingWindow;
        attestationBlocks = parameters.attestationBlocks;
        attestationRounds = parameters.attestationRounds;
        challengeBlocks = parameters.challengeBlocks;
        genesisBlock = SafeCast.toUint64(block.number);
    }

    /// @inheritdoc IEpochBeacon
    function proveSeed(uint64 epoch, bytes calldata header) external returns (bytes32 seed) {
        seed = seedOf[epoch];
        if (seed != 0) return seed;

        uint64 blockNumber = seedBlockOf(epoch);
        seed = _prevrandaoOf(blockNumber, header);
        seedOf[epoch] = seed;
        emit SeedProven(epoch, blockNumber, seed);
    }

    /// @inheritdoc IEpochBeacon
    function proveRandomness(uint256 base, bytes calldata header) external view returns (bytes32) {
        return _prevrandaoOf(randomnessBlock(base), header);
    }

    /// @inheritdoc IEpochBeacon
    function currentEpoch() external view returns (uint64) {
        return epochAt(block.number);
    }

    /// @inheritdoc IEpochBeacon
    function claimsCloseAt(uint64 epoch) public view returns (uint64) {
        return lastBlockOf(epoch) + seedDelay + epochBlocks;
    }

    /// @inheritdoc IEpochBeacon
    function settlesAt(uint64 epoch) external view returns (uint64) {
        return claimsCloseAt(epoch) + uint64(attestationRounds) * 2 * attestationBlocks + challengeBlocks;
    }

    /// @inheritdoc IEpochBeacon
    function epochAt(uint256 blockNumber) public view returns (uint64) {
        require(blockNumber >= genesisBlock, EpochBeacon_BeforeGenesis(blockNumber, genesisBlock));
        return SafeCast.toUint64((blockNumber - genesisBlock) / epochBlocks);
    }

    /// @inheritdoc IEpochBeacon
    function lastBlockOf(uint64 epoch) public view returns (uint64) {
        return genesisBlock + (epoch + 1) * epochBlocks - 1;
    }

    /// @inheritdoc IEpochBeacon
    function seedBlockOf(uint64 epoch) public view returns (uint64) {
        return randomnessBlock(lastBlockOf(epoch));
    }

    /// @inheritdoc IEpochBeacon
    function randomnessBlock(uint256 base) public view returns (uint64) {
        uint256 first = base + seedDelay;
        if (block.number <= first) return SafeCast.toUint64(first);
        // A header can be proven from the block after it on, for provingWindow blocks; then the next one counts.
        uint256 missed = (block.number - first - 1) / provingWindow;
        return SafeCast.toUint64(first + missed * provingWindow);
    }

    /// @dev Checks that `header` is the header of block `expected` of this chain, and returns its prevrandao.
    function _prevrandaoOf(uint64 expected, bytes calldata header) private view returns (bytes32) {
        require(block.number > expected, EpochBeacon_TooEarly(expected, block.number));
        bytes32 headerHash = keccak256(header);
        Memory.Slice[] memory fields = BlockHeader.parseHeader(header);
        uint256 given = fields.getNumber();
        require(given == expected, EpochBeacon_WrongBlock(expected, given));
        require(fields.verifyBlockHeader(headerHash), EpochBeacon_ForgedHeader(expected, headerHash));
        return fields.getPrevRandao();
    }

    function _requireRange(string memory parameter, uint256 value, uint256 most) private pure {
        require(value != 0 && value <= most, EpochBeacon_ParameterOutOfRange(parameter, value, 1, most));
    }
}
