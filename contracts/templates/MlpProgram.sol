// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MlpParameters} from "../types/MlpParameters.sol";
import {Instruction, Iteration, ListRange, Op, Operand, Outputs, Source} from "../types/ProgramTypes.sol";
import {ElementType} from "../types/TensorTypes.sol";
import {Frame, MlpFrame} from "./MlpFrame.sol";

/// @title Program of one iteration of the exact perceptron (DESIGN sections 3 and 4)
/// @notice Where every tensor of the trace stands follows from L, whether the iteration is the first, and the number g of
/// groups of lists:
///
///     I_1..I_L O_1..O_L                2 L   only in iteration 0
///     WA_1..WA_L                       g L
///     Q A Z C E_L M                    2 L + 3
///     ET_l AT_{l-1} U_l R_l' QT_l E_{l-1}   6 for l = L..2, the first 4 for l = 1
///     S                                1
///     W_1'..W_L'                       L
library MlpProgram {
    using MlpFrame for Frame;

    /// @notice Lists whose effect one set of WA tensors shows.
    uint256 internal constant LISTS_PER_GROUP = 8;

    /// @dev Columns of S.
    uint256 private constant LIST_ROW = 256;
    /// @dev Tensors of the backward pass in a layer that hands an error down.
    uint256 private constant LAYER_TENSORS = 6;

    function count(MlpParameters memory mlp, Iteration calldata iteration) internal pure returns (uint256) {
        Frame memory frame = _frame(mlp, iteration);
        return _update(frame) + 1 + frame.layers;
    }

    /// @dev `k` must be below {count}.
    function instructionAt(
        MlpParameters memory mlp,
        Iteration calldata iteration,
        uint256 k
    ) internal pure returns (Instruction memory) {
        Frame memory frame = _frame(mlp, iteration);
        uint256 layers = frame.layers;
        uint256 applied = _applied(frame, iteration);
        if (k < applied) return k < layers ? _initial(frame, iteration, k + 1) : _zeros(frame, k - layers + 1);
        if (k < frame.forward) {
            uint256 i = k - applied;
            return _apply(frame, iteration, i / layers, (i % layers) + 1);
        }
        uint256 backward = frame.forward + frame.count();
        if (k < backward) return frame.instructionAt(k - frame.forward);
        uint256 update = _update(frame);
        if (k < update) {
            uint256 i = k - backward;
            return _backward(frame, iteration, layers - i / LAYER_TENSORS, i % LAYER_TENSORS);
        }
        if (k == update) return _sparse(frame);
        return _step(frame, iteration, k - update);
    }

    function outputs(
        MlpParameters memory mlp,
        Iteration calldata iteration
    ) internal pure returns (Outputs memory result) {
        Frame memory frame = _frame(mlp, iteration);
        uint256 update = _update(frame);
        result.hits = uint32(frame.hits());
        result.missing = uint32(frame.missing());
        result.update = uint32(update);
        result.weights = new uint32[](frame.layers);
        result.residuals = new uint32[](frame.layers);
        for (uint256 layer = 1; layer <= frame.layers; ++layer) {
            result.weights[layer - 1] = uint32(update + layer);
            result.residuals[layer - 1] = uint32(_layer(frame, layer) + 3);
        }
    }

    /// @notice q of the slot's iteration `index`: q0 halved every `halveEvery` iterations, at least 1.
    function stepSize(MlpParameters memory mlp, uint256 index) internal pure returns (uint256) {
        uint256 q = mlp.halveEvery == 0 ? mlp.q0 : mlp.q0 >> (index / mlp.halveEvery);
        return q == 0 ? 1 : q;
    }

    // --- where things are

    function _frame(MlpParameters memory mlp, Iteration calldata iteration) private pure returns (Frame memory frame) {
        frame.mlp = mlp;
        frame.layers = mlp.sizes.length - 1;
        frame.rows = mlp.batch;
        uint256 lists = _listCount(iteration);
        uint256 groups = (lists + LISTS_PER_GROUP - 1) / LISTS_PER_GROUP;
        uint256 applied = _applied(frame, iteration);
        frame.forward = applied + groups * frame.layers;
        // The last group's WA, without lists the I of iteration 0, else W before the iteration.
        bool isTraced = frame.forward != 0;
        frame.weightSource = isTraced ? Source.Trace : Source.Weights;
        if (groups != 0) frame.firstWeight = frame.forward - frame.layers;
    }

    /// @dev Index of the first group's WA_1.
    function _applied(Frame memory frame, Iteration calldata iteration) private pure returns (uint256) {
        return iteration.index == 0 ? 2 * frame.layers : 0;
    }

    /// @dev Index of ET_l, with which the backward pass through layer l begins.
    function _layer(Frame memory frame, uint256 layer) private pure returns (uint256) {
        return frame.forward + frame.count() + LAYER_TENSORS * (frame.layers - layer);
    }

    /// @dev Index of S.
    function _update(Frame memory frame) private pure returns (uint256) {
        return _layer(frame, 1) + LAYER_TENSORS - 2;
    }

    function _listCount(Iteration calldata iteration) private pure returns (uint256 lists) {
        for (uint256 i = 0; i < iteration.lists.length; ++i) lists += iteration.lists[i].count;
    }

    // --- before the forward pass

    function _initial(
        Frame memory frame,
        Iteration calldata iteration,
        uint256 layer
    ) private pure returns (Instruction memory instruction) {
        (uint256 rows, uint256 cols) = frame.shape(layer);
        uint256 bound = frame.mlp.initBound[layer - 1];
        instruction = MlpFrame.result(Op.InitialWeights, ElementType.I32, rows, cols, layer, bound, new Operand[](0));
        instruction.seed = iteration.seed;
    }

    function _zeros(Frame memory frame, uint256 layer) private pure returns (Instruction memory) {
        (uint256 rows, uint256 cols) = frame.shape(layer);
        return MlpFrame.result(Op.Zeros, ElementType.I32, rows, cols, layer, 0, new Operand[](0));
    }

    function _apply(
        Frame memory frame,
        Iteration calldata iteration,
        uint256 group,
        uint256 layer
    ) private pure returns (Instruction memory instruction) {
        uint256 first = group * LISTS_PER_GROUP;
        uint256 left = _listCount(iteration) - first;
        uint256 lists = left < LISTS_PER_GROUP ? left : LISTS_PER_GROUP;
        Operand[] memory operands = new Operand[](1 + lists);
        operands[0] = _before(frame, iteration, group, layer);
        int32[] memory steps = new int32[](lists);
        for (uint256 i = 0; i < lists; ++i) {
            operands[1 + i] = MlpFrame.operand(Source.List, first + i, ElementType.U32, 0, LIST_ROW);
            steps[i] = _stepOf(frame.mlp, iteration, first + i);
        }
        (uint256 rows, uint256 cols) = frame.shape(layer);
        instruction = MlpFrame.result(Op.Apply, ElementType.I32, rows, cols, layer, 0, operands);
        instruction.steps = steps;
        for (uint256 below = 1; below < layer; ++below) {
            (rows, cols) = frame.shape(below);
            instruction.offset += uint32(rows * cols); // all weights together are fewer than 2^31
        }
    }

    /// @dev The weights that a group is applied to.
    function _before(
        Frame memory frame,
        Iteration calldata iteration,
        uint256 group,
        uint256 layer
    ) private pure returns (Operand memory) {
        if (group != 0) {
            uint256 preceding = _applied(frame, iteration) + (group - 1) * frame.layers;
            return frame.layerOf(Source.Trace, preceding, layer);
        }
        return frame.layerOf(iteration.index == 0 ? Source.Trace : Source.Weights, 0, layer);
    }

    /// @dev s_p q_p of list number `place` in taking order.
    function _stepOf(
        MlpParameters memory mlp,
        Iteration calldata iteration,
        uint256 place
    ) private pure returns (int32) {
        uint256 i = 0;
        for (; place >= iteration.lists[i].count; ++i) place -= iteration.lists[i].count;
        ListRange calldata range = iteration.lists[i];
        int32 q = int32(uint32(stepSize(mlp, range.first + place))); // at most 2^20
        return range.givenBack ? -q : q;
    }

    // --- after it

    /// @dev Tensor number `i` of the backward pass through layer l.
    function _backward(
        Frame memory frame,
        Iteration calldata iteration,
        uint256 layer,
        uint256 i
    ) private pure returns (Instruction memory) {
        if (i == 0) return _transpose(_error(frame, layer), layer);
        if (i == 1) return _transpose(frame.activation(layer - 1), layer);
        if (i == 2) return _accumulate(frame, iteration, layer, Op.Update, ElementType.I8);
        if (i == 3) return _accumulate(frame, iteration, layer, Op.Residual, ElementType.I32);
        if (i == 4) return _transpose(frame.quantized(layer), layer);
        uint256 cols = frame.mlp.sizes[layer - 1];
        Operand memory quantized = _transposed(frame.quantized(layer), _layer(frame, layer) + 4);
        Operand[] memory operands = MlpFrame.triple(frame.activation(layer - 1), _error(frame, layer), quantized);
        return
            MlpFrame.result(Op.Backward, ElementType.I8, frame.rows, cols, layer, frame.mlp.back[layer - 1], operands);
    }

    function _accumulate(
        Frame memory frame,
        Iteration calldata iteration,
        uint256 layer,
        Op op,
        ElementType elementType
    ) private pure returns (Instruction memory) {
        (uint256 rows, uint256 cols) = frame.shape(layer);
        bool isFirst = iteration.index == 0;
        Operand[] memory operands = MlpFrame.triple(
            frame.layerOf(isFirst ? Source.Trace : Source.Residuals, isFirst ? frame.layers : 0, layer),
            _transposed(_error(frame, layer), _layer(frame, layer)),
            _transposed(frame.activation(layer - 1), _layer(frame, layer) + 1)
        );
        return MlpFrame.result(op, elementType, rows, cols, layer, frame.mlp.tau[layer - 1], operands);
    }

    function _sparse(Frame memory frame) private pure returns (Instruction memory) {
        Operand[] memory updates = new Operand[](frame.layers);
        for (uint256 layer = 1; layer <= frame.layers; ++layer) updates[layer - 1] = _updateOf(frame, layer);
        return MlpFrame.result(Op.Sparse, ElementType.U32, 0, LIST_ROW, frame.layers, 0, updates);
    }

    function _step(
        Frame memory frame,
        Iteration calldata iteration,
        uint256 layer
    ) private pure returns (Instruction memory) {
        (uint256 rows, uint256 cols) = frame.shape(layer);
        Operand[] memory operands = MlpFrame.pair(frame.weights(layer), _updateOf(frame, layer));
        uint256 q = stepSize(frame.mlp, iteration.index);
        return MlpFrame.result(Op.Step, ElementType.I32, rows, cols, layer, q, operands);
    }

    /// @dev E_l.
    function _error(Frame memory frame, uint256 layer) private pure returns (Operand memory) {
        if (layer == frame.layers) return frame.lastError();
        uint256 index = _layer(frame, layer + 1) + LAYER_TENSORS - 1;
        return MlpFrame.operand(Source.Trace, index, ElementType.I8, frame.rows, frame.mlp.sizes[layer]);
    }

    /// @dev U_l.
    function _updateOf(Frame memory frame, uint256 layer) private pure returns (Operand memory) {
        (uint256 rows, uint256 cols) = frame.shape(layer);
        return MlpFrame.operand(Source.Trace, _layer(frame, layer) + 2, ElementType.I8, rows, cols);
    }

    function _transpose(Operand memory operand, uint256 layer) private pure returns (Instruction memory) {
        Operand[] memory operands = MlpFrame.single(operand);
        return MlpFrame.result(Op.Transpose, ElementType.I8, operand.cols, operand.rows, layer, 0, operands);
    }

    function _transposed(Operand memory operand, uint256 index) private pure returns (Operand memory) {
        return MlpFrame.operand(Source.Trace, index, ElementType.I8, operand.cols, operand.rows);
    }
}
