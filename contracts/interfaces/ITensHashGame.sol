// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClaimDetails, ClaimId} from "../types/ClaimTypes.sol";
import {DisputeId} from "../types/DisputeTypes.sol";

/// @title TensHash game
/// @notice Whether the y of a claimed ticket is TensHash(seed of the epoch, x), and the trace that of its computation
/// (DESIGN section 7). On a challenge the slot reveals the states after the first 65 layers, which its claim bound; then
/// anyone shows one neuron that does not follow from the states around it, and the challenger has won. Silence loses.
///
/// Any claim that was ever made can be challenged while the slot's stake answers for it, that is until the task is
/// settled, whatever became of the claim: neither expiring nor being minted shelters a liar. What a lost dispute does to
/// claims, {IWorkMint} says.
interface ITensHashGame {
    /// @dev What is disputed: whether y is TensHash(seed, x), with this trace. The game keeps its hash.
    struct Question {
        bytes32 seed; // of the epoch
        bytes32 x; // the ticket's input
        bytes32 y;
        bytes32 traceId;
    }

    event ClaimChallenged(
        DisputeId indexed disputeId,
        ClaimId indexed claimId,
        address indexed challenger,
        Question question
    );
    /// @notice `trace` is the u8 tensor [65][128] of the claim's traceId, row after row.
    event TraceRevealed(DisputeId indexed disputeId, bytes trace);

    /// @notice No such claim was made: take its details from {IWorkMint-TicketClaimed}.
    error TensHashGame_NotClaimed(ClaimId claimId);
    /// @notice The dispute is over another question, or none of this game's: take it from {ClaimChallenged}.
    error TensHashGame_WrongQuestion(DisputeId disputeId);
    error TensHashGame_WrongLength(uint256 given, uint256 expected);
    /// @notice These states do not lead to the claim's trace id.
    error TensHashGame_WrongTrace(bytes32 given, bytes32 traceId);
    /// @notice These are not the states around the layer in the trace that was revealed, or none was.
    error TensHashGame_WrongStates(DisputeId disputeId, uint8 layer);
    /// @notice The neuron follows from the states around it: this shows nothing.
    error TensHashGame_NeuronAgrees(uint8 layer, uint16 index);

    /// @notice Challenger: y or the trace of a claim is false. The caller needs `ICourt.bondFor` as free stake, and sends
    /// `ICourt.depositFor(REVEAL_GAS)`.
    function challenge(ClaimDetails calldata details) external payable returns (DisputeId);

    /// @notice Defender: the states of the trace. Sends `ICourt.depositFor(PROVE_GAS)`.
    /// @param trace 8,320 bytes, row after row
    /// @param signature of operator or delegate over the answer keccak256(trace), see {ICourt-defenderMoves}; empty if the
    /// caller may answer
    function reveal(
        DisputeId disputeId,
        Question calldata question,
        bytes calldata trace,
        bytes calldata signature
    ) external payable;

    /// @notice Anyone, once the trace is revealed: one neuron is false. Decides the dispute for its challenger.
    /// @param layer 0, the expansion, to 65, the output
    /// @param index of the neuron, below 1,024, in layer 65 below 256
    /// @param states row layer - 1 and row `layer` of the trace, 256 bytes; for layer 0 the first row alone, for layer 65
    /// the last
    /// @param proof of leaf keccak256(layer as one byte || states), of the layers in order, in the tree of sorted pairs
    /// under keccak256 whose odd last nodes move up
    function prove(
        DisputeId disputeId,
        Question calldata question,
        uint8 layer,
        uint16 index,
        bytes calldata states,
        bytes32[] calldata proof
    ) external;

    /// @notice What is asked of a claim. The court knows a dispute over it by keccak256(abi.encode(question)).
    function questionOf(ClaimDetails calldata details) external view returns (Question memory);
}
