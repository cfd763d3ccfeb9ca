// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputableTemplate} from "../interfaces/IDisputableTemplate.sol";
import {Instruction, Op, Operand, Source, Witness} from "../types/ProgramTypes.sol";
import {ElementType, ListOpening, Opening} from "../types/TensorTypes.sol";
import {ChaCha20} from "./ChaCha20.sol";
import {DotProduct} from "./DotProduct.sol";
import {Softmax} from "./Softmax.sol";
import {SparseList} from "./SparseList.sol";
import {TensorMerkle} from "./TensorMerkle.sol";

/// @title One element of any operation of exact training (DESIGN sections 3 and 7)
/// @notice See {IDisputableTemplate-elementAt} and {Op}. Every leaf is proven against the id and the shape of the operand
/// that it belongs to before it is read.
library StepVerifier {
    int256 private constant MOST_I8 = 127;
    /// @dev Bound of an accumulated gradient.
    int256 private constant MOST_GRADIENT = 2 ** 30;
    /// @dev Fractional bits of weights.
    uint256 private constant FRACTION = 8;
    /// @dev 32-bit words of a keystream block.
    uint256 private constant BLOCK_WORDS = 16;

    /// @notice See {IDisputableTemplate-elementAt}.
    function elementAt(
        Instruction calldata instruction,
        bytes32[] calldata ids,
        uint256 row,
        uint256 col,
        Witness calldata witness
    ) internal pure returns (int256) {
        bool isInside = row < instruction.rows && col < instruction.cols;
        require(isInside, IDisputableTemplate.Template_NoElement(row, col, instruction.rows, instruction.cols));
        _requireOperands(instruction, ids);
        Op op = instruction.op;
        if (op == Op.Apply) return _apply(instruction, ids, row, col, witness);
        Opening[] calldata leaves = witness.leaves;
        if (op == Op.InitialWeights || op == Op.Zeros) {
            _requireOpenings(leaves, 0);
            return op == Op.Zeros ? int256(0) : _initialWeight(instruction, row, col);
        }
        if (op == Op.Activate || op == Op.Logits || op == Op.Backward)
            return _dense(instruction, ids, row, col, leaves);
        if (op == Op.Update || op == Op.Residual) return _accumulate(instruction, ids, row, col, leaves);
        if (op == Op.Hits || op == Op.SoftmaxGrad || op == Op.Missing)
            return _score(instruction, ids, row, col, leaves);
        return _move(instruction, ids, row, col, leaves);
    }

    /// @notice See {IDisputableTemplate-listContradicts}.
    function listContradicts(
        Instruction calldata instruction,
        bytes32[] calldata ids,
        bytes32 listId,
        uint256 flat,
        ListOpening calldata list,
        Opening calldata update
    ) internal pure returns (bool) {
        require(instruction.op == Op.Sparse, IDisputableTemplate.Template_WrongOp());
        _requireOperands(instruction, ids);
        uint256 layer = 0;
        uint256 place = flat;
        for (; layer < ids.length; ++layer) {
            uint256 weights = uint256(instruction.operands[layer].rows) * instruction.operands[layer].cols;
            if (place < weights) break;
            place -= weights;
        }
        require(layer < ids.length, IDisputableTemplate.Template_NoElement(0, flat, 1, flat - place));
        Operand calldata operand = instruction.operands[layer];
        (uint256 row, uint256 col) = (place / operand.cols, place % operand.cols);
        return SparseList.valueAt(listId, flat, list) != _element(operand, ids[layer], row, col, update);
    }

    /// @notice floor((x + 2^(s-1)) / 2^s), the rounding shift rs of DESIGN section 3.
    function roundShift(int256 x, uint256 s) internal pure returns (int256) {
        // An arithmetic shift to the right is a division that rounds down.
        return s == 0 ? x : (x + int256(1 << (s - 1))) >> s;
    }

    function clip(int256 x, int256 lowest, int256 highest) internal pure returns (int256) {
        return
            x < lowest
                ? lowest
                : x > highest
                    ? highest
                    : x;
    }

    // --- operations

    /// @dev I_l: (w mod (2m + 1)) - m of the element's word w of the keystream.
    function _initialWeight(Instruction calldata instruction, uint256 row, uint256 col) private pure returns (int256) {
        uint256 place = row * instruction.cols + col;
        bytes12 nonce = bytes12((uint96(1) << 64) | instruction.layer);
        (bytes32 first, bytes32 second) = ChaCha20.keystream(instruction.seed, nonce, uint32(place / BLOCK_WORDS)); // fewer than 2^31 weights
        uint256 word = place % BLOCK_WORDS;
        bytes32 half = word < BLOCK_WORDS / 2 ? first : second;
        uint256 drawn = TensorMerkle.littleEndian(bytes4(half << (32 * (word % (BLOCK_WORDS / 2)))));
        uint256 bound = instruction.parameter;
        return int256(drawn % (2 * bound + 1)) - int256(bound);
    }

    /// @dev WA_l.
    function _apply(
        Instruction calldata instruction,
        bytes32[] calldata ids,
        uint256 row,
        uint256 col,
        Witness calldata witness
    ) private pure returns (int256 value) {
        _requireOpenings(witness.leaves, 1);
        uint256 lists = instruction.steps.length;
        bool isWhole = witness.lists.length == lists && ids.length == lists + 1;
        require(isWhole, IDisputableTemplate.Template_WrongOpenings(witness.lists.length, lists));
        value = _element(instruction.operands[0], ids[0], row, col, witness.leaves[0]);
        uint256 flat = instruction.offset + row * instruction.cols + col;
        for (uint256 i = 0; i < lists; ++i) {
            value -= instruction.steps[i] * SparseList.valueAt(ids[1 + i], flat, witness.lists[i]);
        }
        return int32(value); // sums of weights wrap
    }

    /// @dev A_l, Z and E_{l-1}: a dot product and what is made of it.
    function _dense(
        Instruction calldata instruction,
        bytes32[] calldata ids,
        uint256 row,
        uint256 col,
        Opening[] calldata leaves
    ) private pure returns (int256) {
        uint256 shift = instruction.parameter;
        if (instruction.op == Op.Logits) return _dot(instruction, ids, 0, row, col, leaves);
        if (instruction.op == Op.Activate) {
            if (col + 1 == instruction.cols) {
                _requireOpenings(leaves, 0);
                return MOST_I8; // the bias column
            }
            return clip(roundShift(_dot(instruction, ids, 0, row, col, leaves), shift), 0, MOST_I8);
        }
        require(leaves.length != 0, IDisputableTemplate.Template_WrongOpenings(0, 1));
        int256 activation = _element(instruction.operands[0], ids[0], row, col, leaves[0]);
        if (activation <= 0 || activation >= MOST_I8) {
            _requireOpenings(leaves, 1);
            return 0;
        }
        return clip(roundShift(_dot(instruction, ids, 1, row, col, leaves), shift), -MOST_I8, MOST_I8);
    }

    /// @dev U_l and R_l'.
    function _accumulate(
        Instruction calldata instruction,
        bytes32[] calldata ids,
        uint256 row,
        uint256 col,
        Opening[] calldata leaves
    ) private pure returns (int256) {
        require(leaves.length != 0, IDisputableTemplate.Template_WrongOpenings(0, 1));
        int256 residual = _element(instruction.operands[0], ids[0], row, col, leaves[0]);
        int256 sum = residual + _dot(instruction, ids, 1, row, col, leaves);
        int256 acc = clip(sum, -MOST_GRADIENT, MOST_GRADIENT);
        int256 tau = int256(uint256(instruction.parameter));
        int256 update =
            acc > tau
                ? int256(1)
                : acc < -tau
                    ? -1
                    : int256(0);
        return instruction.op == Op.Update ? update : acc - tau * update;
    }

    /// @dev C, E_L and M: what a row of a batch makes of its label.
    function _score(
        Instruction calldata instruction,
        bytes32[] calldata ids,
        uint256 row,
        uint256 col,
        Opening[] calldata leaves
    ) private pure returns (int256) {
        _requireOpenings(leaves, 2);
        // C and M have an element for each row of the batch in their only row.
        uint256 example = instruction.op == Op.SoftmaxGrad ? row : col;
        Operand calldata scores = instruction.operands[0];
        bytes calldata values = _leaf(scores, ids[0], example, 0, leaves[0]);
        uint256 label = uint256(_element(instruction.operands[1], ids[1], 0, example, leaves[1]));
        if (label >= scores.cols) label = scores.cols - 1;
        if (instruction.op == Op.SoftmaxGrad) return Softmax.gradient(values, col, label, instruction.parameter);
        if (instruction.op == Op.Missing)
            return int256(uint256(uint8(int8(-TensorMerkle.element(values, ElementType.I8, label)))));
        (uint256 class, ) = Softmax.argmax(values);
        return class == label ? int256(1) : int256(0);
    }

    /// @dev Q_l, transposes and W_l'.
    function _move(
        Instruction calldata instruction,
        bytes32[] calldata ids,
        uint256 row,
        uint256 col,
        Opening[] calldata leaves
    ) private pure returns (int256) {
        Op op = instruction.op;
        _requireOpenings(leaves, op == Op.Step ? 2 : 1);
        Operand calldata operand = instruction.operands[0];
        if (op == Op.Transpose) return _element(operand, ids[0], col, row, leaves[0]);
        int256 weight = _element(operand, ids[0], row, col, leaves[0]);
        if (op == Op.Quantize) return clip(roundShift(weight, FRACTION), -MOST_I8, MOST_I8);
        require(op == Op.Step, IDisputableTemplate.Template_WrongOp());
        int256 update = _element(instruction.operands[1], ids[1], row, col, leaves[1]);
        return int32(weight - int256(uint256(instruction.parameter)) * update); // sums of weights wrap
    }

    // --- reading

    /// @dev The dot product of row `row` of operand number `first` and row `col` of the next one, opened whole, the one
    /// after the other, by the leaves from number `first` on.
    function _dot(
        Instruction calldata instruction,
        bytes32[] calldata ids,
        uint256 first,
        uint256 row,
        uint256 col,
        Opening[] calldata leaves
    ) private pure returns (int256 sum) {
        Operand calldata a = instruction.operands[first];
        Operand calldata b = instruction.operands[first + 1];
        uint256 terms = a.cols;
        uint256 chunks = TensorMerkle.leavesPerRow(terms);
        _requireOpenings(leaves, first + 2 * chunks);
        for (uint256 i = 0; i < chunks; ++i) {
            uint256 start = i * TensorMerkle.LEAF_ELEMENTS;
            bytes calldata x = _leaf(a, ids[first], row, start, leaves[first + i]);
            bytes calldata y = _leaf(b, ids[first + 1], col, start, leaves[first + chunks + i]);
            if (a.source != Source.Inputs) {
                sum += DotProduct.dot(x, y, x.length, false);
            } else if (i + 1 < chunks) {
                sum += DotProduct.dot(x, y, x.length, true);
            } else {
                uint256 last = x.length - 1;
                sum += DotProduct.dot(x, y, last, true) + MOST_I8 * int8(uint8(y[last]));
            }
        }
    }

    /// @dev The element of an operand as it reads.
    function _element(
        Operand calldata operand,
        bytes32 id,
        uint256 row,
        uint256 col,
        Opening calldata opening
    ) private pure returns (int256) {
        if (operand.elementType == ElementType.I32) return _wide(operand, id, row, col, opening);
        bytes calldata leaf = _leaf(operand, id, row, col, opening);
        if (operand.source == Source.Inputs && col + 1 == operand.cols) return MOST_I8;
        int256 value = TensorMerkle.element(leaf, operand.elementType, col % TensorMerkle.LEAF_ELEMENTS);
        return operand.source == Source.Inputs && value < -MOST_I8 ? -MOST_I8 : value;
    }

    /// @dev The element of an i32 operand, whose leaf may be given as int16 where its elements allow it.
    function _wide(
        Operand calldata operand,
        bytes32 id,
        uint256 row,
        uint256 col,
        Opening calldata opening
    ) private pure returns (int256) {
        uint256 place = col % TensorMerkle.LEAF_ELEMENTS;
        if (TensorMerkle.isNarrowLeaf(id, operand.rows, operand.cols, row, col, opening)) {
            uint16 word = uint16(bytes2(opening.leaf[2 * place:2 * place + 2]));
            return int16((word << 8) | (word >> 8));
        }
        return TensorMerkle.element(_leaf(operand, id, row, col, opening), ElementType.I32, place);
    }

    /// @dev The leaf of an operand that holds an element, proven.
    function _leaf(
        Operand calldata operand,
        bytes32 id,
        uint256 row,
        uint256 col,
        Opening calldata opening
    ) private pure returns (bytes calldata) {
        TensorMerkle.requireLeaf(id, operand.elementType, operand.rows, operand.cols, row, col, opening);
        return opening.leaf;
    }

    function _requireOperands(Instruction calldata instruction, bytes32[] calldata ids) private pure {
        uint256 expected = instruction.operands.length;
        require(ids.length == expected, IDisputableTemplate.Template_WrongOperands(ids.length, expected));
    }

    function _requireOpenings(Opening[] calldata leaves, uint256 expected) private pure {
        require(leaves.length == expected, IDisputableTemplate.Template_WrongOpenings(leaves.length, expected));
    }
}
