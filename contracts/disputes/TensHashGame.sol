// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ICourt} from "../interfaces/ICourt.sol";
import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {ITensHashGame} from "../interfaces/ITensHashGame.sol";
import {IWorkMint} from "../interfaces/IWorkMint.sol";
import {Sha256Merkle} from "../libraries/Sha256Merkle.sol";
import {TensHash} from "../libraries/TensHash.sol";
import {TensorMerkle} from "../libraries/TensorMerkle.sol";
import {Tickets} from "../libraries/Tickets.sol";
import {ClaimDetails} from "../types/ClaimTypes.sol";
import {DisputeId, Place} from "../types/DisputeTypes.sol";
import {Role} from "../types/TaskTypes.sol";
import {ElementType} from "../types/TensorTypes.sol";

/// @title TensHashGame
/// @notice See {ITensHashGame}.
/// @dev The court knows whose turn it is: the challenger's means that the trace was revealed, which is all that a proof
/// has to know.
contract TensHashGame is ITensHashGame {
    /// @dev Gas of the answer to a challenge, and of the proof that follows: measured and rounded up.
    uint256 public constant REVEAL_GAS = 600_000;
    uint256 public constant PROVE_GAS = 160_000;

    ICourt private immutable _court;
    IWorkMint private immutable _mint;
    IEpochBeacon private immutable _beacon;

    mapping(DisputeId => bytes32) private _claims; // keccak256(abi.encode(details))

    constructor(ICourt court, IWorkMint mint, IEpochBeacon beacon) {
        _court = court;
        _mint = mint;
        _beacon = beacon;
    }

    /// @inheritdoc ITensHashGame
    function challenge(ClaimDetails calldata details) external payable returns (DisputeId disputeId) {
        require(_mint.isClaimed(details), TensHashGame_NotClaimed(details.id()));

        Place memory place = Place(details.taskId, Role.Miner, SafeCast.toUint8(details.slot));
        bytes32 claim = keccak256(abi.encode(details));
        disputeId = _court.open{value: msg.value}(place, msg.sender, claim, REVEAL_GAS);
        _claims[disputeId] = claim;
        emit ClaimChallenged(disputeId, details.id(), msg.sender);
    }

    /// @inheritdoc ITensHashGame
    function reveal(
        DisputeId disputeId,
        ClaimDetails calldata details,
        bytes calldata trace,
        bytes calldata signature
    ) external payable {
        _requireClaim(disputeId, details);
        bytes32 traceId = _traceId(trace);
        require(traceId == details.traceId, TensHashGame_WrongTrace(traceId, details.traceId));

        emit TraceRevealed(disputeId, trace);
        _court.defenderMoves{value: msg.value}(disputeId, msg.sender, keccak256(trace), signature, PROVE_GAS);
    }

    /// @inheritdoc ITensHashGame
    function prove(DisputeId disputeId, ClaimDetails calldata details, TensHash.Neuron calldata neuron) external {
        _requireClaim(disputeId, details);
        bytes32 seed = _beacon.seedOf(details.epoch);
        bytes32 x = Tickets.inputOf(
            address(_mint),
            details.taskId,
            details.miner,
            details.slot,
            details.index,
            details.work,
            details.ticket
        );
        bool agrees = TensHash.agrees(seed, x, details.y, details.traceId, neuron);
        require(!agrees, TensHashGame_NeuronAgrees(neuron.layer, neuron.index));

        emit NeuronRefuted(disputeId, neuron.layer, neuron.index);
        _court.decideForChallenger(disputeId);
    }

    function _requireClaim(DisputeId disputeId, ClaimDetails calldata details) private view {
        require(_claims[disputeId] == keccak256(abi.encode(details)), TensHashGame_WrongClaim(disputeId));
    }

    function _traceId(bytes calldata trace) private pure returns (bytes32) {
        uint256 rows = TensHash.TRACE_ROWS;
        uint256 cols = TensHash.STATE_BYTES;
        require(trace.length == rows * cols, TensHashGame_WrongLength(trace.length, rows * cols));
        bytes32[] memory leaves = new bytes32[](rows);
        for (uint256 row = 0; row < rows; ++row) {
            leaves[row] = TensorMerkle.leafHash(trace[row * cols:(row + 1) * cols]);
        }
        return TensorMerkle.tensorId(ElementType.U8, rows, cols, Sha256Merkle.rootOf(leaves));
    }
}
