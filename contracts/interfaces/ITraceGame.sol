// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DisputeId} from "../types/DisputeTypes.sol";
import {BoundId, ElementCase, Stage, TraceCase, TraceIds} from "../types/GameTypes.sol";
import {Witness} from "../types/ProgramTypes.sol";
import {Opening} from "../types/TensorTypes.sol";

/// @title Game over a trace
/// @notice The part that the games over iterations and over evaluations share: from the revealed ids of a trace down to
/// one element, which the contract recomputes (DESIGN section 7, steps 5 to 8).
///
/// The challenger names the first tensor that differs from its own; the defender reveals the hashes below it, at most 32
/// at a time, and the challenger follows the one that differs, down to a leaf, which the defender reveals; then anyone
/// shows an element of it that does not follow from its operands. Every tensor of the trace is bound to what is around
/// it, so any internal contradiction ends the game: to name a later tensor than the first does not help a liar.
///
/// Moves of the challenger come from itself, those of the defender from whoever {ICourt} lets answer; each brings a
/// deposit for the other side's answer, see {answerGas}. A move that does not fit reverts and costs nothing but time. Proofs that
/// decide are anybody's, while it is the challenger's turn.
interface ITraceGame {
    event TraceRevealed(DisputeId indexed disputeId, TraceCase traceCase, TraceIds ids);
    event TensorNamed(DisputeId indexed disputeId, uint256 tensor, bytes32 tensorId);
    event NodesRevealed(DisputeId indexed disputeId, uint32 rows, bytes32[] nodes);
    /// @notice `levels` lead from that node down to the leaves.
    event NodeNamed(DisputeId indexed disputeId, uint256 child, uint256 levels);
    event LeafRevealed(DisputeId indexed disputeId, bytes leaf);
    event ElementNamed(DisputeId indexed disputeId, address indexed account, ElementCase element);
    /// @notice The deciding arithmetic: what the element has to be, and what was claimed.
    event ElementRefuted(DisputeId indexed disputeId, int256 value, int256 claimed);
    event ListRefuted(DisputeId indexed disputeId, uint256 flat);
    event SumRefuted(DisputeId indexed disputeId, bool loss, uint256 sum);

    error Game_WrongStage(DisputeId disputeId, Stage stage);
    /// @notice The data given back is not what the game noted: take it from the game's events.
    error Game_WrongCase(DisputeId disputeId);
    error Game_OutOfRange(string what, uint256 given, uint256 count);
    error Game_WrongLength(string what, uint256 given, uint256 expected);
    /// @notice What is revealed does not lead to what it is bound to.
    error Game_Unbound(string what);
    /// @notice The element is right: this shows nothing.
    error Game_ElementAgrees(int256 value);
    error Game_ListAgrees();
    error Game_SumAgrees(uint256 sum);

    /// @notice Challenger: tensor number `tensor` of the trace is wrong.
    function chooseTensor(
        DisputeId disputeId,
        TraceCase calldata traceCase,
        uint256 tensor,
        BoundId calldata tensorId
    ) external payable;

    /// @notice Defender: all hashes `min(5, levels left)` levels below the node in dispute, from the left.
    /// @param rows of the tensor, which only an update list brings itself; of no meaning else
    function revealNodes(
        DisputeId disputeId,
        uint32 rows,
        bytes32[] calldata nodes,
        bytes calldata signature
    ) external payable;

    /// @notice Challenger: follow hash number `child` of those revealed last.
    /// @param proof siblings of `node` below the node in dispute
    function chooseNode(DisputeId disputeId, uint256 child, bytes32 node, bytes32[] calldata proof) external payable;

    /// @notice Defender: the elements of the leaf in dispute.
    function revealLeaf(DisputeId disputeId, bytes calldata leaf, bytes calldata signature) external payable;

    /// @notice Anyone: element number `offset` of the revealed leaf is wrong. Binds what {refuteElement} is judged by, which
    /// keeps that move small; nobody's turn ends with it.
    /// @param operands ids of the instruction's operands
    function nameElement(
        DisputeId disputeId,
        TraceCase calldata traceCase,
        bytes calldata leaf,
        uint256 offset,
        BoundId[] calldata operands
    ) external;

    /// @notice Whoever named the element: it does not follow from its operands. This decides.
    /// @param witness the operands' leaves, as {Op} lists them
    function refuteElement(DisputeId disputeId, ElementCase calldata element, Witness calldata witness) external;

    /// @notice Anyone: the trace's C does not add up to `correct`, or its M to `loss`.
    /// @param loss false for C
    function refuteSum(
        DisputeId disputeId,
        TraceCase calldata traceCase,
        bool loss,
        BoundId calldata tensorId,
        Opening calldata opening
    ) external;

    function stageOf(DisputeId disputeId) external view returns (Stage);

    /// @notice keccak256(abi.encode(traceCase)) of the trace that the defender revealed, 0 before.
    function caseOf(DisputeId disputeId) external view returns (bytes32);

    /// @notice Gas that the deposit of a challenge must cover, see {ICourt-depositFor}.
    function openingGas() external pure returns (uint256);

    /// @notice Gas that the deposit of the move of a stage must cover.
    function answerGas(Stage stage) external pure returns (uint256);
}
