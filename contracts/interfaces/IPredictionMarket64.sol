// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MarketPhase, MarketTerms, ScoringStage} from "../types/PredictionMarketTypes.sol";

/// @title A market for training data
/// @notice A provider offers a bounty for samples that make a model better on a test set that nobody else has seen. Who
/// contributes stakes ether on each sample; when all are in, the test set is revealed, and each contributor gains or loses
/// by what its samples did to the model's accuracy (Abernethy and Frongillo 2011; for models on a chain Harris and
/// Waggoner 2019, section "Prediction market"). One contract holds one provider's markets, one after the other, all for
/// the model of one recipe. Amounts are wei, times unix seconds; samples are int64 in units of 1e-9 or feature indices, as
/// with {CollaborativeTrainer64}.
///
/// | phase         | ends when                                          | in silence, at the deadline                  |
/// | ------------- | -------------------------------------------------- | -------------------------------------------- |
/// | Drawing       | anyone proves the random block: a portion is drawn | Cancelled: the bounty returns                |
/// | Revealing     | the provider reveals the portion drawn             | Cancelled: the bounty returns                |
/// | Participation | its time is over; or the provider ends it, once    | Unsealing; Cancelled if there is no sample   |
/// |               | there are `minContributions` samples               |                                              |
/// | Unsealing     | the provider has revealed all portions             | Forfeited: stakes return, and the            |
/// | Scoring       | anyone has called {score} often enough             | contributors share the bounty by samples     |
///
/// **The test set** is committed to in portions before the market begins, and one portion, drawn by a later block's
/// prevrandao, is revealed before anybody stakes. It is what contributors judge the others by: a provider that has
/// mislabelled most portions shows a mislabelled one most of the time. A provider can always give up and try again, so
/// look at its earlier markets too.
///
/// **Reward rounds.** A pass trains a fresh model on the samples in the order of their arrival and tests it whenever the
/// contributor changes; the change in right answers is the score of the one whose samples were trained. A round that uses
/// r of the bounty moves `r * score / testSamples` into or out of each balance. r is all that is left of the bounty, or
/// the most that every loser can bear: then those who are broken are removed with all their samples, and the next pass
/// begins without them. What a round uses and does not pay returns to the provider, as does what the losers lose beyond
/// the gains of others. So nothing is ever paid that is not there, and every wei is somebody's.
///
/// **Unlike upstream's simulation** (0xDeCA10B, prediction_market.py), which removes the contributor with the lowest score
/// and lets others' balances fall below zero, so that gains are paid out of nothing; which draws the portion by a random
/// number of its own; and in which a provider that never ends the market keeps everything locked.
///
/// **As an incentive mechanism** it has the trainer's entrance ({addData}, {AddData}, {getNextAddDataCost}) but is no
/// {IncentiveMechanism64} behind one: that interface is not told who contributes, and a trainer can pay nobody more than
/// its own deposit, while here one is paid from another's. The model that a market ends with is handed to the provider,
/// who can put a trainer before it.
///
/// **Known limits.** Samples are public when they are sent: who copies one and is mined first takes its score. Score
/// depends on the order. A provider that contributes under another name knows its own test set.
interface IPredictionMarket64 {
    /// @notice A market began. Market ids count from 1.
    event MarketOpened(
        uint256 indexed id,
        address indexed provider,
        uint256 bounty,
        MarketTerms terms,
        bytes32[] commitments
    );
    /// @notice The market entered `phase`, which lasts until `endsAt` at most. Phases that only silence ended are noticed
    /// with the next transaction, and passed over here where the next one has ended as well.
    event PhaseEntered(uint256 indexed id, MarketPhase phase, uint64 endsAt);
    /// @notice `portion` is to be revealed first.
    event PortionDrawn(uint256 indexed id, uint256 portion);
    /// @notice The samples of a portion are public, packed in the code of `blob` (see {SampleStore}).
    event PortionRevealed(uint256 indexed id, uint256 portion, address blob, uint256 samples);
    /// @notice A sample was taken. The same event as a trainer's.
    event AddData(int64[] d, uint64 c, uint256 t, address indexed sender, uint256 cost);
    /// @notice A round used `used` of the bounty, of which it paid `paid` on balance; `left` remains for the next.
    event RoundPaid(uint256 indexed id, uint256 pass, uint256 used, int256 paid, uint256 left);
    /// @notice The account cannot bear what its samples cost; they no longer count.
    event ContributorRemoved(uint256 indexed id, address indexed account, uint256 pass);
    /// @notice Scoring is over; `model` is the provider's.
    event ModelSettled(uint256 indexed id, address model);
    /// @notice What `account` had coming was paid to `recipient`.
    event Paid(uint256 indexed id, address indexed account, address indexed recipient, uint256 amount);

