// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IUpdatableModel} from "../interfaces/IUpdatableModel.sol";

/// @dev The life of a market, in this order; the last three are ends. See {IPredictionMarket64} for what ends a phase.
enum MarketPhase {
    None,
    Drawing,
    Revealing,
    Participation,
    Unsealing,
    Scoring,
    Settled,
    Cancelled,
    Forfeited
}

/// @dev What a provider fixes for one market.
struct MarketTerms {
    uint128 stake; // wei behind each sample
    uint32 participation; // seconds in which samples are taken
    uint32 minContributions; // samples from which on the provider may end participation early
    uint32 maxLength; // most values of a sample, so that training on one always fits in a transaction
}

/// @dev What holds for all markets of a contract, in seconds.
struct MarketWindows {
    uint32 reveal; // for the draw, for the first portion, and for the other portions
    uint32 scoring; // for all reward rounds together
    uint32 claim; // after which what an account has not fetched is anyone's
}

/// @dev One sample: the label lies with the data in a contract's code, see {SampleStore}. One slot.
struct Contribution {
    address sample;
    uint32 participant;
}

/// @dev An account's part in one market. Two slots, of which training needs only the first.
struct Participant {
    address account;
    uint32 samples;
    bool removed; // its balance could not bear its losses: its samples are left out from then on
    uint128 balance; // stakes plus gains less losses, wei
    int64 score; // of this pass: test samples that its data put right, less those that they put wrong
}

/// @dev The step that scoring is at.
enum ScoringStage {
    Building,
    Evaluating,
    Training,
    Measuring,
    Paying
}

/// @dev Where scoring stands: all that a step needs to go on from the last, in whatever transaction.
struct Scoring {
    ScoringStage stage;
    uint32 pass; // reward rounds begun
    uint32 cursor; // next portion to evaluate, or participant to measure or pay
    uint32 trained; // contributions passed over in this pass
    uint32 runner; // 1 + participant whose run of samples is being trained; 0 between runs
    uint32 correct; // right answers counted so far in this evaluation
    uint32 previous; // right answers before the run
    uint32 alive; // participants not removed
    uint128 left; // wei of the bounty that no round has used yet
    uint128 round; // wei that this round uses
    int256 paid; // gains less losses paid in this round so far
}

/// @dev One market. What scoring reads in every step lies together.
struct Market {
    address provider;
    MarketPhase phase;
    uint64 endsAt; // deadline of the phase, unix seconds; of an end, when unclaimed balances become anyone's
    IUpdatableModel model;
    uint32 revealed; // portions
    uint32 testSamples; // of the revealed portions
    uint32 first; // the portion that the draw picked
    uint128 bounty;
    uint128 credit; // what returns to the provider when the market is settled
    MarketTerms terms;
    uint64 openedAt; // block number
    uint64 classes;
    uint32 shares; // samples whose share of a forfeited bounty has not been paid
    bool isBuilt;
    bytes32[] commitments;
    address[] portions; // by number, zero until revealed
    Contribution[] contributions;
    Participant[] participants;
    mapping(address account => uint256) placeOf; // 1 + index in participants
    Scoring scoring;
}
