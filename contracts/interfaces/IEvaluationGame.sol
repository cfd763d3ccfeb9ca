// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DisputeId} from "../types/DisputeTypes.sol";
import {TraceIds} from "../types/GameTypes.sol";
import {Score, TaskId, TaskParameters} from "../types/TaskTypes.sol";

/// @title Evaluation game
/// @notice Whether an evaluator scored the final model rightly (DESIGN sections 7 and 8). A score is a Merkle sum over the
/// test batches: the evaluator reveals the sums below a node, up to 32 at a time, the challenger follows one that differs
/// from its own down to a batch; then the evaluator reveals the ids of that batch's trace, and the rest is {ITraceGame}.
/// A vote that the test set cannot be had is no computation and cannot be disputed here.
interface IEvaluationGame {
    /// @dev A node of the Merkle sum: leaf H(0x0e || batchLeaf || correct || loss), node H(0x0f || left || right) over
    /// (hash, correct u32, loss u64), padding all zero.
    struct SumNode {
        bytes32 hash;
        uint32 correct;
        uint64 loss;
    }

    /// @dev What is disputed. Games keep its hash.
    struct ScoreCase {
        TaskId taskId;
        uint8 evaluator;
        bytes32 finalState; // id of the model's weights
        bytes32 testRoot;
        uint32 testBatches;
        bytes32 parametersHash;
    }

    event ScoreChallenged(DisputeId indexed disputeId, Score score, ScoreCase scoreCase);
    event SumsRevealed(DisputeId indexed disputeId, SumNode[] sums);
    /// @notice `levels` lead from that node down to the batches.
    event SumNamed(DisputeId indexed disputeId, uint256 child, uint256 levels);

    /// @notice The evaluator has revealed no score that can be recomputed.
    error EvaluationGame_NothingToDispute(bytes32 taskId, uint8 evaluator);

    /// @notice Challenger: the score that an evaluator revealed is false.
    function challenge(TaskId taskId, uint8 evaluator) external payable returns (DisputeId);

    /// @notice Defender: all nodes `min(5, levels left)` levels below the one in dispute, from the left.
    function revealSums(DisputeId disputeId, SumNode[] calldata sums, bytes calldata signature) external payable;

    /// @notice Challenger: follow node number `child` of those revealed last.
    /// @param proof siblings of `sum` below the node in dispute
    function chooseSum(
        DisputeId disputeId,
        uint256 child,
        SumNode calldata sum,
        SumNode[] calldata proof
    ) external payable;

    /// @notice Defender: the ids of the batch's trace and of all that it reads.
    function revealTrace(
        DisputeId disputeId,
        ScoreCase calldata scoreCase,
        TaskParameters calldata parameters,
        TraceIds calldata ids,
        bytes calldata signature
    ) external payable;
}
