// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ICourt} from "../interfaces/ICourt.sol";
import {IDisputableTemplate} from "../interfaces/IDisputableTemplate.sol";
import {IEvaluationGame} from "../interfaces/IEvaluationGame.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Sha256Merkle} from "../libraries/Sha256Merkle.sol";
import {DisputeId, Place} from "../types/DisputeTypes.sol";
import {Stage, TraceCase, TraceIds} from "../types/GameTypes.sol";
import {Instruction, Iteration} from "../types/ProgramTypes.sol";
import {Role, Score, TaskId, TaskParameters} from "../types/TaskTypes.sol";
import {TraceGame} from "./TraceGame.sol";

/// @title EvaluationGame
/// @notice See {IEvaluationGame}.
contract EvaluationGame is IEvaluationGame, TraceGame {
    struct Game {
        bytes32 caseHash;
        SumNode node; // in dispute
        uint8 levels; // from there down to the batches
        uint8 group; // levels of the sums revealed last
        uint32 position; // of the node among those of its level
        uint32 testBatches;
    }

    bytes1 private constant STATE = 0x03;
    /// @dev Domain bytes of the Merkle sum.
    bytes1 private constant SUM_LEAF = 0x0e;
    bytes1 private constant SUM_NODE = 0x0f;
    uint256 private constant GROUP_HEIGHT = 5;

    mapping(DisputeId => Game) private _games;

    constructor(
        ICourt court,
        ITaskRegistry registry,
        IDisputableTemplate template
    ) TraceGame(court, registry, template) {}

    // --- challenger

    /// @inheritdoc IEvaluationGame
    function challenge(TaskId taskId, uint8 evaluator) external payable returns (DisputeId disputeId) {
        (Score memory score, bool revealed) = _registry.scoreOf(taskId, evaluator);
        bool computed = revealed && score.root != 0;
        require(computed, EvaluationGame_NothingToDispute(TaskId.unwrap(taskId), evaluator));
        ITaskRegistry.ScoringView memory scoring = _registry.scoringOf(taskId);
        ScoreCase memory scoreCase = ScoreCase({
            taskId: taskId,
            evaluator: evaluator,
            finalState: scoring.finalState,
            testRoot: scoring.testRoot,
            testBatches: scoring.testBatches,
            parametersHash: scoring.parametersHash
        });
        disputeId = _open(Place(taskId, Role.Evaluator, evaluator), keccak256(abi.encode(score)));

        Game storage game = _games[disputeId];
        game.caseHash = keccak256(abi.encode(scoreCase));
        game.node = SumNode({hash: score.root, correct: score.correct, loss: score.loss});
        game.testBatches = scoring.testBatches;
        game.levels = uint8(Sha256Merkle.height(scoring.testBatches));
        emit ScoreChallenged(disputeId, score, scoreCase);
    }

    /// @inheritdoc IEvaluationGame
    function chooseSum(
        DisputeId disputeId,
        uint256 child,
        SumNode calldata sum,
        SumNode[] calldata proof
    ) external payable {
        Progress storage progress = _at(disputeId, Stage.Choice);
        Game storage game = _games[disputeId];
        uint256 group = game.group;
        uint256 levels = game.levels;
        require(child < 1 << group, Game_OutOfRange("child", child, 1 << group));
        _requireLength("proof", proof.length, group);
        SumNode memory root = sum;
        for (uint256 level = 0; level < group; ++level) {
            root = (child >> level) & 1 == 1 ? _parent(proof[level], root) : _parent(root, proof[level]);
        }
        require(_equals(root, game.node), Game_Unbound("sum"));
        uint256 position = (uint256(game.position) << group) | child;
        // A node of padding alone is none that has to be zero: the defender cannot reveal others, see {revealSums}.
        uint256 batches = game.testBatches;
        require(position << levels < batches, Game_OutOfRange("batch", position << levels, batches));

        progress.stage = levels == 0 ? Stage.Trace : Stage.Outcomes;
        game.position = SafeCast.toUint32(position);
        game.node = sum;
        emit SumNamed(disputeId, child, levels);
        _choose(disputeId, Stage.Choice);
    }

    // --- defender

    /// @inheritdoc IEvaluationGame
    function revealSums(DisputeId disputeId, SumNode[] calldata sums, bytes calldata signature) external payable {
        _at(disputeId, Stage.Outcomes).stage = Stage.Choice;
        Game storage game = _games[disputeId];
        uint256 group = Math.min(game.levels, GROUP_HEIGHT);
        uint256 levels = game.levels - group;
        uint256 count = 1 << group;
        _requireLength("sums", sums.length, count);
        SumNode[] memory level = sums;
        _requirePaddingEmpty(game, level, group, levels);
        for (; count > 1; count /= 2) {
            for (uint256 i = 0; i < count; i += 2) level[i / 2] = _parent(level[i], level[i + 1]);
        }
        require(_equals(level[0], game.node), Game_Unbound("sums"));

        game.levels = uint8(levels);
        game.group = uint8(group);
        emit SumsRevealed(disputeId, sums);
        _answer(disputeId, Stage.Outcomes, keccak256(abi.encode(sums)), signature);
    }

    /// @inheritdoc IEvaluationGame
    function revealTrace(
        DisputeId disputeId,
        ScoreCase calldata scoreCase,
        TaskParameters calldata parameters,
        TraceIds calldata ids,
        bytes calldata signature
    ) external payable {
        _at(disputeId, Stage.Trace);
        Game storage game = _games[disputeId];
        require(keccak256(abi.encode(scoreCase)) == game.caseHash, Game_WrongCase(disputeId));
        bool known = keccak256(abi.encode(parameters)) == scoreCase.parametersHash;
        require(known, Game_Unbound("parameters"));
        bytes32 state = sha256(abi.encodePacked(STATE, ids.weights));
        require(state == scoreCase.finalState, Game_Unbound("weights"));
        _requireLength("residuals", ids.residuals.length, 0);
        _requireLength("lists", ids.lists.length, 0);
        uint256 count = _template.evaluationCount(parameters.program);
        _requireLength("tensors", ids.tensors.length, count);

        (uint256 layers, uint256 cols, ) = _template.dimensions(parameters.program);
        (bytes32 leaf, bytes32 inputs, bytes32 labels) = _batchLeaf(ids, cols);
        uint256 batch = game.position;
        bool inSet = Sha256Merkle.isLeafAt(scoreCase.testRoot, leaf, batch, scoreCase.testBatches, ids.batchProof);
        require(inSet, Game_Unbound("batch"));
        SumNode memory node = game.node;
        bytes32 sumLeaf = sha256(abi.encodePacked(SUM_LEAF, leaf, node.correct, node.loss));
        require(sumLeaf == node.hash, Game_Unbound("sum"));

        TraceCase memory traceCase = TraceCase({
            program: parameters.program,
            iteration: _noIteration(),
            rows: ids.rows,
            layers: uint32(layers),
            tensors: uint32(count),
            traceRoot: Sha256Merkle.rootOf(ids.tensors),
            inputsRoot: _inputsRoot(ids, layers, inputs, labels),
            correct: node.correct,
            loss: node.loss
        });
        _noteTrace(disputeId, traceCase, ids);
        _answer(disputeId, Stage.Trace, keccak256(abi.encode(ids)), signature);
    }

    // --- the Merkle sum

    /// @dev Where no batch is, nothing may be counted: a leaf beyond the batches is all zero, and so what lies above such
    /// leaves alone is the sum of zeros.
    function _requirePaddingEmpty(
        Game storage game,
        SumNode[] memory sums,
        uint256 group,
        uint256 levels
    ) private view {
        uint256 batches = game.testBatches;
        for (uint256 i = 0; i < sums.length; ++i) {
            uint256 firstBatch = ((uint256(game.position) << group) | i) << levels;
            if (firstBatch < batches) continue;
            require(_equals(sums[i], _emptySum(levels)), Game_Unbound("padding"));
        }
    }

    function _emptySum(uint256 levels) private pure returns (SumNode memory sum) {
        for (uint256 level = 0; level < levels; ++level) sum = _parent(sum, sum);
    }

    function _parent(SumNode memory left, SumNode memory right) private pure returns (SumNode memory) {
        bytes32 hash = sha256(
            abi.encodePacked(SUM_NODE, left.hash, left.correct, left.loss, right.hash, right.correct, right.loss)
        );
        // Sums that do not fit are no sums: a defender cannot reveal them.
        return SumNode({hash: hash, correct: left.correct + right.correct, loss: left.loss + right.loss});
    }

    function _equals(SumNode memory a, SumNode memory b) private pure returns (bool) {
        return a.hash == b.hash && a.correct == b.correct && a.loss == b.loss;
    }

    // --- what the shared part asks

    function _instructionAt(
        TraceCase calldata traceCase,
        uint256 k
    ) internal view override returns (Instruction memory) {
        return _template.evaluationInstructionAt(traceCase.program, traceCase.rows, k);
    }

    function _sumsOf(TraceCase calldata traceCase) internal view override returns (uint256 hits, uint256 missing) {
        return _template.evaluationOutputs(traceCase.program);
    }

    function _noIteration() private pure returns (Iteration memory iteration) {}
}