    /// @notice There is no such market.
    error PredictionMarket_Unknown(uint256 id);
    /// @notice The call does not belong in the phase that the market is in.
    error PredictionMarket_WrongPhase(uint256 id, MarketPhase phase);
    /// @notice Only the market's provider may do this.
    error PredictionMarket_NotTheProvider(uint256 id, address caller, address provider);
    /// @notice `parameter` must be from `least` to `most`.
    error PredictionMarket_OutOfRange(string parameter, uint256 value, uint256 least, uint256 most);
    /// @notice The model is not complete yet: call {build}.
    error PredictionMarket_ModelNotBuilt(uint256 id);
    /// @notice Samples and salt are not those committed to.
    error PredictionMarket_WrongPortion(uint256 id, uint256 portion, bytes32 given, bytes32 committed);
    /// @notice The portion drawn comes first, and none is revealed twice.
    error PredictionMarket_NotThisPortion(uint256 id, uint256 portion);
    /// @notice The label of sample `index` is not one of the model's classes.
    error PredictionMarket_UnknownClass(uint256 index, uint64 label, uint64 classes);
    /// @notice A sample costs exactly `cost`.
    error PredictionMarket_WrongStake(uint256 given, uint256 cost);
    /// @notice Participation cannot be ended before there are `wanted` samples.
    error PredictionMarket_TooFewContributions(uint256 id, uint256 count, uint256 wanted);
    /// @notice The account has nothing coming from this market.
    error PredictionMarket_NothingToPay(uint256 id, address account);
    /// @notice Until then only the account itself can fetch its balance.
    error PredictionMarket_TooEarly(uint256 id, uint64 opensAt);

    // --- provider

    /// @notice Begins a market with the bounty sent along. For the contract's owner, when no other market is running.
    /// @param commitments keccak256(abi.encode(int64[][] data, uint64[] labels, bytes32 salt)) for each portion of the test
    /// set: from 2 to 256, each small enough to be revealed in one transaction
    function open(MarketTerms calldata terms, bytes32[] calldata commitments) external payable returns (uint256 id);

    /// @notice Reveals a portion of the running market's test set: first the one drawn, then, when participation is over,
    /// all others in any order.
    /// @dev Tests the model on all of it, so that no portion can be revealed that the model cannot predict.
    function reveal(uint256 portion, int64[][] calldata data, uint64[] calldata labels, bytes32 salt) external;

    /// @notice Ends participation early.
    function close() external;

    // --- contributors

    /// @notice Contributes a sample, staking exactly {getNextAddDataCost} on it. Also trains the market's own model, which
    /// shows that the sample can be trained on and lets everybody try the result ({modelOf}).
    function addData(int64[] calldata data, uint64 classification) external payable;

    /// @notice Pays the caller what it has coming from a market that has ended: as a contributor, as provider, or both.
    function refund(uint256 id) external returns (uint256 amount);

    // --- anyone

    /// @notice Draws the first portion of the running market.
    /// @param header RLP of the header of block `beacon.randomnessBlock(openedAt)`, see {IEpochBeacon.proveRandomness}
    function draw(bytes calldata header) external;

    /// @notice Goes on creating the running market's model, by at most `steps` steps. To be done before the first portion
    /// is revealed.
    function build(uint256 steps) external returns (bool done);

    /// @notice Goes on scoring the running market, by at most `steps` steps: each creates or initialises a part of a model,
    /// trains one sample, tests one portion, or pays one participant.
    /// @return done whether the market is settled
    function score(uint256 steps) external returns (bool done);

    /// @notice Pays the caller what `account` has not fetched of a market that ended `claim` seconds ago, so that no ether
    /// stays behind.
    function report(uint256 id, address account) external returns (uint256 amount);

    // --- views

    /// @notice The wei to stake on a sample of the latest market, for sending it now.
    function getNextAddDataCost() external view returns (uint256);

    /// @notice The same, whatever the sample.
    function getNextAddDataCost(int64[] calldata data, uint64 classification) external view returns (uint256);

    /// @notice Id of the latest market, 0 before the first.
    function latest() external view returns (uint256 id);

    /// @notice The phase that a market is in now, and its deadline; of an end, when unclaimed balances become anyone's.
    function phaseOf(uint256 id) external view returns (MarketPhase phase, uint64 endsAt);

    /// @notice The market's own model, trained on all samples so far; once it is settled, the model of the last pass.
    function modelOf(uint256 id) external view returns (address);

    /// @notice The block after which the portion is drawn, as `base` of {IEpochBeacon.randomnessBlock}, and, once drawn,
    /// its number.
    function drawOf(uint256 id) external view returns (uint64 openedAt, uint256 portion);

    /// @notice Blob of a revealed portion (zero before that), and its commitment.
    function portionOf(uint256 id, uint256 portion) external view returns (address blob, bytes32 commitment);

    /// @notice Samples taken, portions revealed and portions in all.
    function countsOf(uint256 id) external view returns (uint256 contributions, uint256 revealed, uint256 portions);

    /// @notice Where scoring stands: pass, stage, and the wei of the bounty that no round has used yet.
    function scoringOf(uint256 id) external view returns (uint256 pass, ScoringStage stage, uint256 left);

    /// @notice An account's samples in a market and whether they were removed.
    function participantOf(uint256 id, address account) external view returns (uint256 samples, bool removed);

    /// @notice What {refund} would pay the account now.
    function claimOf(uint256 id, address account) external view returns (uint256);
}
