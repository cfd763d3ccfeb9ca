// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ICourt} from "../interfaces/ICourt.sol";
import {IDisputableTemplate} from "../interfaces/IDisputableTemplate.sol";
import {ISegmentGame} from "../interfaces/ISegmentGame.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {SegmentHash} from "../libraries/SegmentHash.sol";
import {Sha256Merkle} from "../libraries/Sha256Merkle.sol";
import {DisputeId, Place} from "../types/DisputeTypes.sol";
import {BoundId, Stage, TraceCase, TraceIds} from "../types/GameTypes.sol";
import {Instruction, Iteration, ListRange, Outputs} from "../types/ProgramTypes.sol";
import {Record, Segment} from "../types/SegmentTypes.sol";
import {Role, TaskId, TaskParameters} from "../types/TaskTypes.sol";
import {ListOpening, Opening} from "../types/TensorTypes.sol";
import {Clocks} from "./Clocks.sol";
import {TraceGame} from "./TraceGame.sol";

/// @title SegmentGame
/// @notice See {ISegmentGame}.
contract SegmentGame is ISegmentGame, TraceGame {
    using SegmentHash for *;

    struct Game {
        bytes32 caseHash;
        bytes32 outcomesRoot;
        uint32 iteration; // named, from the segment's first
        uint32 iterations; // of the segment
    }

    /// @dev Domain bytes of DESIGN sections 2 and 5.
    bytes1 private constant STATE = 0x03;
    bytes1 private constant RESIDUAL = 0x04;
    bytes1 private constant INITIAL_WORK = 0x07;
    bytes1 private constant WORK = 0x0a;

    mapping(DisputeId => Game) private _games;

    constructor(
        ICourt court,
        ITaskRegistry registry,
        IDisputableTemplate template
    ) TraceGame(court, registry, template) {}

    // --- challenger

    /// @inheritdoc ISegmentGame
    function challenge(
        Segment calldata segment,
        bytes calldata signature,
        Segment calldata predecessor
    ) external payable returns (DisputeId disputeId) {
        TaskId taskId = segment.taskId;
        ITaskRegistry.TrainingView memory training = _registry.trainingOf(taskId);
        require(training.trainingSeed != 0, SegmentGame_NotTraining(TaskId.unwrap(taskId)));
        Place memory place = Place(taskId, Role.Miner, SafeCast.toUint8(segment.slot));
        address operator = _registry.placeOf(taskId, Role.Miner, place.index).operator;
        address signer = ECDSA.recoverCalldata(segment.digest(address(_registry)), signature);
        require(signer == operator, SegmentGame_WrongSigner(signer, operator));
        _requirePredecessor(segment, predecessor);
        uint256 last = segment.last;
        bool sized = segment.first <= last && last - segment.first < training.segmentLength;
        require(sized, Game_OutOfRange("last", last, uint256(segment.first) + training.segmentLength));

        bytes32 segmentId = segment.segmentId();
        SegmentCase memory segmentCase = SegmentCase({
            segment: segment,
            predecessor: predecessor,
            slots: training.slots,
            trainingSeed: training.trainingSeed,
            parametersHash: training.parametersHash
        });
        disputeId = _open(place, segmentId);
        Game storage game = _games[disputeId];
        game.caseHash = keccak256(abi.encode(segmentCase));
        game.iterations = segment.last - segment.first + 1;
        emit SegmentChallenged(disputeId, segmentId, segmentCase);
    }

    /// @inheritdoc ISegmentGame
    function chooseIteration(DisputeId disputeId, uint32 iteration) external payable {
        _at(disputeId, Stage.Choice).stage = Stage.Trace;
        Game storage game = _games[disputeId];
        require(iteration < game.iterations, Game_OutOfRange("iteration", iteration, game.iterations));

        game.iteration = iteration;
        emit IterationNamed(disputeId, iteration);
        _choose(disputeId, Stage.Choice);
    }

    // --- defender

    /// @inheritdoc ISegmentGame
    function revealOutcomes(
        DisputeId disputeId,
        SegmentCase calldata segmentCase,
        Record[] calldata records,
        bytes32[] calldata stateIds,
        bytes32[] calldata residualIds,
        bytes calldata signature
    ) external payable {
        _at(disputeId, Stage.Outcomes).stage = Stage.Choice;
        Game storage game = _games[disputeId];
        _requireSegmentCase(disputeId, game, segmentCase);
        uint256 count = game.iterations;
        _requireLength("records", records.length, count);
        _requireLength("stateIds", stateIds.length, count);
        _requireLength("residualIds", residualIds.length, count);

        Segment calldata segment = segmentCase.segment;
        bytes32[] memory hashes = new bytes32[](count);
        bytes32[] memory outcomes = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            require(records[i].index == segment.first + i, Game_Unbound("index"));
            require(records[i].clockHash == records[0].clockHash, Game_Unbound("clockHash"));
            hashes[i] = records[i].recordHash();
            outcomes[i] = _outcomeHash(hashes[i], stateIds[i], residualIds[i]);
        }
        require(Sha256Merkle.rootOf(hashes) == segment.recordsRoot, Game_Unbound("records"));
        require(records[count - 1].work == segment.work, Game_Unbound("work"));
        require(stateIds[count - 1] == segment.stateId, Game_Unbound("stateId"));
        require(residualIds[count - 1] == segment.residualId, Game_Unbound("residualId"));

        game.outcomesRoot = Sha256Merkle.rootOf(outcomes);
        emit OutcomesRevealed(disputeId, records, stateIds, residualIds);
        _answer(disputeId, Stage.Outcomes, keccak256(abi.encode(records, stateIds, residualIds)), signature);
    }

    /// @inheritdoc ISegmentGame
    function revealTrace(
        DisputeId disputeId,
        SegmentCase calldata segmentCase,
        TaskParameters calldata parameters,
        Outcome calldata before,
        Outcome calldata outcome,
        ClockStep calldata step,
        TraceIds calldata ids,
        bytes calldata signature
    ) external payable {
        _at(disputeId, Stage.Trace);
        Game storage game = _games[disputeId];
        _requireSegmentCase(disputeId, game, segmentCase);
        bool known = keccak256(abi.encode(parameters)) == segmentCase.parametersHash;
        require(known, Game_Unbound("parameters"));
        _requireOutcome(game, outcome, game.iteration);
        bytes32 workBefore = _bindBefore(game, segmentCase, before, ids);

        Iteration memory iteration = Iteration({
            seed: segmentCase.trainingSeed,
            index: outcome.record.index,
            lists: game.iteration == 0
                ? Clocks.listsOf(segmentCase, outcome.record.clockHash, step)
                : new ListRange[](0)
        });
        _bindOutputs(parameters.program, iteration, outcome, ids);
        _noteTrace(disputeId, _bindBatch(parameters, iteration, workBefore, outcome, ids), ids);
        _answer(disputeId, Stage.Trace, keccak256(abi.encode(ids)), signature);
    }

    // --- anyone

    /// @inheritdoc ISegmentGame
    function refuteList(
        DisputeId disputeId,
        TraceCase calldata traceCase,
        BoundId calldata listId,
        BoundId[] calldata updates,
        uint256 flat,
        ListOpening calldata list,
        Opening calldata update
    ) external {
        _requireTraced(disputeId, traceCase);
        uint256 place = _template.outputs(traceCase.program, traceCase.iteration).update;
        _requireInTrace(traceCase, place, listId);
        Instruction memory instruction = _instructionAt(traceCase, place);
        bytes32[] memory ids = _bindOperands(traceCase, instruction, updates);
        bool differs = _template.listContradicts(instruction, ids, listId.id, flat, list, update);
        require(differs, Game_ListAgrees());
        emit ListRefuted(disputeId, flat);
        _court.decideForChallenger(disputeId);
    }

    /// @inheritdoc ISegmentGame
    function contestList(
        DisputeId disputeId,
        SegmentCase calldata segmentCase,
        TraceCase calldata traceCase,
        Outcome calldata outcome,
        ClockStep calldata step,
        uint32 slot,
        BoundId calldata claimed,
        Segment[] calldata chain,
        Record calldata record,
        bytes32[] calldata recordProof
    ) external {
        _requireTraced(disputeId, traceCase);
        Game storage game = _games[disputeId];
        _requireSegmentCase(disputeId, game, segmentCase);
        _requireOutcome(game, outcome, game.iteration);
        (uint256 place, bytes32 named) = Clocks.listNamed(
            segmentCase,
            outcome.record.clockHash,
            step,
            slot,
            chain,
            record,
            recordProof
        );
        _requireInput(traceCase, _listPlace(traceCase, place), claimed);
        require(named != claimed.id, Game_ListAgrees());
        emit ListContested(disputeId, slot, record.index, named, claimed.id);
        _court.decideForChallenger(disputeId);
    }

    // --- what is bound to what

    function _requirePredecessor(Segment calldata segment, Segment calldata predecessor) private pure {
        bool isFirst = segment.first == 0;
        bytes32 predecessorId = isFirst ? bytes32(0) : predecessor.segmentId();
        bool follows = isFirst || (predecessor.slot == segment.slot && predecessor.last + 1 == segment.first);
        bool isIt = follows && segment.previous == predecessorId;
        require(isIt, SegmentGame_NotThePredecessor(segment.previous, predecessorId));
    }

    function _requireSegmentCase(
        DisputeId disputeId,
        Game storage game,
        SegmentCase calldata segmentCase
    ) private view {
        require(keccak256(abi.encode(segmentCase)) == game.caseHash, Game_WrongCase(disputeId));
    }

    function _requireOutcome(Game storage game, Outcome calldata outcome, uint256 iteration) private view {
        bytes32 leaf = _outcomeHash(outcome.record.recordHash(), outcome.stateId, outcome.residualId);
        bool bound = Sha256Merkle.isLeafAt(game.outcomesRoot, leaf, iteration, game.iterations, outcome.proof);
        require(bound, Game_Unbound("outcome"));
    }

    /// @dev Binds the ids of W and R to the state before the iteration, and returns the work before it. A slot's very
    /// first iteration makes its own state, and starts the chain of work from the seed.
    function _bindBefore(
        Game storage game,
        SegmentCase calldata segmentCase,
        Outcome calldata before,
        TraceIds calldata ids
    ) private view returns (bytes32 work) {
        Segment calldata segment = segmentCase.segment;
        bytes32 state;
        bytes32 residual;
        if (game.iteration != 0) {
            _requireOutcome(game, before, game.iteration - 1);
            (state, residual, work) = (before.stateId, before.residualId, before.record.work);
        } else if (segment.first != 0) {
            Segment calldata predecessor = segmentCase.predecessor;
            (state, residual, work) = (predecessor.stateId, predecessor.residualId, predecessor.work);
        } else {
            _requireLength("weights", ids.weights.length, 0);
            _requireLength("residuals", ids.residuals.length, 0);
            return sha256(abi.encodePacked(INITIAL_WORK, segmentCase.trainingSeed, segment.slot));
        }
        require(sha256(abi.encodePacked(STATE, ids.weights)) == state, Game_Unbound("weights"));
        require(sha256(abi.encodePacked(RESIDUAL, ids.residuals)) == residual, Game_Unbound("residuals"));
    }

    /// @dev Binds S, W' and R' in the trace to the outcome, and the number of ids to the program.
    function _bindOutputs(
        bytes calldata program,
        Iteration memory iteration,
        Outcome calldata outcome,
        TraceIds calldata ids
    ) private view {
        uint256 count = _template.instructionCount(program, iteration);
        _requireLength("tensors", ids.tensors.length, count);
        uint256 lists = 0;
        for (uint256 i = 0; i < iteration.lists.length; ++i) lists += iteration.lists[i].count;
        _requireLength("lists", ids.lists.length, lists);
        Outputs memory outputs = _template.outputs(program, iteration);
        require(ids.tensors[outputs.update] == outcome.record.updateId, Game_Unbound("updateId"));
        require(_idOver(STATE, ids.tensors, outputs.weights) == outcome.stateId, Game_Unbound("stateId"));
        require(_idOver(RESIDUAL, ids.tensors, outputs.residuals) == outcome.residualId, Game_Unbound("residualId"));
    }

    /// @dev Binds X and Y to the data set at the record's batch, the record's link to the chain of work, and returns the
    /// case.
    function _bindBatch(
        TaskParameters calldata parameters,
        Iteration memory iteration,
        bytes32 workBefore,
        Outcome calldata outcome,
        TraceIds calldata ids
    ) private view returns (TraceCase memory) {
        Record calldata record = outcome.record;
        (uint256 layers, uint256 cols, uint256 batches) = _template.dimensions(parameters.program);
        (bytes32 leaf, bytes32 inputs, bytes32 labels) = _batchLeaf(ids, cols);
        bool inSet = Sha256Merkle.isLeafAt(parameters.datasetRoot, leaf, record.batch, batches, ids.batchProof);
        require(inSet, Game_Unbound("batch"));
        bytes32 work = sha256(abi.encodePacked(WORK, workBefore, leaf, record.clockHash, record.updateId));
        require(work == record.work, Game_Unbound("work"));
        return
            TraceCase({
                program: parameters.program,
                iteration: iteration,
                rows: ids.rows,
                layers: uint32(layers),
                tensors: uint32(ids.tensors.length),
                traceRoot: Sha256Merkle.rootOf(ids.tensors),
                inputsRoot: _inputsRoot(ids, layers, inputs, labels),
                correct: record.correct,
                loss: record.loss
            });
    }

    // --- hashes

    function _outcomeHash(bytes32 recordHash, bytes32 stateId, bytes32 residualId) private pure returns (bytes32) {
        return keccak256(abi.encode(recordHash, stateId, residualId));
    }

    /// @dev H(domain || ids at `places`).
    function _idOver(bytes1 domain, bytes32[] calldata tensors, uint32[] memory places) private pure returns (bytes32) {
        bytes32[] memory picked = new bytes32[](places.length);
        for (uint256 i = 0; i < places.length; ++i) picked[i] = tensors[places[i]];
        return sha256(abi.encodePacked(domain, picked));
    }

    // --- what the shared part asks

    function _instructionAt(
        TraceCase calldata traceCase,
        uint256 k
    ) internal view override returns (Instruction memory) {
        return _template.instructionAt(traceCase.program, traceCase.iteration, k);
    }

    function _sumsOf(TraceCase calldata traceCase) internal view override returns (uint256 hits, uint256 missing) {
        Outputs memory outputs = _template.outputs(traceCase.program, traceCase.iteration);
        return (outputs.hits, outputs.missing);
    }
}
