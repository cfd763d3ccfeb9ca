// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ElementType, ListOpening, Opening} from "./TensorTypes.sol";

/// @dev The operations of DESIGN section 3, each of which yields one tensor. In brackets, in this order, the operands of
/// an {Instruction} and what its `parameter` is; in braces the leaves that a {Witness} opens, in this order, for the
/// element in row r and column c. A row longer than 1,024 elements is opened whole, leaf after leaf from the left.
enum Op {
    InitialWeights, // I_l            [; initBound_l] {}
    Zeros, //          O_l            [] {}
    Apply, //          WA_l           [weights before, then up to 8 lists] {weights (r, c)} and a list opening for each
    Quantize, //       Q_l            [WA_l] {WA_l (r, c)}
    Activate, //       A_l            [A_{l-1} or X, Q_l; shift_l] {row r of A_{l-1}, row c of Q_l}, none in the bias column
    Logits, //         Z              [A_{L-1} or X, Q_L] {row r of A_{L-1}, row c of Q_L}
    Hits, //           C              [Z, Y] {row c of Z, Y}
    SoftmaxGrad, //    E_L            [Z, Y; shift_L] {row r of Z, Y}
    Missing, //        M              [E_L, Y] {row c of E_L, Y}
    Transpose, //      ET_l AT_l QT_l [what is transposed] {its leaf with (c, r)}
    Update, //         U_l            [R_l, ET_l, AT_{l-1}; tau_l] {R_l (r, c), row r of ET_l, row c of AT_{l-1}}
    Residual, //       R_l'           as Update
    Backward, //       E_{l-1}        [A_{l-1}, E_l, QT_l; back_l] {A_{l-1} (r, c), and where it is above 0 and below 127:
    //                                row r of E_l, row c of QT_l}
    Sparse, //         S              [U_1..U_L] see {IDisputableTemplate-listContradicts}
    Step //            W_l'           [WA_l, U_l; q] {WA_l (r, c), U_l (r, c)}
}

/// @dev Where an operand comes from.
enum Source {
    Trace, // tensor number `index` of the same trace
    Weights, // W_{index + 1} before the iteration, or of the model evaluated
    Residuals, // R_{index + 1} before the iteration
    Inputs, // X of the batch, which reads as max(x, -127) with a last column of 127
    Labels, // Y of the batch, which reads as min(y, n_L - 1)
    List // S of the list that is number `index` in taking order, from 0
}

struct Operand {
    Source source;
    uint32 index; // see Source; 0 for Inputs and Labels
    ElementType elementType;
    uint32 rows; // 0 for a list, which brings its own count
    uint32 cols;
}

/// @dev How one tensor of a trace is computed: what a template derives and nobody supplies (DESIGN section 4).
struct Instruction {
    Op op;
    ElementType elementType; // of the result
    uint32 rows; // of the result, 0 for S, which brings its own count
    uint32 cols; // of the result
    uint32 layer; // l, from 1; L for Z, C, M and S
    uint32 parameter; // see Op, else 0
    uint32 offset; // Apply: flat index of the layer's first weight
    bytes32 seed; // InitialWeights: key of the keystream
    int32[] steps; // Apply: s_p q_p of each list
    Operand[] operands;
}

/// @dev Consecutive iterations of one slot whose lists an iteration takes in or gives back: what a clock has in a slot
/// beyond its predecessor, or lacks.
struct ListRange {
    uint32 first; // iteration
    uint32 count;
    bool givenBack;
}

/// @dev What an iteration's program depends on besides the task's parameters.
struct Iteration {
    bytes32 seed; // the task's training seed
    uint32 index; // of the slot, from 0
    ListRange[] lists; // in taking order: given back first, then taken in, each by ascending slot and iteration
}

/// @dev Which tensors of an iteration's trace leave it, as indices into the trace.
struct Outputs {
    uint32 hits; // C, whose sum is `correct`
    uint32 missing; // M, whose sum is `loss`
    uint32 update; // S, whose id is `updateId`
    uint32[] weights; // W_1'..W_L'
    uint32[] residuals; // R_1'..R_L'
}

/// @dev What shows an element of a tensor, besides its instruction and its operands' ids: see Op.
struct Witness {
    Opening[] leaves;
    ListOpening[] lists; // for Apply
}
