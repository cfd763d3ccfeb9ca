// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputableTemplate} from "../interfaces/IDisputableTemplate.sol";
import {ITemplate} from "../interfaces/ITemplate.sol";
import {SparseList} from "../libraries/SparseList.sol";
import {StepVerifier} from "../libraries/StepVerifier.sol";
import {MlpParameters} from "../types/MlpParameters.sol";
import {Instruction, Iteration, Outputs, Source, Witness} from "../types/ProgramTypes.sol";
import {ListOpening, Opening} from "../types/TensorTypes.sol";
import {Frame, MlpFrame} from "./MlpFrame.sol";
import {MlpProgram} from "./MlpProgram.sol";

/// @title MlpTemplate
/// @notice The exact multi-layer perceptron (DESIGN section 3), see {IDisputableTemplate}. `parameters` is abi.encode of one
/// {MlpParameters}.
contract MlpTemplate is IDisputableTemplate {
    using MlpFrame for Frame;

    uint256 private constant MOST_NODES = 65_535;
    uint256 private constant MOST_CLASSES = 256;
    uint256 private constant MOST_WEIGHTS = 2 ** 31 - 1;
    uint256 private constant MOST_ROWS = 1_024;
    uint256 private constant MOST_SHIFT = 12;
    uint256 private constant MOST_TAU = 2 ** 30;
    uint256 private constant MOST_INIT_BOUND = 2 ** 20;
    uint256 private constant MOST_Q = 2 ** 20;

    // --- registration

    /// @inheritdoc ITemplate
    function check(bytes calldata parameters) external pure returns (uint64 macs, uint32 batches) {
        MlpParameters memory mlp = abi.decode(parameters, (MlpParameters));
        _requireRange("sizes.length", 0, mlp.sizes.length, 2, type(uint32).max);
        uint256 layers = mlp.sizes.length - 1;
        _requireLength("shift", mlp.shift, layers);
        _requireLength("back", mlp.back, layers);
        _requireLength("tau", mlp.tau, layers);
        _requireLength("initBound", mlp.initBound, layers);
        _requireRange("batch", 0, mlp.batch, 1, MOST_ROWS);
        _requireRange("batches", 0, mlp.batches, 1, type(uint32).max);
        _requireRange("q0", 0, mlp.q0, 1, MOST_Q);
        _requireRange("sizes", 0, mlp.sizes[0], 1, MOST_NODES);

        uint256 weights = 0;
        uint256 products = 0;
        for (uint256 layer = 1; layer <= layers; ++layer) {
            _requireLayer(mlp, layer, layers);
            uint256 layerWeights = uint256(mlp.sizes[layer]) * (uint256(mlp.sizes[layer - 1]) + 1);
            weights += layerWeights;
            // Forward, gradient, and, but for the first layer, the error handed back.
            products += layerWeights * (layer == 1 ? 2 : 3);
        }
        _requireRange("weights", 0, weights, 1, MOST_WEIGHTS);
        // At most 2^10 rows * 3 * 2^31 weights: far below 2^64.
        return (uint64(mlp.batch * products), mlp.batches);
    }

    // --- programs

    /// @inheritdoc IDisputableTemplate
    function dimensions(
        bytes calldata parameters
    ) external pure returns (uint256 layers, uint256 inputs, uint256 batches) {
        MlpParameters memory mlp = abi.decode(parameters, (MlpParameters));
        return (mlp.sizes.length - 1, uint256(mlp.sizes[0]) + 1, mlp.batches);
    }

    /// @inheritdoc IDisputableTemplate
    function instructionCount(bytes calldata parameters, Iteration calldata iteration) external pure returns (uint256) {
        return MlpProgram.count(abi.decode(parameters, (MlpParameters)), iteration);
    }

    /// @inheritdoc IDisputableTemplate
    function instructionAt(
        bytes calldata parameters,
        Iteration calldata iteration,
        uint256 k
    ) external pure returns (Instruction memory) {
        MlpParameters memory mlp = abi.decode(parameters, (MlpParameters));
        _requireInstruction(k, MlpProgram.count(mlp, iteration));
        return MlpProgram.instructionAt(mlp, iteration, k);
    }

    /// @inheritdoc IDisputableTemplate
    function outputs(bytes calldata parameters, Iteration calldata iteration) external pure returns (Outputs memory) {
        return MlpProgram.outputs(abi.decode(parameters, (MlpParameters)), iteration);
    }

    /// @inheritdoc IDisputableTemplate
    function evaluationCount(bytes calldata parameters) external pure returns (uint256) {
        return _evaluation(parameters, 0).count();
    }

    /// @inheritdoc IDisputableTemplate
    function evaluationInstructionAt(
        bytes calldata parameters,
        uint32 rows,
        uint256 k
    ) external pure returns (Instruction memory) {
        Frame memory frame = _evaluation(parameters, rows);
        _requireInstruction(k, frame.count());
        return frame.instructionAt(k);
    }

    /// @inheritdoc IDisputableTemplate
    function evaluationOutputs(bytes calldata parameters) external pure returns (uint256 hits, uint256 missing) {
        Frame memory frame = _evaluation(parameters, 0);
        return (frame.hits(), frame.missing());
    }

    // --- elements

    /// @inheritdoc IDisputableTemplate
    function elementAt(
        Instruction calldata instruction,
        bytes32[] calldata operandIds,
        uint256 row,
        uint256 col,
        Witness calldata witness
    ) external pure returns (int256 value) {
        return StepVerifier.elementAt(instruction, operandIds, row, col, witness);
    }

    /// @inheritdoc IDisputableTemplate
    function listContradicts(
        Instruction calldata instruction,
        bytes32[] calldata operandIds,
        bytes32 listId,
        uint256 flat,
        ListOpening calldata list,
        Opening calldata update
    ) external pure returns (bool) {
        return StepVerifier.listContradicts(instruction, operandIds, listId, flat, list, update);
    }

    /// @inheritdoc IDisputableTemplate
    function listIsMalformed(
        bytes calldata parameters,
        bytes32 listId,
        uint256 col,
        ListOpening calldata list
    ) external pure returns (bool) {
        MlpParameters memory mlp = abi.decode(parameters, (MlpParameters));
        uint256 weights = 0;
        for (uint256 layer = 1; layer < mlp.sizes.length; ++layer)
            weights += uint256(mlp.sizes[layer]) * (uint256(mlp.sizes[layer - 1]) + 1);
        return SparseList.isMalformed(listId, weights, col, list);
    }

    /// @dev An evaluation is a forward pass of a test batch through the model's weights.
    function _evaluation(bytes calldata parameters, uint32 rows) private pure returns (Frame memory frame) {
        frame.mlp = abi.decode(parameters, (MlpParameters));
        frame.layers = frame.mlp.sizes.length - 1;
        frame.rows = rows;
        frame.weightSource = Source.Weights;
    }

    function _requireInstruction(uint256 k, uint256 count) private pure {
        require(k < count, Template_NoInstruction(k, count));
    }

    // --- bounds

    function _requireLayer(MlpParameters memory mlp, uint256 layer, uint256 layers) private pure {
        bool isFirst = layer == 1;
        bool isLast = layer == layers;
        _requireRange("sizes", layer, mlp.sizes[layer], isLast ? 2 : 1, isLast ? MOST_CLASSES : MOST_NODES);
        _requireRange("shift", layer, mlp.shift[layer - 1], 0, MOST_SHIFT);
        _requireRange("back", layer, mlp.back[layer - 1], 0, isFirst ? 0 : MOST_SHIFT);
        _requireRange("tau", layer, mlp.tau[layer - 1], 1, MOST_TAU);
        _requireRange("initBound", layer, mlp.initBound[layer - 1], 0, MOST_INIT_BOUND);
    }

    function _requireLength(string memory field, uint32[] memory values, uint256 layers) private pure {
        require(values.length == layers, Template_WrongLength(field, values.length, layers));
    }

    function _requireRange(
        string memory field,
        uint256 layer,
        uint256 value,
        uint256 least,
        uint256 most
    ) private pure {
        require(value >= least && value <= most, Template_OutOfRange(field, layer, value, least, most));
    }
}
