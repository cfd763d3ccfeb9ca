// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IPredictionMarket64} from "../../interfaces/IPredictionMarket64.sol";
import {Market, MarketPhase, MarketWindows, Participant} from "../../types/PredictionMarketTypes.sol";

/// @title PredictionMarketPhases
/// @notice A market's phases, and what they leave to whom. Which phase holds is read from stored phase and clock alike by
/// views and transactions ({_current}).
abstract contract PredictionMarketPhases is IPredictionMarket64, ReentrancyGuardTransient {
    uint32 public immutable revealWindow;
    uint32 public immutable scoringWindow;
    uint32 public immutable claimWindow;

    uint256 public override latest;
    mapping(uint256 id => Market) internal _markets;

    constructor(MarketWindows memory windows) {
        _requireRange("reveal", windows.reveal, 1, type(uint32).max);
        _requireRange("scoring", windows.scoring, 1, type(uint32).max);
        _requireRange("claim", windows.claim, 1, type(uint32).max);
        revealWindow = windows.reveal;
        scoringWindow = windows.scoring;
        claimWindow = windows.claim;
    }

    /// @inheritdoc IPredictionMarket64
    function refund(uint256 id) external nonReentrant returns (uint256 amount) {
        _advanceToEnd(id);
        return _pay(id, msg.sender);
    }

    /// @inheritdoc IPredictionMarket64
    function report(uint256 id, address account) external nonReentrant returns (uint256 amount) {
        _advanceToEnd(id);
        uint64 opensAt = _markets[id].endsAt;
        require(block.timestamp >= opensAt, PredictionMarket_TooEarly(id, opensAt));
        return _pay(id, account);
    }

    /// @inheritdoc IPredictionMarket64
    function phaseOf(uint256 id) external view returns (MarketPhase phase, uint64 endsAt) {
        return _current(_markets[id]);
    }

    /// @inheritdoc IPredictionMarket64
    function claimOf(uint256 id, address account) external view returns (uint256) {
        Market storage market = _markets[id];
        (MarketPhase phase, ) = _current(market);
        if (!_isEnd(phase)) return 0;
        (uint256 own, uint256 share) = _claimAsContributor(market, phase, account);
        return own + share + _claimAsProvider(market, phase, account);
    }

    // --- phases

    /// @dev Carries out what deadlines have brought about.
    function _advance(uint256 id) internal returns (MarketPhase phase) {
        Market storage market = _markets[id];
        uint64 endsAt;
        (phase, endsAt) = _current(market);
        require(phase != MarketPhase.None, PredictionMarket_Unknown(id));
        if (phase != market.phase) _enter(id, phase, endsAt);
    }

    /// @dev The running market, which must be in `phase`.
    function _advanceIn(MarketPhase phase) internal returns (uint256 id, Market storage market) {
        id = latest;
        market = _markets[id];
        MarketPhase current = _advance(id);
        require(current == phase, PredictionMarket_WrongPhase(id, current));
    }

    function _advanceToEnd(uint256 id) private {
        MarketPhase phase = _advance(id);
        require(_isEnd(phase), PredictionMarket_WrongPhase(id, phase));
    }

    /// @dev Enters a phase that a call brings about by itself, now.
    function _enterNow(uint256 id, MarketPhase phase) internal {
        _enter(id, phase, SafeCast.toUint64(block.timestamp) + _lengthOf(_markets[id], phase));
    }

    function _enter(uint256 id, MarketPhase phase, uint64 endsAt) private {
        Market storage market = _markets[id];
        (market.phase, market.endsAt) = (phase, endsAt);
        emit PhaseEntered(id, phase, endsAt);
    }

    /// @dev A phase that its deadline ended, ended then, whenever somebody notices.
    function _current(Market storage market) internal view returns (MarketPhase phase, uint64 endsAt) {
        (phase, endsAt) = (market.phase, market.endsAt);
        while (phase != MarketPhase.None && !_isEnd(phase) && block.timestamp >= endsAt) {
            phase = _afterSilence(market, phase);
            endsAt += _lengthOf(market, phase);
        }
    }

    /// @dev The transition table of deadlines.
    function _afterSilence(Market storage market, MarketPhase phase) private view returns (MarketPhase) {
        if (phase == MarketPhase.Unsealing || phase == MarketPhase.Scoring) return MarketPhase.Forfeited;
        bool hasSamples = phase == MarketPhase.Participation && market.contributions.length != 0;
        return hasSamples ? MarketPhase.Unsealing : MarketPhase.Cancelled;
    }

    function _lengthOf(Market storage market, MarketPhase phase) private view returns (uint64) {
        if (phase == MarketPhase.Participation) return market.terms.participation;
        if (phase == MarketPhase.Scoring) return scoringWindow;
        return _isEnd(phase) ? claimWindow : revealWindow;
    }

    function _isEnd(MarketPhase phase) internal pure returns (bool) {
        return phase == MarketPhase.Settled || phase == MarketPhase.Cancelled || phase == MarketPhase.Forfeited;
    }

    // --- payment

    function _pay(uint256 id, address account) private returns (uint256 amount) {
        Market storage market = _markets[id];
        MarketPhase phase = market.phase;
        (uint256 own, uint256 share) = _claimAsContributor(market, phase, account);
        uint256 credit = _claimAsProvider(market, phase, account);
        amount = own + share + credit;
        require(amount != 0, PredictionMarket_NothingToPay(id, account));

        if (credit != 0) (market.bounty, market.credit) = (0, 0);
        uint256 place = market.placeOf[account];
        if (place != 0) {
            Participant storage participant = market.participants[place - 1];
            market.bounty -= SafeCast.toUint128(share);
            market.shares -= participant.samples;
            (participant.samples, participant.balance) = (0, 0);
        }
        emit Paid(id, account, msg.sender, amount);
        Address.sendValue(payable(msg.sender), amount);
    }

    /// @dev What is a contributor's own, and its share of a forfeited bounty: of what others have left of it, by samples,
    /// so that the last one gets what rounding left.
    function _claimAsContributor(
        Market storage market,
        MarketPhase phase,
        address account
    ) private view returns (uint256 own, uint256 share) {
        uint256 place = market.placeOf[account];
        if (place == 0) return (0, 0);
        Participant storage participant = market.participants[place - 1];
        if (phase == MarketPhase.Settled) return (participant.balance, 0);
        uint256 samples = participant.samples;
        if (samples == 0) return (0, 0);
        return (samples * market.terms.stake, (uint256(market.bounty) * samples) / market.shares);
    }

    /// @dev `bounty` and `credit` are the provider's in these two ends only.
    function _claimAsProvider(
        Market storage market,
        MarketPhase phase,
        address account
    ) private view returns (uint256) {
        if (account != market.provider) return 0;
        if (phase == MarketPhase.Settled) return market.credit;
        return phase == MarketPhase.Cancelled ? market.bounty : 0;
    }

    function _requireRange(string memory parameter, uint256 value, uint256 least, uint256 most) internal pure {
        require(value >= least && value <= most, PredictionMarket_OutOfRange(parameter, value, least, most));
    }
}
