// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IModelRecipe} from "../../interfaces/IModelRecipe.sol";
import {IPredictionMarket64} from "../../interfaces/IPredictionMarket64.sol";
import {IUpdatableModel} from "../../interfaces/IUpdatableModel.sol";
import {SampleStore} from "../../libraries/SampleStore.sol";
import {
    Contribution,
    Market,
    MarketPhase,
    Participant,
    Scoring,
    ScoringStage
} from "../../types/PredictionMarketTypes.sol";
import {PredictionMarketPhases} from "./PredictionMarketPhases.sol";

/// @title PredictionMarketScoring
/// @notice The reward rounds, as a loop that can stop after any step and go on in another transaction:
///
/// ```
///   Building -> Evaluating (the model as it begins) -> Training <-> Evaluating (after each contributor's run of samples)
///      ^                                                  | all samples
///      |            bounty left, contributors left        v
///      +------------------- Paying <------------------ Measuring
/// ```
///
/// A pass takes (steps of the recipe + 1) + samples + (runs + 1) * portions + 2 * participants steps and a few more, and
/// each pass but the last removes a contributor at least.
abstract contract PredictionMarketScoring is PredictionMarketPhases {
    IModelRecipe public immutable recipe;

    constructor(IModelRecipe recipe_) {
        recipe = recipe_;
    }

    /// @inheritdoc IPredictionMarket64
    function score(uint256 steps) external nonReentrant returns (bool done) {
        (uint256 id, Market storage market) = _advanceIn(MarketPhase.Scoring);
        for (; steps != 0 && !done; --steps) done = _step(id, market);
    }

    /// @inheritdoc IPredictionMarket64
    function scoringOf(uint256 id) external view returns (uint256 pass, ScoringStage stage, uint256 left) {
        Scoring storage scoring = _markets[id].scoring;
        return (scoring.pass, scoring.stage, scoring.left);
    }

    function _beginScoring(Market storage market) internal {
        Scoring storage scoring = market.scoring;
        scoring.alive = SafeCast.toUint32(market.participants.length);
        scoring.left = market.bounty;
        _beginPass(market);
    }

    function _beginPass(Market storage market) private {
        Scoring storage scoring = market.scoring;
        ++scoring.pass;
        (scoring.stage, scoring.trained) = (ScoringStage.Building, 0);
        (market.model, market.isBuilt) = (IUpdatableModel(address(0)), false);
    }

    /// @dev One step of making the market's model.
    function _build(Market storage market) internal returns (bool done) {
        if (address(market.model) == address(0)) market.model = recipe.create();
        else market.isBuilt = recipe.build(market.model);
        return market.isBuilt;
    }

    function _step(uint256 id, Market storage market) private returns (bool done) {
        Scoring storage scoring = market.scoring;
        ScoringStage stage = scoring.stage;
        if (stage == ScoringStage.Building) {
            if (_build(market)) _beginEvaluation(scoring);
        } else if (stage == ScoringStage.Evaluating) {
            _evaluate(market, scoring);
        } else if (stage == ScoringStage.Training) {
            _train(market, scoring);
        } else if (stage == ScoringStage.Measuring) {
            _measure(market, scoring);
        } else {
            return _payRound(id, market, scoring);
        }
    }

    function _beginEvaluation(Scoring storage scoring) private {
        (scoring.stage, scoring.cursor, scoring.correct) = (ScoringStage.Evaluating, 0, 0);
    }

    /// @dev Tests one portion; after the last, credits the change to the runner.
    function _evaluate(Market storage market, Scoring storage scoring) private {
        (int64[][] memory data, uint64[] memory labels) = SampleStore.read(market.portions[scoring.cursor]);
        scoring.correct += _countCorrect(market.model, data, labels);
        if (++scoring.cursor != market.portions.length) return;
        if (scoring.runner != 0) {
            int64 change = int64(uint64(scoring.correct)) - int64(uint64(scoring.previous));
            market.participants[scoring.runner - 1].score += change;
        }
        (scoring.stage, scoring.previous, scoring.runner) = (ScoringStage.Training, scoring.correct, 0);
    }

    /// @dev Trains one sample, or passes over one that was removed, or ends a run or the pass.
    function _train(Market storage market, Scoring storage scoring) private {
        uint32 runner = scoring.runner;
        if (scoring.trained == market.contributions.length) {
            if (runner != 0) return _beginEvaluation(scoring);
            (scoring.stage, scoring.cursor, scoring.round) = (ScoringStage.Measuring, 0, scoring.left);
            return;
        }
        Contribution storage contribution = market.contributions[scoring.trained];
        uint32 participant = contribution.participant;
        if (market.participants[participant].removed) {
            ++scoring.trained;
        } else if (runner != 0 && runner != participant + 1) {
            _beginEvaluation(scoring);
        } else {
            (int64[][] memory data, uint64[] memory labels) = SampleStore.read(contribution.sample);
            (scoring.runner, scoring.trained) = (participant + 1, scoring.trained + 1);
            market.model.update(data[0], labels[0]);
        }
    }

    /// @dev Lowers the round to what one more participant can bear.
    function _measure(Market storage market, Scoring storage scoring) private {
        Participant storage participant = market.participants[scoring.cursor];
        if (!participant.removed && participant.score < 0) {
            uint256 bearable = _bearable(market, participant);
            if (bearable < scoring.round) scoring.round = uint128(bearable);
        }
        if (++scoring.cursor != market.participants.length) return;
        (scoring.stage, scoring.cursor, scoring.paid) = (ScoringStage.Paying, 0, 0);
    }

    /// @dev Settles the round with one more participant.
    function _payRound(uint256 id, Market storage market, Scoring storage scoring) private returns (bool done) {
        Participant storage participant = market.participants[scoring.cursor];
        uint256 round = scoring.round;
        if (participant.score > 0) {
            uint256 gain = (round * uint64(participant.score)) / market.testSamples;
            participant.balance += SafeCast.toUint128(gain);
            scoring.paid += int256(gain);
        } else if (participant.score < 0) {
            uint256 loss = Math.ceilDiv(round * uint64(-participant.score), market.testSamples);
            if (round < scoring.left && _bearable(market, participant) == round) {
                participant.removed = true;
                --scoring.alive;
                emit ContributorRemoved(id, participant.account, scoring.pass);
            }
            participant.balance -= SafeCast.toUint128(loss);
            scoring.paid -= int256(loss);
        }
        participant.score = 0;
        return ++scoring.cursor == market.participants.length && _endRound(id, market, scoring);
    }

    /// @dev Paid is at most `round`, since scores add up to the change of right answers over the whole pass, which is at
    /// most `testSamples`, gains are rounded down and losses up.
    function _endRound(uint256 id, Market storage market, Scoring storage scoring) private returns (bool done) {
        (uint128 round, int256 paid) = (scoring.round, scoring.paid);
        scoring.left -= round;
        market.credit += SafeCast.toUint128(uint256(int256(uint256(round)) - paid));
        emit RoundPaid(id, scoring.pass, round, paid, scoring.left);
        if (scoring.left != 0 && scoring.alive != 0) {
            _beginPass(market);
            return false;
        }
        market.credit += scoring.left;
        scoring.left = 0;
        _enterNow(id, MarketPhase.Settled);
        market.model.transferOwnership(market.provider);
        emit ModelSettled(id, address(market.model));
        return true;
    }

    /// @dev The most that a round can use before the balance of a participant with a loss is gone, rounded down, so that
    /// the loss, rounded up, is never more than the balance.
    function _bearable(Market storage market, Participant storage participant) private view returns (uint256) {
        return (uint256(participant.balance) * market.testSamples) / uint64(-participant.score);
    }

    function _countCorrect(
        IUpdatableModel model,
        int64[][] memory data,
        uint64[] memory labels
    ) internal view returns (uint32 correct) {
        for (uint256 i = 0; i < data.length; ++i) {
            if (model.predict(data[i]) == labels[i]) ++correct;
        }
    }
}
