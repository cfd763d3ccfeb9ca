// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IEpochBeacon} from "../../interfaces/IEpochBeacon.sol";
import {IModelRecipe} from "../../interfaces/IModelRecipe.sol";
import {IPredictionMarket64} from "../../interfaces/IPredictionMarket64.sol";
import {SampleStore} from "../../libraries/SampleStore.sol";
import {
    Contribution,
    Market,
    MarketPhase,
    MarketTerms,
    MarketWindows,
    Participant
} from "../../types/PredictionMarketTypes.sol";
import {PredictionMarketPhases} from "./PredictionMarketPhases.sol";
import {PredictionMarketScoring} from "./PredictionMarketScoring.sol";

/// @title PredictionMarket64
/// @notice See {IPredictionMarket64}. Samples and test set lie packed in contracts' code ({SampleStore}), a fifth of the
/// price of storage, so that anybody can score a market without having them at hand; a contribution takes one slot more,
/// and two for each contributor.
contract PredictionMarket64 is PredictionMarketScoring, Ownable {
    uint256 private constant MOST_PORTIONS = 256;

    IEpochBeacon public immutable beacon;

    modifier onlyProvider() {
        address provider = _markets[latest].provider;
        require(msg.sender == provider, PredictionMarket_NotTheProvider(latest, msg.sender, provider));
        _;
    }

    /// @param recipe_ a sealed recipe of the model that all markets of this contract are for
    constructor(
        IModelRecipe recipe_,
        IEpochBeacon beacon_,
        MarketWindows memory windows
    ) PredictionMarketPhases(windows) PredictionMarketScoring(recipe_) Ownable(msg.sender) {
        require(recipe_.isSealed(), IModelRecipe.ModelRecipe_NotSealed());
        beacon = beacon_;
    }

    /// @inheritdoc IPredictionMarket64
    function open(
        MarketTerms calldata terms,
        bytes32[] calldata commitments
    ) external payable onlyOwner returns (uint256 id) {
        _requireNoneRunning();
        _requireRange("bounty", msg.value, 1, type(uint128).max);
        _requireRange("stake", terms.stake, 1, type(uint128).max);
        _requireRange("participation", terms.participation, 1, type(uint32).max);
        _requireRange("minContributions", terms.minContributions, 1, type(uint32).max);
        _requireRange("maxLength", terms.maxLength, 1, type(uint32).max);
        _requireRange("portions", commitments.length, 2, MOST_PORTIONS);

        id = ++latest;
        Market storage market = _markets[id];
        market.provider = msg.sender;
        market.bounty = uint128(msg.value);
        market.terms = terms;
        market.openedAt = SafeCast.toUint64(block.number);
        market.commitments = commitments;
        market.portions = new address[](commitments.length);
        emit MarketOpened(id, msg.sender, msg.value, terms, commitments);
        _enterNow(id, MarketPhase.Drawing);
    }

    /// @inheritdoc IPredictionMarket64
    function draw(bytes calldata header) external {
        (uint256 id, Market storage market) = _advanceIn(MarketPhase.Drawing);
        bytes32 seed = keccak256(abi.encode(beacon.proveRandomness(market.openedAt, header), address(this), id));
        uint256 portion = uint256(seed) % market.commitments.length;
        market.first = SafeCast.toUint32(portion);
        emit PortionDrawn(id, portion);
        _enterNow(id, MarketPhase.Revealing);
    }

    /// @inheritdoc IPredictionMarket64
    function build(uint256 steps) external nonReentrant returns (bool done) {
        uint256 id = latest;
        Market storage market = _markets[id];
        MarketPhase phase = _advance(id);
        bool isOpen = phase == MarketPhase.Drawing || phase == MarketPhase.Revealing;
        require(isOpen && !market.isBuilt, PredictionMarket_WrongPhase(id, phase));
        for (; steps != 0 && !done; --steps) done = _build(market);
        if (done) market.classes = SafeCast.toUint64(market.model.getNumClassifications());
    }

    /// @inheritdoc IPredictionMarket64
    function reveal(
        uint256 portion,
        int64[][] calldata data,
        uint64[] calldata labels,
        bytes32 salt
    ) external nonReentrant onlyProvider {
        uint256 id = latest;
        Market storage market = _markets[id];
        MarketPhase phase = _advance(id);
        bool isFirst = phase == MarketPhase.Revealing;
        require(isFirst || phase == MarketPhase.Unsealing, PredictionMarket_WrongPhase(id, phase));
        require(market.isBuilt, PredictionMarket_ModelNotBuilt(id));
        _requireRange("portion", portion, 0, market.portions.length - 1);
        bool isDue = isFirst ? portion == market.first : market.portions[portion] == address(0);
        require(isDue, PredictionMarket_NotThisPortion(id, portion));
        bytes32 given = keccak256(abi.encode(data, labels, salt));
        bytes32 committed = market.commitments[portion];
        require(given == committed, PredictionMarket_WrongPortion(id, portion, given, committed));
        _requireTestable(market, data, labels);

        address blob = SampleStore.write(data, labels);
        market.portions[portion] = blob;
        market.testSamples += SafeCast.toUint32(data.length);
        ++market.revealed;
        emit PortionRevealed(id, portion, blob, data.length);
        if (isFirst) {
            _enterNow(id, MarketPhase.Participation);
        } else if (market.revealed == market.portions.length) {
            _enterNow(id, MarketPhase.Scoring);
            _beginScoring(market);
        }
    }

    /// @inheritdoc IPredictionMarket64
    function close() external onlyProvider {
        (uint256 id, Market storage market) = _advanceIn(MarketPhase.Participation);
        (uint256 count, uint256 wanted) = (market.contributions.length, market.terms.minContributions);
        require(count >= wanted, PredictionMarket_TooFewContributions(id, count, wanted));
        _enterNow(id, MarketPhase.Unsealing);
    }

    /// @inheritdoc IPredictionMarket64
    function addData(int64[] calldata data, uint64 classification) external payable nonReentrant {
        (, Market storage market) = _advanceIn(MarketPhase.Participation);
        uint256 cost = market.terms.stake;
        require(msg.value == cost, PredictionMarket_WrongStake(msg.value, cost));
        _requireRange("length", data.length, 0, market.terms.maxLength);
        _requireClass(market, 0, classification);

        uint256 place = market.placeOf[msg.sender];
        if (place == 0) {
            market.participants.push(Participant(msg.sender, 0, false, 0, 0));
            place = market.participants.length;
            market.placeOf[msg.sender] = place;
        }
        Participant storage participant = market.participants[place - 1];
        ++participant.samples;
        participant.balance += uint128(cost);
        ++market.shares;
        address sample = SampleStore.write(data, classification);
        market.contributions.push(Contribution(sample, SafeCast.toUint32(place - 1)));
        emit AddData(data, classification, block.timestamp, msg.sender, cost);
        market.model.update(data, classification);
    }

    /// @inheritdoc IPredictionMarket64
    function getNextAddDataCost() public view returns (uint256) {
        return _markets[latest].terms.stake;
    }

    /// @inheritdoc IPredictionMarket64
    function getNextAddDataCost(int64[] calldata, uint64) external view returns (uint256) {
        return getNextAddDataCost();
    }

    /// @inheritdoc IPredictionMarket64
    function modelOf(uint256 id) external view returns (address) {
        return address(_markets[id].model);
    }

    /// @inheritdoc IPredictionMarket64
    function drawOf(uint256 id) external view returns (uint64 openedAt, uint256 portion) {
        return (_markets[id].openedAt, _markets[id].first);
    }

    /// @inheritdoc IPredictionMarket64
    function portionOf(uint256 id, uint256 portion) external view returns (address blob, bytes32 commitment) {
        return (_markets[id].portions[portion], _markets[id].commitments[portion]);
    }

    /// @inheritdoc IPredictionMarket64
    function countsOf(uint256 id) external view returns (uint256 contributions, uint256 revealed, uint256 portions) {
        Market storage market = _markets[id];
        return (market.contributions.length, market.revealed, market.portions.length);
    }

    /// @inheritdoc IPredictionMarket64
    function participantOf(uint256 id, address account) external view returns (uint256 samples, bool removed) {
        Market storage market = _markets[id];
        uint256 place = market.placeOf[account];
        if (place == 0) return (0, false);
        Participant storage participant = market.participants[place - 1];
        return (participant.samples, participant.removed);
    }

    function _requireNoneRunning() private {
        if (latest == 0) return;
        MarketPhase phase = _advance(latest);
        require(_isEnd(phase), PredictionMarket_WrongPhase(latest, phase));
    }

    /// @dev A portion without samples, or one on which the model fails, would let a provider spoil its own market when it
    /// does not like how it goes.
    function _requireTestable(Market storage market, int64[][] calldata data, uint64[] calldata labels) private view {
        _requireRange("samples", data.length, 1, type(uint32).max);
        _requireRange("labels", labels.length, data.length, data.length);
        for (uint256 i = 0; i < labels.length; ++i) _requireClass(market, i, labels[i]);
        _countCorrect(market.model, data, labels);
    }

    function _requireClass(Market storage market, uint256 index, uint64 label) private view {
        require(label < market.classes, PredictionMarket_UnknownClass(index, label, market.classes));
    }
}
