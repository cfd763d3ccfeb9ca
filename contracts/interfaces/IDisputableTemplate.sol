// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Instruction, Iteration, Outputs, Witness} from "../types/ProgramTypes.sol";
import {ListOpening, Opening} from "../types/TensorTypes.sol";
import {ITemplate} from "./ITemplate.sol";

/// @title Template whose programs can be judged
/// @notice Derives every instruction of a task's iterations and evaluations (DESIGN section 4) and recomputes one element
/// of what it yields (section 7). A game that speaks this interface judges any architecture. All of it is pure: a game
/// binds the ids of operands to what was committed, a template does the arithmetic.
/// @dev `parameters` must have passed {ITemplate-check}. What a template is given to read is checked against the ids and
/// shapes that it belongs to, and reverts where it does not fit; a false tensor of the right shape is read as it is.
interface IDisputableTemplate is ITemplate {
    /// @notice The trace has `count` tensors, of which there is no number `k`.
    error Template_NoInstruction(uint256 k, uint256 count);
    /// @notice A tensor of `rows` by `cols` has no element (`row`, `col`).
    error Template_NoElement(uint256 row, uint256 col, uint256 rows, uint256 cols);
    /// @notice The instruction has `expected` operands.
    error Template_WrongOperands(uint256 given, uint256 expected);
    /// @notice The element needs `expected` leaves, see {Op}.
    error Template_WrongOpenings(uint256 given, uint256 expected);
    /// @notice A list's elements do not follow from operands one by one: use {listContradicts} for it, and for it only.
    error Template_WrongOp();

    /// @notice What the games have to know of a program to bind its inputs.
    /// @return layers L
    /// @return inputs columns of X, n_0 + 1
    /// @return batches of the training set
    function dimensions(
        bytes calldata parameters
    ) external pure returns (uint256 layers, uint256 inputs, uint256 batches);

    /// @notice Number of tensors in the trace of an iteration.
    function instructionCount(bytes calldata parameters, Iteration calldata iteration) external pure returns (uint256);

    /// @notice How tensor number `k` of an iteration's trace is computed.
    function instructionAt(
        bytes calldata parameters,
        Iteration calldata iteration,
        uint256 k
    ) external pure returns (Instruction memory);

    /// @notice Where in its trace an iteration's outputs are.
    function outputs(bytes calldata parameters, Iteration calldata iteration) external pure returns (Outputs memory);

    /// @notice Number of tensors in the trace of one test batch: Q_1..Q_L, A_1..A_{L-1}, Z, C, E_L, M.
    function evaluationCount(bytes calldata parameters) external pure returns (uint256);

    /// @notice How tensor number `k` of the trace of a test batch is computed; {Source-Weights} is the model evaluated.
    /// @param rows of the batch, at most B
    function evaluationInstructionAt(
        bytes calldata parameters,
        uint32 rows,
        uint256 k
    ) external pure returns (Instruction memory);

    /// @notice Where in the trace of a test batch C and M are.
    function evaluationOutputs(bytes calldata parameters) external pure returns (uint256 hits, uint256 missing);

    /// @notice What the element in `row` and `col` of the instruction's tensor has to be, given its operands: a claimed
    /// tensor with another element there is false, or one of the operands is.
    /// @param operandIds tensorId of each of the instruction's operands, bound by the caller
    /// @param witness the leaves that {Op} lists, with their proofs
    /// @return value the element, signed as its type is
    function elementAt(
        Instruction calldata instruction,
        bytes32[] calldata operandIds,
        uint256 row,
        uint256 col,
        Witness calldata witness
    ) external pure returns (int256 value);

    /// @notice Whether the list says of one weight something else than U_1..U_L do: it names a weight that U does not
    /// move, or with the other sign, or leaves out one that U moves. A list that is not well-formed has other proofs, see
    /// {listIsMalformed}.
    /// @param instruction of {Op-Sparse}
    /// @param operandIds tensorId of U_1..U_L
    /// @param listId tensorId of the list
    /// @param flat index of the weight over the concatenated layers
    /// @param list the list's row that holds the weight's entry, or would hold it
    /// @param update the leaf of U that holds the weight
    function listContradicts(
        Instruction calldata instruction,
        bytes32[] calldata operandIds,
        bytes32 listId,
        uint256 flat,
        ListOpening calldata list,
        Opening calldata update
    ) external pure returns (bool);

    /// @notice Whether the entry in `col` of the list's opened row breaks the list's form: it names a weight that the
    /// network has not, is not below the entry after it, or is padding before an entry or at the start of a row that is
    /// not the first (the list has more rows than it needs).
    /// @param listId tensorId of the list
    /// @param list the row of the entry, and the row after it where the entry is the row's last
    function listIsMalformed(
        bytes calldata parameters,
        bytes32 listId,
        uint256 col,
        ListOpening calldata list
    ) external pure returns (bool);
}
