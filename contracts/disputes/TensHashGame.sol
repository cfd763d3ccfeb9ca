// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ICourt} from "../interfaces/ICourt.sol";
import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {ITensHashGame} from "../interfaces/ITensHashGame.sol";
import {IWorkMint} from "../interfaces/IWorkMint.sol";
import {Sha256Merkle} from "../libraries/Sha256Merkle.sol";
import {TensHash} from "../libraries/TensHash.sol";
import {TensHashTrace} from "../libraries/TensHashTrace.sol";
import {TensorMerkle} from "../libraries/TensorMerkle.sol";
import {Tickets} from "../libraries/Tickets.sol";
import {ClaimDetails} from "../types/ClaimTypes.sol";
import {DisputeId, Place} from "../types/DisputeTypes.sol";
import {Role} from "../types/TaskTypes.sol";
import {ElementType} from "../types/TensorTypes.sol";

/// @title TensHashGame
/// @notice See {ITensHashGame}.
contract TensHashGame is ITensHashGame {
    /// @dev Gas of the answer to a challenge, and of the proof that follows: measured and rounded up.
    uint256 public constant REVEAL_GAS = 600_000;
    uint256 public constant PROVE_GAS = 160_000;

    ICourt private immutable _court;
    IWorkMint private immutable _mint;
    IEpochBeacon private immutable _beacon;

    /// @dev keccak256(abi.encode(question)), and that hashed with the root over the layers once the trace is revealed.
    mapping(DisputeId => bytes32) private _notes;

    constructor(ICourt court, IWorkMint mint, IEpochBeacon beacon) {
        _court = court;
        _mint = mint;
        _beacon = beacon;
    }

    /// @inheritdoc ITensHashGame
    function challenge(ClaimDetails calldata details) external payable returns (DisputeId disputeId) {
        require(_mint.isClaimed(details), TensHashGame_NotClaimed(details.id()));

        Place memory place = Place(details.taskId, Role.Miner, SafeCast.toUint8(details.slot));
        Question memory question = questionOf(details);
        bytes32 hash = keccak256(abi.encode(question));
        disputeId = _court.open{value: msg.value}(place, msg.sender, hash, REVEAL_GAS);
        _notes[disputeId] = hash;
        emit ClaimChallenged(disputeId, details.id(), msg.sender, question);
    }

    /// @inheritdoc ITensHashGame
    function reveal(
        DisputeId disputeId,
        Question calldata question,
        bytes calldata trace,
        bytes calldata signature
    ) external payable {
        bytes32 hash = keccak256(abi.encode(question));
        require(_notes[disputeId] == hash, TensHashGame_WrongQuestion(disputeId));
        bytes32 traceId = _traceId(trace);
        require(traceId == question.traceId, TensHashGame_WrongTrace(traceId, question.traceId));

        _notes[disputeId] = Hashes.efficientKeccak256(hash, TensHashTrace.layersRoot(trace));
        emit TraceRevealed(disputeId, trace);
        _court.defenderMoves{value: msg.value}(disputeId, msg.sender, keccak256(trace), signature, PROVE_GAS);
    }

    /// @inheritdoc ITensHashGame
    function prove(
        DisputeId disputeId,
        Question calldata question,
        uint8 layer,
        uint16 index,
        bytes calldata states,
        bytes32[] calldata proof
    ) external {
        bytes32 root = TensHashTrace.rootOf(layer, states, proof);
        bytes32 note = Hashes.efficientKeccak256(keccak256(abi.encode(question)), root);
        require(_notes[disputeId] == note, TensHashGame_WrongStates(disputeId, layer));
        bool agrees = TensHashTrace.agrees(question.seed, question.x, question.y, layer, index, states);
        require(!agrees, TensHashGame_NeuronAgrees(layer, index));

        _court.decideForChallenger(disputeId);
    }

    /// @inheritdoc ITensHashGame
    function questionOf(ClaimDetails calldata details) public view returns (Question memory) {
        bytes32 x = Tickets.inputOf(
            address(_mint),
            details.taskId,
            details.miner,
            details.slot,
            details.index,
            details.work,
            details.ticket
        );
        return Question({seed: _beacon.seedOf(details.epoch), x: x, y: details.y, traceId: details.traceId});
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
