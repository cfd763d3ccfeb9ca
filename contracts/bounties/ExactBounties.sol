// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IExactBounties} from "../interfaces/IExactBounties.sol";
import {IGristToken} from "../interfaces/IGristToken.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {ITemplate} from "../interfaces/ITemplate.sol";
import {Publication} from "../libraries/Publication.sol";
import {TensorMerkle} from "../libraries/TensorMerkle.sol";
import {Wired} from "../libraries/Wired.sol";
import {BountyId, EntryStatus, Scoring, Stage} from "../types/BountyTypes.sol";
import {BatchChunk, ExactBountyParameters, ModelOpening, SetOpening, WeightChunk} from "../types/ExactBountyTypes.sol";
import {MlpParameters} from "../types/MlpParameters.sol";
import {Phase, Role, Score, TaskId, TaskParameters} from "../types/TaskTypes.sol";
import {BountyBase} from "./BountyBase.sol";

/// @title ExactBounties
/// @notice See {IExactBounties}.
/// @dev Invariant: the token balance of this contract is the sum of all credits, of the bounties that are not over, and of
/// the shares of withheld ones that were not collected.
contract ExactBounties is IExactBounties, BountyBase, Wired {
    /// @dev What an entry says of its model.
    struct Claim {
        uint32 correct;
        uint32 layer; // to be published next
        uint32 leaf;
        bytes32 root;
        bytes32 stateId;
    }

    struct Terms {
        uint32 testBatches;
        uint32 publishedBatches;
        uint32 challenge; // seconds
        uint64 left; // seconds of the challenge, while it is suspended
        bool suspended;
        bytes32 testRoot;
        bytes32 parametersHash;
        mapping(uint32 entry => Claim) claimOf;
    }

    struct Revealed {
        BountyId bountyId;
        uint32 entry;
    }

    /// @dev Half of a liar's stake is its challenger's, as much as {IStakeManager-slash} lets anybody have.
    uint256 private constant REWARD_PART = 2;
    /// @dev A stake is at least this part of the bounty: half of it has to be worth a challenger's while, and the bond of a
    /// false challenge, which is no more than the stake, has to hurt.
    uint256 private constant STAKE_PART = 10;
    /// @dev End of a stage that stands still.
    uint64 private constant NEVER = type(uint64).max;

    ITemplate private immutable _template;
    uint32 public immutable override leastSeconds;
    address private _court;

    mapping(BountyId => Terms) private _terms;
    mapping(TaskId placeId => Revealed) private _revealed;

    constructor(
        IGristToken token,
        IStakeManager stakes,
        ITemplate template,
        uint32 leastSeconds_
    ) BountyBase(token, stakes) {
        _requireStage("leastSeconds", leastSeconds_, 1);
        _template = ITemplate(_requireContract(address(template)));
        leastSeconds = leastSeconds_;
    }

    modifier onlyCourt() {
        require(msg.sender == _court, Bounty_NotTheCourt(msg.sender));
        _;
    }

    /// @notice Names the court, once.
    function wire(address court) external onlyOnce {
        _court = _requireContract(court);
        emit ExactBountiesWired(court);
    }

    /// @inheritdoc IExactBounties
    function post(
        ExactBountyParameters calldata parameters
    ) external nonReentrant notBanned whenWired returns (BountyId bountyId) {
        _requireValid(parameters);
        _template.check(parameters.program);
        Bounty storage bounty;
        (bountyId, bounty) = _newBounty(parameters.specHash, parameters.salt);
        bounty.scoring = parameters.scoring;
        bounty.amount = parameters.bounty;
        bounty.entryStake = parameters.entryStake;
        bounty.scoringCommitment = parameters.scoringCommitment;
        bounty.unsealing = parameters.durations.unsealing;
        bounty.announcing = parameters.durations.announcing;
        bounty.reveal = parameters.durations.reveal;
        Terms storage terms = _terms[bountyId];
        terms.challenge = parameters.durations.challenge;
        terms.parametersHash = _parametersHash(parameters.program);
        if (parameters.scoring == Scoring.Open)
            (terms.testRoot, terms.testBatches) = (parameters.scoringCommitment, parameters.testBatches);
        emit ExactBountyPosted(bountyId, msg.sender, parameters);
        _post(bountyId, parameters.durations.entry, parameters.bounty);
    }

    /// @inheritdoc IExactBounties
    function publishSet(
        BountyId bountyId,
        SetOpening calldata set,
        BatchChunk[] calldata batches
    ) external nonReentrant during(bountyId, Stage.Unsealing) onlyPoster(bountyId) {
        Bounty storage bounty = _bounties[bountyId];
        Terms storage terms = _terms[bountyId];
        MlpParameters memory mlp = _programOf(terms, bountyId, set.program);
        bytes32 opened = keccak256(abi.encode(set.testRoot, set.testBatches, set.salt));
        _requireOpens(bounty.scoringCommitment, opened);
        _requireRange("testBatches", set.testBatches, 1, type(uint32).max);
        uint32 first = terms.publishedBatches;
        uint256 next = uint256(first) + batches.length;
        require(next <= set.testBatches, Bounty_NothingLeft(bountyId));
        for (uint256 i = 0; i < batches.length; ++i) {
            uint256 cols = uint256(mlp.sizes[0]) + 1;
            Publication.requireBatch(set.testRoot, set.testBatches, first + i, cols, mlp.batch, batches[i]);
        }

        terms.publishedBatches = SafeCast.toUint32(next);
        emit BatchesPublished(bountyId, first, batches);
        if (next != set.testBatches) return;
        (terms.testRoot, terms.testBatches) = (set.testRoot, set.testBatches);
        _enter(bountyId, Stage.Announcing, _in(bounty.announcing));
    }

    /// @inheritdoc IExactBounties
    function announce(BountyId bountyId, uint32 entry, Score calldata score) external nonReentrant notBanned {
        require(score.root != 0, Bounty_NoScore());
        _announce(bountyId, entry, score.loss);

        Claim storage claim = _terms[bountyId].claimOf[entry];
        (claim.correct, claim.root) = (score.correct, score.root);
        emit ScoreAnnounced(bountyId, entry, msg.sender, score);
    }

    /// @inheritdoc IExactBounties
    function publishModel(
        BountyId bountyId,
        ModelOpening calldata model,
        WeightChunk[] calldata chunks
    ) external nonReentrant notBanned during(bountyId, Stage.Reveal) {
        Terms storage terms = _terms[bountyId];
        MlpParameters memory mlp = _programOf(terms, bountyId, model.program);
        bytes32 stateId = Publication.stateId(model.weights);
        _requireOwnCandidate(bountyId, stateId, model.salt);
        uint32 entry = _bounties[bountyId].candidate;
        Claim storage claim = terms.claimOf[entry];
        (uint32 fromLayer, uint32 fromLeaf) = (claim.layer, claim.leaf);
        (uint256 layer, uint256 leaf) = _requireChunks(bountyId, mlp, model.weights, fromLayer, fromLeaf, chunks);

        (claim.layer, claim.leaf) = (SafeCast.toUint32(layer), SafeCast.toUint32(leaf));
        emit WeightsPublished(bountyId, entry, fromLayer, fromLeaf, chunks);
        if (layer + 1 != mlp.sizes.length) return;
        TaskId placeId = placeIdOf(bountyId, entry);
        claim.stateId = stateId;
        _revealed[placeId] = Revealed(bountyId, entry);
        emit StatePublished(bountyId, entry, placeId, stateId);
        _enter(bountyId, Stage.Challenge, _in(terms.challenge));
    }

    // --- court

    /// @inheritdoc IExactBounties
    function suspend(TaskId placeId, Role role, uint8 index) external nonReentrant onlyCourt {
        (BountyId bountyId, uint32 entry) = _requireChallengeable(placeId, role, index);
        Bounty storage bounty = _bounties[bountyId];
        Terms storage terms = _terms[bountyId];
        if (terms.suspended) return;

        (terms.suspended, terms.left) = (true, bounty.stageEndsAt - _in(0));
        bounty.stageEndsAt = NEVER;
        emit ChallengeSuspended(bountyId, entry);
    }

    /// @inheritdoc IExactBounties
    function resume(TaskId placeId, Role, uint8) external nonReentrant onlyCourt {
        Revealed storage revealed = _revealed[placeId];
        BountyId bountyId = revealed.bountyId;
        Terms storage terms = _terms[bountyId];
        // The court lets go of a place that it convicted: by then another one's challenge may be suspended.
        if (!terms.suspended || _bounties[bountyId].candidate != revealed.entry) return;

        uint64 endsAt = _in(0) + terms.left;
        terms.suspended = false;
        _bounties[bountyId].stageEndsAt = endsAt;
        emit ChallengeResumed(bountyId, revealed.entry, endsAt);
    }

    /// @inheritdoc IExactBounties
    function convict(TaskId placeId, Role role, uint8 index, address accuser) external nonReentrant onlyCourt {
        (BountyId bountyId, uint32 entry) = _requireChallengeable(placeId, role, index);
        Bounty storage bounty = _bounties[bountyId];
        uint256 reward = accuser == bounty.entryAt[entry].owner ? 0 : bounty.entryStake / REWARD_PART;

        _terms[bountyId].suspended = false;
        emit ITaskRegistry.MemberConvicted(placeId, role, index, accuser, reward, 0);
        _convictCandidate(bountyId, accuser, reward, 0);
    }

    // --- views

    /// @inheritdoc IExactBounties
    function bountyOf(BountyId bountyId) external view returns (ExactBountyView memory) {
        Bounty storage bounty = _bounties[bountyId];
        Terms storage terms = _terms[bountyId];
        return
            ExactBountyView({
                poster: bounty.poster,
                stage: bounty.stage,
                scoring: bounty.scoring,
                stageEndsAt: bounty.stageEndsAt,
                entryCount: bounty.entries,
                struck: bounty.struck,
                candidate: bounty.candidate,
                bounty: bounty.amount,
                entryStake: bounty.entryStake,
                scoringCommitment: bounty.scoringCommitment,
                testRoot: terms.testRoot,
                testBatches: terms.testBatches,
                publishedBatches: terms.publishedBatches,
                parametersHash: terms.parametersHash
            });
    }

    /// @inheritdoc IExactBounties
    function entryOf(BountyId bountyId, uint32 entry) external view returns (ExactEntryView memory) {
        Entry storage found = _bounties[bountyId].entryAt[entry];
        Claim storage claim = _terms[bountyId].claimOf[entry];
        return
            ExactEntryView({
                owner: found.owner,
                status: found.status,
                score: Score(claim.correct, found.loss, claim.root),
                commitment: found.commitment,
                stateId: claim.stateId,
                layer: claim.layer,
                leaf: claim.leaf
            });
    }

    /// @inheritdoc IExactBounties
    function placeOf(
        TaskId placeId,
        Role role,
        uint8 index
    ) external view returns (ITaskRegistry.PlaceView memory place) {
        if (role != Role.Evaluator || index != 0) return place;
        Revealed storage revealed = _revealed[placeId];
        Bounty storage bounty = _bounties[revealed.bountyId];
        Entry storage entry = bounty.entryAt[revealed.entry];
        place.owner = entry.owner;
        place.operator = entry.owner;
        place.stake = bounty.entryStake;
        place.convicted = entry.status == EntryStatus.Struck;
        place.suspended = bounty.candidate == revealed.entry && _terms[revealed.bountyId].suspended;
    }

    /// @inheritdoc IExactBounties
    function scoreOf(TaskId placeId, uint8 index) external view returns (Score memory score, bool revealed) {
        Revealed storage found = _revealed[placeId];
        Claim storage claim = _terms[found.bountyId].claimOf[found.entry];
        if (index != 0 || claim.stateId == 0) return (score, false);
        return (Score(claim.correct, _bounties[found.bountyId].entryAt[found.entry].loss, claim.root), true);
    }

    /// @inheritdoc IExactBounties
    function scoringOf(TaskId placeId) external view returns (ITaskRegistry.ScoringView memory) {
        Revealed storage found = _revealed[placeId];
        Terms storage terms = _terms[found.bountyId];
        return
            ITaskRegistry.ScoringView({
                parametersHash: terms.parametersHash,
                finalState: terms.claimOf[found.entry].stateId,
                testRoot: terms.testRoot,
                testBatches: terms.testBatches,
                phase: Phase.Closing
            });
    }

    /// @inheritdoc IExactBounties
    function placeIdOf(BountyId bountyId, uint32 entry) public pure returns (TaskId) {
        return TaskId.wrap(keccak256(abi.encode(bountyId, entry)));
    }

    // --- what {BountyBase} asks

    /// @dev Nobody has refuted the candidate in time.
    function _judge(BountyId bountyId, Stage) internal override {
        _pay(bountyId);
    }

    function _unspentOf(BountyId) internal pure override returns (uint256) {
        return 0;
    }

    // --- helpers

    /// @dev Binds chunks from a place in the model on; returns the place after them.
    function _requireChunks(
        BountyId bountyId,
        MlpParameters memory mlp,
        bytes32[] calldata weights,
        uint256 layer,
        uint256 leaf,
        WeightChunk[] calldata chunks
    ) private pure returns (uint256, uint256) {
        uint256 layers = mlp.sizes.length - 1;
        _requireRange("weights.length", weights.length, layers, layers);
        for (uint256 i = 0; i < chunks.length; ++i) {
            require(layer < layers, Bounty_NothingLeft(bountyId));
            (uint256 rows, uint256 cols) = (mlp.sizes[layer + 1], uint256(mlp.sizes[layer]) + 1);
            leaf = Publication.requireWeights(weights[layer], rows, cols, leaf, chunks[i]);
            if (leaf == TensorMerkle.leafCount(rows, cols)) (layer, leaf) = (layer + 1, 0);
        }
        return (layer, leaf);
    }

    /// @dev The candidate in Challenge behind a place of the court.
    function _requireChallengeable(
        TaskId placeId,
        Role role,
        uint8 index
    ) private returns (BountyId bountyId, uint32 entry) {
        Revealed storage revealed = _revealed[placeId];
        (bountyId, entry) = (revealed.bountyId, revealed.entry);
        bool isPlace = role == Role.Evaluator && index == 0 && _terms[bountyId].claimOf[entry].stateId != 0;
        require(isPlace, Bounty_NotChallengeable(placeId));
        bool isCandidate = _advance(bountyId) == Stage.Challenge && _bounties[bountyId].candidate == entry;
        require(isCandidate, Bounty_NotChallengeable(placeId));
    }

    function _programOf(
        Terms storage terms,
        BountyId bountyId,
        bytes calldata program
    ) private view returns (MlpParameters memory) {
        require(_parametersHash(program) == terms.parametersHash, Bounty_WrongProgram(bountyId));
        return abi.decode(program, (MlpParameters));
    }

    /// @dev As the game hashes a task's parameters, of which it needs no other.
    function _parametersHash(bytes calldata program) private pure returns (bytes32) {
        TaskParameters memory parameters;
        parameters.program = program;
        return keccak256(abi.encode(parameters));
    }

    function _requireValid(ExactBountyParameters calldata p) private view {
        bool isOpen = p.scoring == Scoring.Open;
        _requireManifest(p.manifest);
        _requireRange("testBatches", p.testBatches, isOpen ? 1 : 0, isOpen ? type(uint32).max : 0);
        _requireRange("bounty", p.bounty, 1, type(uint128).max);
        uint256 leastStake = Math.max(REWARD_PART, Math.ceilDiv(p.bounty, STAKE_PART));
        _requireRange("entryStake", p.entryStake, leastStake, type(uint128).max);
        _requireStage("durations.entry", p.durations.entry, 1);
        _requireStage("durations.unsealing", p.durations.unsealing, 1);
        _requireStage("durations.announcing", p.durations.announcing, leastSeconds);
        _requireStage("durations.reveal", p.durations.reveal, leastSeconds);
        _requireStage("durations.challenge", p.durations.challenge, leastSeconds);
    }
}
