// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ICourt} from "../interfaces/ICourt.sol";
import {IDisputableTemplate} from "../interfaces/IDisputableTemplate.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {ITraceGame} from "../interfaces/ITraceGame.sol";
import {Sha256Merkle} from "../libraries/Sha256Merkle.sol";
import {TensorMerkle} from "../libraries/TensorMerkle.sol";
import {DisputeId, Place} from "../types/DisputeTypes.sol";
import {BoundId, ElementCase, Stage, TraceCase, TraceIds} from "../types/GameTypes.sol";
import {Instruction, Operand, Source, Witness} from "../types/ProgramTypes.sol";
import {ElementType, Opening} from "../types/TensorTypes.sol";

/// @title TraceGame
/// @notice See {ITraceGame}.
abstract contract TraceGame is ITraceGame {
    /// @dev How far a game is: two words, and the hashes that the next moves are checked against.
    struct Progress {
        Stage stage;
        ElementType elementType; // of the tensor in dispute
        uint32 tensor;
        uint32 rows; // of the tensor, 0 while unknown
        uint32 cols;
        uint8 levels; // from the node in dispute down to the leaves
        uint8 group; // levels of the hashes revealed last
        uint32 position; // of the node in dispute among those of its level
        bytes32 node; // before its hashes are revealed for the first time: the tensor's id
        bytes32 caseHash;
    }

    // Gas of the largest answers that the bounds of the registry admit, rounded up.
    uint256 private constant OUTCOMES_GAS = 1_500_000;
    uint256 private constant CHOICE_GAS = 150_000;
    uint256 private constant TRACE_GAS = 2_000_000;
    uint256 private constant NODES_GAS = 200_000;
    uint256 private constant LEAF_GAS = 300_000;
    uint256 private constant DECISION_GAS = 800_000;

    ICourt internal immutable _court;
    ITaskRegistry internal immutable _registry;
    IDisputableTemplate internal immutable _template;

    mapping(DisputeId => Progress) internal _progress;
    /// @dev Hash of the ElementCase that an account named last. By account, so that nobody can name another in between.
    mapping(DisputeId => mapping(address account => bytes32)) private _named;

    constructor(ICourt court, ITaskRegistry registry, IDisputableTemplate template) {
        _court = court;
        _registry = registry;
        _template = template;
    }

    // --- challenger

    /// @inheritdoc ITraceGame
    function chooseTensor(
        DisputeId disputeId,
        TraceCase calldata traceCase,
        uint256 tensor,
        BoundId calldata tensorId
    ) external payable {
        Progress storage progress = _at(disputeId, Stage.Tensor);
        _requireCase(disputeId, progress, traceCase);
        _requireInTrace(traceCase, tensor, tensorId);
        Instruction memory instruction = _instructionAt(traceCase, tensor);

        progress.stage = Stage.Nodes;
        progress.elementType = instruction.elementType;
        progress.tensor = uint32(tensor);
        progress.rows = 0;
        progress.cols = instruction.cols;
        progress.position = 0;
        progress.node = tensorId.id;
        emit TensorNamed(disputeId, tensor, tensorId.id);
        _choose(disputeId, Stage.Tensor);
    }

    /// @inheritdoc ITraceGame
    function chooseNode(DisputeId disputeId, uint256 child, bytes32 node, bytes32[] calldata proof) external payable {
        Progress storage progress = _at(disputeId, Stage.Node);
        uint256 group = progress.group;
        uint256 levels = progress.levels;
        require(child < 1 << group, Game_OutOfRange("child", child, 1 << group));
        _requireLength("proof", proof.length, group);
        require(Sha256Merkle.climb(node, child, proof) == progress.node, Game_Unbound("node"));
        uint256 position = (uint256(progress.position) << group) | child;
        // Padding is no leaf: a node without leaves below cannot be followed.
        uint256 leaves = TensorMerkle.leafCount(progress.rows, progress.cols);
        require(position << levels < leaves, Game_OutOfRange("leaf", position << levels, leaves));

        progress.stage = levels == 0 ? Stage.Leaf : Stage.Nodes;
        progress.position = uint32(position);
        progress.node = node;
        emit NodeNamed(disputeId, child, levels);
        _choose(disputeId, Stage.Node);
    }

    // --- defender

    /// @inheritdoc ITraceGame
    function revealNodes(
        DisputeId disputeId,
        uint32 rows,
        bytes32[] calldata nodes,
        bytes calldata signature
    ) external payable {
        Progress storage progress = _at(disputeId, Stage.Nodes);
        bool isFirst = progress.rows == 0;
        bytes32 root = Sha256Merkle.rootOf(nodes);
        uint256 levels =
            isFirst ? Sha256Merkle.height(TensorMerkle.leafCount(rows, progress.cols)) : uint256(progress.levels);
        uint256 group = Math.min(levels, TensorMerkle.GROUP_HEIGHT);
        _requireLength("nodes", nodes.length, 1 << group);
        bytes32 node = isFirst ? TensorMerkle.tensorId(progress.elementType, rows, progress.cols, root) : root;
        require(node == progress.node, Game_Unbound("nodes"));

        if (isFirst) progress.rows = rows;
        progress.stage = Stage.Node;
        progress.node = root;
        progress.levels = uint8(levels - group);
        progress.group = uint8(group);
        emit NodesRevealed(disputeId, rows, nodes);
        _answer(disputeId, Stage.Nodes, keccak256(abi.encode(rows, nodes)), signature);
    }

    /// @inheritdoc ITraceGame
    function revealLeaf(DisputeId disputeId, bytes calldata leaf, bytes calldata signature) external payable {
        Progress storage progress = _at(disputeId, Stage.Leaf);
        (, uint256 col) = _cornerOf(progress);
        uint256 expected = _width(progress.elementType) * Math.min(progress.cols - col, TensorMerkle.LEAF_ELEMENTS);
        _requireLength("leaf", leaf.length, expected);
        require(TensorMerkle.leafHash(leaf) == progress.node, Game_Unbound("leaf"));

        progress.stage = Stage.Element;
        emit LeafRevealed(disputeId, leaf);
        _answer(disputeId, Stage.Leaf, keccak256(leaf), signature);
    }

    // --- anyone

    /// @inheritdoc ITraceGame
    function nameElement(
        DisputeId disputeId,
        TraceCase calldata traceCase,
        bytes calldata leaf,
        uint256 offset,
        BoundId[] calldata operands
    ) external {
        Progress storage progress = _at(disputeId, Stage.Element);
        _requireCase(disputeId, progress, traceCase);
        require(TensorMerkle.leafHash(leaf) == progress.node, Game_Unbound("leaf"));
        uint256 elements = leaf.length / _width(progress.elementType);
        require(offset < elements, Game_OutOfRange("offset", offset, elements));
        (uint256 row, uint256 col) = _cornerOf(progress);

        ElementCase memory element;
        element.instruction = _instructionAt(traceCase, progress.tensor);
        element.operandIds = _bindOperands(traceCase, element.instruction, operands);
        element.row = row;
        element.col = col + offset;
        element.claimed = TensorMerkle.element(leaf, progress.elementType, offset);
        _named[disputeId][msg.sender] = keccak256(abi.encode(element));
        emit ElementNamed(disputeId, msg.sender, element);
    }

    /// @inheritdoc ITraceGame
    function refuteElement(DisputeId disputeId, ElementCase calldata element, Witness calldata witness) external {
        bytes32 named = _named[disputeId][msg.sender];
        require(keccak256(abi.encode(element)) == named, Game_WrongCase(disputeId));
        int256 value = _template.elementAt(element.instruction, element.operandIds, element.row, element.col, witness);
        require(value != element.claimed, Game_ElementAgrees(value));
        emit ElementRefuted(disputeId, value, element.claimed);
        _court.decideForChallenger(disputeId);
    }

    /// @inheritdoc ITraceGame
    function refuteSum(
        DisputeId disputeId,
        TraceCase calldata traceCase,
        bool loss,
        BoundId calldata tensorId,
        Opening calldata opening
    ) external {
        _requireTraced(disputeId, traceCase);
        (uint256 hits, uint256 missing) = _sumsOf(traceCase);
        _requireInTrace(traceCase, loss ? missing : hits, tensorId);
        TensorMerkle.requireLeaf(tensorId.id, ElementType.U8, 1, traceCase.rows, 0, 0, opening);
        uint256 sum = TensorMerkle.sum(opening.leaf);
        require(sum != (loss ? traceCase.loss : traceCase.correct), Game_SumAgrees(sum));
        emit SumRefuted(disputeId, loss, sum);
        _court.decideForChallenger(disputeId);
    }

    /// @inheritdoc ITraceGame
    function stageOf(DisputeId disputeId) external view returns (Stage) {
        return _progress[disputeId].stage;
    }

    /// @inheritdoc ITraceGame
    function caseOf(DisputeId disputeId) external view returns (bytes32) {
        return _progress[disputeId].caseHash;
    }

    /// @inheritdoc ITraceGame
    function openingGas() external pure returns (uint256) {
        return OUTCOMES_GAS;
    }

    /// @inheritdoc ITraceGame
    function answerGas(Stage stage) external pure returns (uint256) {
        return _answerGas(stage);
    }

    // --- what a game's kind decides

    function _instructionAt(TraceCase calldata traceCase, uint256 k) internal view virtual returns (Instruction memory);

    /// @dev Where in the trace C and M are.
    function _sumsOf(TraceCase calldata traceCase) internal view virtual returns (uint256 hits, uint256 missing);

    // --- helpers

    function _requireLength(string memory what, uint256 given, uint256 expected) internal pure {
        require(given == expected, Game_WrongLength(what, given, expected));
    }

    function _at(DisputeId disputeId, Stage stage) internal view returns (Progress storage progress) {
        progress = _progress[disputeId];
        require(progress.stage == stage, Game_WrongStage(disputeId, progress.stage));
    }

    /// @dev For proofs that need the trace's ids only. That it is the challenger's turn, the court checks.
    function _requireTraced(DisputeId disputeId, TraceCase calldata traceCase) internal view {
        Progress storage progress = _progress[disputeId];
        require(progress.stage >= Stage.Tensor, Game_WrongStage(disputeId, progress.stage));
        _requireCase(disputeId, progress, traceCase);
    }

    function _requireCase(DisputeId disputeId, Progress storage progress, TraceCase calldata traceCase) private view {
        require(keccak256(abi.encode(traceCase)) == progress.caseHash, Game_WrongCase(disputeId));
    }

    /// @dev Opens a dispute: the defender is to move.
    function _open(Place memory place, bytes32 claim) internal returns (DisputeId) {
        return _court.open{value: msg.value}(place, msg.sender, claim, OUTCOMES_GAS);
    }

    /// @dev Makes the challenger's move of a stage.
    function _choose(DisputeId disputeId, Stage stage) internal {
        _court.challengerMoves{value: msg.value}(disputeId, msg.sender, _answerGas(stage));
    }

    /// @dev Makes the defender's move of a stage; `answer` is what it reveals, hashed.
    function _answer(DisputeId disputeId, Stage stage, bytes32 answer, bytes calldata signature) internal {
        _court.defenderMoves{value: msg.value}(disputeId, msg.sender, answer, signature, _answerGas(stage));
    }

    /// @dev Gas of the answer to the move of a stage; the last one has none.
    function _answerGas(Stage stage) private pure returns (uint256) {
        if (stage == Stage.Choice) return TRACE_GAS;
        if (stage == Stage.Trace || stage == Stage.Leaf) return DECISION_GAS;
        if (stage == Stage.Tensor) return NODES_GAS;
        if (stage == Stage.Node) return LEAF_GAS;
        return stage == Stage.Element ? 0 : CHOICE_GAS;
    }

    /// @dev Notes the revealed trace; the caller has bound its outputs.
    function _noteTrace(DisputeId disputeId, TraceCase memory traceCase, TraceIds calldata ids) internal {
        Progress storage progress = _progress[disputeId];
        progress.stage = Stage.Tensor;
        progress.caseHash = keccak256(abi.encode(traceCase));
        emit TraceRevealed(disputeId, traceCase, ids);
    }

    /// @dev batchLeaf = H(0x06 || id of X || id of Y), with the ids made from their shapes: so a batch cannot be claimed
    /// to have other rows or columns than it has.
    function _batchLeaf(
        TraceIds calldata ids,
        uint256 cols
    ) internal pure returns (bytes32 leaf, bytes32 inputs, bytes32 labels) {
        inputs = TensorMerkle.tensorId(ElementType.I8, ids.rows, cols, ids.inputsTreeRoot);
        labels = TensorMerkle.tensorId(ElementType.U8, 1, ids.rows, ids.labelsTreeRoot);
        leaf = sha256(abi.encodePacked(bytes1(0x06), inputs, labels));
    }

    /// @dev Root over W_1..W_L, R_1..R_L, X, Y, and the lists.
    function _inputsRoot(
        TraceIds calldata ids,
        uint256 layers,
        bytes32 inputs,
        bytes32 labels
    ) internal pure returns (bytes32) {
        bytes32[] memory leaves = new bytes32[](2 * layers + 2 + ids.lists.length);
        for (uint256 i = 0; i < ids.weights.length; ++i) leaves[i] = ids.weights[i];
        for (uint256 i = 0; i < ids.residuals.length; ++i) leaves[layers + i] = ids.residuals[i];
        leaves[2 * layers] = inputs;
        leaves[2 * layers + 1] = labels;
        for (uint256 i = 0; i < ids.lists.length; ++i) leaves[2 * layers + 2 + i] = ids.lists[i];
        return Sha256Merkle.rootOf(leaves);
    }

    function _requireInTrace(TraceCase calldata traceCase, uint256 k, BoundId calldata tensorId) internal pure {
        require(k < traceCase.tensors, Game_OutOfRange("tensor", k, traceCase.tensors));
        bool bound = Sha256Merkle.isLeafAt(traceCase.traceRoot, tensorId.id, k, traceCase.tensors, tensorId.proof);
        require(bound, Game_Unbound("tensorId"));
    }

    function _requireInput(TraceCase calldata traceCase, uint256 place, BoundId calldata input) internal pure {
        uint256 lists = 0;
        for (uint256 i = 0; i < traceCase.iteration.lists.length; ++i) lists += traceCase.iteration.lists[i].count;
        uint256 count = 2 * uint256(traceCase.layers) + 2 + lists;
        bool bound = Sha256Merkle.isLeafAt(traceCase.inputsRoot, input.id, place, count, input.proof);
        require(bound, Game_Unbound("input"));
    }

    /// @dev Place of a list among the inputs.
    function _listPlace(TraceCase calldata traceCase, uint256 list) internal pure returns (uint256) {
        return 2 * uint256(traceCase.layers) + 2 + list;
    }

    function _bindOperands(
        TraceCase calldata traceCase,
        Instruction memory instruction,
        BoundId[] calldata given
    ) internal pure returns (bytes32[] memory ids) {
        Operand[] memory operands = instruction.operands;
        _requireLength("operands", given.length, operands.length);
        ids = new bytes32[](given.length);
        for (uint256 i = 0; i < given.length; ++i) {
            Operand memory operand = operands[i];
            if (operand.source == Source.Trace) _requireInTrace(traceCase, operand.index, given[i]);
            else _requireInput(traceCase, _placeOf(traceCase, operand), given[i]);
            ids[i] = given[i].id;
        }
    }

    function _placeOf(TraceCase calldata traceCase, Operand memory operand) private pure returns (uint256) {
        uint256 layers = traceCase.layers;
        if (operand.source == Source.Weights) return operand.index;
        if (operand.source == Source.Residuals) return layers + operand.index;
        if (operand.source == Source.Inputs) return 2 * layers;
        if (operand.source == Source.Labels) return 2 * layers + 1;
        return _listPlace(traceCase, operand.index);
    }

    /// @dev Row and column of the first element of the leaf in dispute.
    function _cornerOf(Progress storage progress) private view returns (uint256 row, uint256 col) {
        uint256 leaves = TensorMerkle.leavesPerRow(progress.cols);
        return (progress.position / leaves, (progress.position % leaves) * TensorMerkle.LEAF_ELEMENTS);
    }

    function _width(ElementType elementType) private pure returns (uint256) {
        return elementType == ElementType.I8 || elementType == ElementType.U8 ? 1 : 4;
    }
}
