// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MlpParameters} from "../types/MlpParameters.sol";
import {Instruction, Op, Operand, Source} from "../types/ProgramTypes.sol";
import {ElementType} from "../types/TensorTypes.sol";

/// @dev The part of a trace that training and evaluation share, and what it starts from.
struct Frame {
    MlpParameters mlp;
    uint256 layers; // L
    uint32 rows; // of the batch
    Source weightSource; // where W_l, or the last group's WA_l, is: number `firstWeight` + l - 1 of this source
    uint256 firstWeight;
    uint256 forward; // index of Q_1 in the trace
}

/// @title The forward pass of the exact perceptron
/// @notice Q_1..Q_L, A_1..A_{L-1}, Z, C, E_L, M of DESIGN section 3, in this order.
library MlpFrame {
    /// @notice Number of tensors of the pass.
    function count(Frame memory frame) internal pure returns (uint256) {
        return 2 * frame.layers + 3;
    }

    /// @notice Index of C in the trace.
    function hits(Frame memory frame) internal pure returns (uint256) {
        return frame.forward + 2 * frame.layers;
    }

    /// @notice Index of M in the trace.
    function missing(Frame memory frame) internal pure returns (uint256) {
        return hits(frame) + 2;
    }

    /// @notice Tensor number `i` of the pass.
    function instructionAt(Frame memory frame, uint256 i) internal pure returns (Instruction memory) {
        uint256 layers = frame.layers;
        if (i < layers) return _quantize(frame, i + 1);
        if (i < 2 * layers - 1) return _activate(frame, i - layers + 1);
        uint256 classes = frame.mlp.sizes[layers];
        uint32 rows = frame.rows;
        if (i == 2 * layers - 1) {
            Operand[] memory factors = pair(activation(frame, layers - 1), quantized(frame, layers));
            return result(Op.Logits, ElementType.I32, rows, classes, layers, 0, factors);
        }
        if (i == 2 * layers)
            return result(Op.Hits, ElementType.U8, 1, rows, layers, 0, pair(_logits(frame), _labels(frame)));
        if (i == 2 * layers + 1) {
            uint256 shift = frame.mlp.shift[layers - 1];
            Operand[] memory operands = pair(_logits(frame), _labels(frame));
            return result(Op.SoftmaxGrad, ElementType.I8, rows, classes, layers, shift, operands);
        }
        return result(Op.Missing, ElementType.U8, 1, rows, layers, 0, pair(lastError(frame), _labels(frame)));
    }

    /// @notice W_l, or WA_l where lists were taken in: what the pass quantizes.
    function weights(Frame memory frame, uint256 layer) internal pure returns (Operand memory) {
        return layerOf(frame, frame.weightSource, frame.firstWeight, layer);
    }

    /// @notice Q_l.
    function quantized(Frame memory frame, uint256 layer) internal pure returns (Operand memory) {
        (uint256 rows, uint256 cols) = shape(frame, layer);
        return operand(Source.Trace, frame.forward + layer - 1, ElementType.I8, rows, cols);
    }

    /// @notice A_l, for l = 0 the batch's X.
    function activation(Frame memory frame, uint256 layer) internal pure returns (Operand memory) {
        uint256 cols = uint256(frame.mlp.sizes[layer]) + 1;
        if (layer == 0) return operand(Source.Inputs, 0, ElementType.I8, frame.rows, cols);
        return operand(Source.Trace, frame.forward + frame.layers + layer - 1, ElementType.I8, frame.rows, cols);
    }

    /// @notice E_L.
    function lastError(Frame memory frame) internal pure returns (Operand memory) {
        uint256 classes = frame.mlp.sizes[frame.layers];
        return operand(Source.Trace, hits(frame) + 1, ElementType.I8, frame.rows, classes);
    }

    /// @notice A tensor of layer l's shape, i32, which is number `first` + l - 1 of its source.
    function layerOf(
        Frame memory frame,
        Source source,
        uint256 first,
        uint256 layer
    ) internal pure returns (Operand memory) {
        (uint256 rows, uint256 cols) = shape(frame, layer);
        return operand(source, first + layer - 1, ElementType.I32, rows, cols);
    }

    /// @notice Shape of W_l and all that has an element for each weight of layer l.
    function shape(Frame memory frame, uint256 layer) internal pure returns (uint256 rows, uint256 cols) {
        return (frame.mlp.sizes[layer], uint256(frame.mlp.sizes[layer - 1]) + 1);
    }

    // All figures below are bounded by the registry: shapes by 2^16, parameters by 2^30, traces by some hundred tensors.

    function result(
        Op op,
        ElementType elementType,
        uint256 rows,
        uint256 cols,
        uint256 layer,
        uint256 parameter,
        Operand[] memory operands
    ) internal pure returns (Instruction memory instruction) {
        instruction.op = op;
        instruction.elementType = elementType;
        instruction.rows = uint32(rows);
        instruction.cols = uint32(cols);
        instruction.layer = uint32(layer);
        instruction.parameter = uint32(parameter);
        instruction.operands = operands;
    }

    function operand(
        Source source,
        uint256 index,
        ElementType elementType,
        uint256 rows,
        uint256 cols
    ) internal pure returns (Operand memory) {
        return Operand(source, uint32(index), elementType, uint32(rows), uint32(cols));
    }

    function single(Operand memory a) internal pure returns (Operand[] memory operands) {
        operands = new Operand[](1);
        operands[0] = a;
    }

    function pair(Operand memory a, Operand memory b) internal pure returns (Operand[] memory operands) {
        operands = new Operand[](2);
        operands[0] = a;
        operands[1] = b;
    }

    function triple(
        Operand memory a,
        Operand memory b,
        Operand memory c
    ) internal pure returns (Operand[] memory operands) {
        operands = new Operand[](3);
        operands[0] = a;
        operands[1] = b;
        operands[2] = c;
    }

    function _quantize(Frame memory frame, uint256 layer) private pure returns (Instruction memory) {
        (uint256 rows, uint256 cols) = shape(frame, layer);
        return result(Op.Quantize, ElementType.I8, rows, cols, layer, 0, single(weights(frame, layer)));
    }

    function _activate(Frame memory frame, uint256 layer) private pure returns (Instruction memory) {
        uint256 cols = uint256(frame.mlp.sizes[layer]) + 1;
        Operand[] memory factors = pair(activation(frame, layer - 1), quantized(frame, layer));
        return result(Op.Activate, ElementType.I8, frame.rows, cols, layer, frame.mlp.shift[layer - 1], factors);
    }

    function _logits(Frame memory frame) private pure returns (Operand memory) {
        uint256 classes = frame.mlp.sizes[frame.layers];
        return operand(Source.Trace, hits(frame) - 1, ElementType.I32, frame.rows, classes);
    }

    function _labels(Frame memory frame) private pure returns (Operand memory) {
        return operand(Source.Labels, 0, ElementType.U8, 1, frame.rows);
    }
}
