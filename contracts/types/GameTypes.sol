// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Instruction, Iteration} from "./ProgramTypes.sol";

/// @dev Whose move is next, and what it has to bring, in a game over a trace. Even stages are the defender's.
enum Stage {
    Outcomes, // the defender splits the claim into parts
    Choice, // the challenger names the first part that differs
    Trace, // the defender reveals the ids of that part's trace
    Tensor, // the challenger names a tensor
    Nodes, // the defender reveals the hashes below a node of it
    Node, // the challenger names one of them
    Leaf, // the defender reveals the leaf
    Element // the challenger shows a wrong element
}

/// @dev A revealed trace and everything that its elements are judged by. Games keep its hash.
struct TraceCase {
    bytes program; // parameters of the task's template
    Iteration iteration; // empty for evaluations
    uint32 rows; // of the batch
    uint32 layers; // L
    uint32 tensors; // in the trace
    bytes32 traceRoot;
    bytes32 inputsRoot; // over W_1..W_L, R_1..R_L, X, Y, and the lists in taking order; 0 for what is not read
    uint32 correct; // what the sum of C must be
    uint64 loss; // what the sum of M must be
}

/// @dev One element with everything that it is judged by. Games keep its hash.
struct ElementCase {
    Instruction instruction;
    bytes32[] operandIds;
    uint256 row;
    uint256 col;
    int256 claimed;
}

/// @dev An id that is a leaf of `traceRoot` or `inputsRoot`, with its proof. At which place, its reader knows.
struct BoundId {
    bytes32 id;
    bytes32[] proof;
}

/// @dev The ids of a revealed trace, as the defender states them.
struct TraceIds {
    bytes32[] tensors; // in program order
    bytes32[] weights; // W_1..W_L before the iteration, or of the model evaluated; empty in a slot's first iteration
    bytes32[] residuals; // R_1..R_L before the iteration; empty in a slot's first iteration and for evaluations
    bytes32[] lists; // S of each list taken in, in taking order
    bytes32 inputsTreeRoot; // of the leaves of X: with the shape this gives the id of X
    bytes32 labelsTreeRoot; // of the leaf of Y
    uint32 rows; // of the batch
    bytes32[] batchProof; // of batchLeaf in the data set's root
}

/// @dev One entry of a clock (DESIGN section 5).
struct ClockEntry {
    uint32 count; // iterations taken in
    bytes32 segmentId; // of the last segment among them, 0 if none
}
