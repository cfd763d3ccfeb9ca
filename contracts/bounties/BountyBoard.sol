// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IBountyBoard} from "../interfaces/IBountyBoard.sol";
import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {IGristToken} from "../interfaces/IGristToken.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {IVerifierPool} from "../interfaces/IVerifierPool.sol";
import {BountyId, BountyParameters, Stage, Verdict} from "../types/BountyTypes.sol";
import {BountyBase} from "./BountyBase.sol";

/// @title BountyBoard
/// @notice See {IBountyBoard}.
/// @dev Invariant: the token balance of this contract is at least the sum of all credits, of bounty and voters' pay of
/// bounties that are not over, of the pay of decided votes and the shares of withheld bounties that were not collected, and
/// of the bonds of seals in votes that are not decided.
/// What divisions leave over, less than a wei for each voter, stays here.
contract BountyBoard is IBountyBoard, BountyBase {
    using SafeERC20 for IGristToken;

    struct Vote {
        bytes32 sealedVerdict;
        Verdict verdict; // once opened
        uint192 weight;
    }

    struct Ballot {
        uint256 totalWeight;
        uint256 sealedWeight;
        uint256 bonds; // of seals that are not open
        uint256 pay;
        Verdict outcome;
        mapping(Verdict => uint256) weightFor;
        mapping(address voter => Vote) votes;
    }

    /// @dev The votes of a bounty: one word, and the ballots.
    struct Poll {
        uint128 voterPay; // of the next vote
        uint64 snapshotEpoch;
        uint32 vote; // seconds of the stages
        uint32 opening;
        mapping(uint32 entry => Ballot) ballotOn;
    }

    uint256 private constant BPS = 10_000;
    uint256 private constant MOST_BPS = 5_000;

    IEpochBeacon private immutable _beacon;
    IVerifierPool private immutable _pool;
    uint16 public immutable override quorumBps;
    uint16 private immutable _voterPayBps;

    mapping(BountyId => Poll) private _polls;

    constructor(
        IGristToken token,
        IStakeManager stakes,
        IEpochBeacon beacon,
        IVerifierPool pool,
        Parameters memory parameters
    ) BountyBase(token, stakes) {
        // Up to a half, so that whoever has the majority of all weight has a quorum as well.
        _requireRange("quorumBps", parameters.quorumBps, 1, MOST_BPS);
        _requireRange("voterPayBps", parameters.voterPayBps, 0, MOST_BPS);
        (_beacon, _pool) = (beacon, pool);
        quorumBps = parameters.quorumBps;
        _voterPayBps = parameters.voterPayBps;
    }

    /// @inheritdoc IBountyBoard
    function post(BountyParameters calldata parameters) external nonReentrant notBanned returns (BountyId bountyId) {
        uint128 voterPay = voterPayFor(parameters.bounty);
        _requireValid(parameters, voterPay);
        Bounty storage bounty;
        (bountyId, bounty) = _newBounty(parameters.specHash, parameters.salt);
        bounty.scoring = parameters.scoring;
        bounty.amount = parameters.bounty;
        bounty.entryStake = parameters.entryStake;
        bounty.scoringCommitment = parameters.scoringCommitment;
        bounty.unsealing = parameters.durations.unsealing;
        bounty.announcing = parameters.durations.announcing;
        bounty.reveal = parameters.durations.reveal;
        Poll storage poll = _polls[bountyId];
        (poll.voterPay, poll.vote, poll.opening) = (voterPay, parameters.durations.vote, parameters.durations.opening);
        emit BountyPosted(bountyId, msg.sender, parameters, voterPay);
        _post(bountyId, parameters.durations.entry, uint256(parameters.bounty) + voterPay);
    }

    /// @inheritdoc IBountyBoard
    function unseal(
        BountyId bountyId,
        bytes32 scoringHash,
        bytes32 salt,
        string calldata manifest
    ) external nonReentrant during(bountyId, Stage.Unsealing) onlyPoster(bountyId) {
        Bounty storage bounty = _bounties[bountyId];
        _requireManifest(manifest);
        _requireOpens(bounty.scoringCommitment, keccak256(abi.encode(scoringHash, salt)));

        bounty.scoringCommitment = scoringHash;
        emit ScoringUnsealed(bountyId, scoringHash, manifest);
        _enter(bountyId, Stage.Announcing, _in(bounty.announcing));
    }

    /// @inheritdoc IBountyBoard
    function announce(BountyId bountyId, uint32 entry, uint64 loss) external nonReentrant notBanned {
        _announce(bountyId, entry, loss);
        emit LossAnnounced(bountyId, entry, msg.sender, loss);
    }

    /// @inheritdoc IBountyBoard
    function reveal(
        BountyId bountyId,
        bytes32 modelHash,
        bytes32 salt,
        string calldata manifest
    ) external nonReentrant notBanned during(bountyId, Stage.Reveal) {
        _requireManifest(manifest);
        _requireOwnCandidate(bountyId, modelHash, salt);

        Poll storage poll = _polls[bountyId];
        uint32 entry = _bounties[bountyId].candidate;
        uint64 epoch = _beacon.currentEpoch();
        poll.snapshotEpoch = epoch;
        poll.ballotOn[entry].totalWeight = _pool.totalWeightAt(epoch);
        emit ModelRevealed(bountyId, entry, msg.sender, modelHash, manifest, epoch);
        _enter(bountyId, Stage.Vote, _in(poll.vote));
    }

    /// @inheritdoc IBountyBoard
    function sealVote(
        BountyId bountyId,
        bytes32 sealedVerdict
    ) external nonReentrant notBanned during(bountyId, Stage.Vote) {
        Bounty storage bounty = _bounties[bountyId];
        Poll storage poll = _polls[bountyId];
        uint32 entry = bounty.candidate;
        Ballot storage ballot = poll.ballotOn[entry];
        bool isParty = msg.sender == bounty.poster || msg.sender == bounty.entryAt[entry].owner;
        require(!isParty, Bounty_ConflictOfInterest(bountyId, msg.sender));
        require(ballot.votes[msg.sender].weight == 0, Bounty_AlreadyVoted(bountyId, entry, msg.sender));
        uint256 weight = _pool.weightAt(msg.sender, poll.snapshotEpoch);
        require(weight != 0, Bounty_NoWeight(msg.sender, poll.snapshotEpoch));

        uint256 bond = _bondFor(weight, poll.voterPay, ballot.totalWeight);
        ballot.votes[msg.sender] = Vote(sealedVerdict, Verdict.None, SafeCast.toUint192(weight));
        ballot.sealedWeight += weight;
        ballot.bonds += bond;
        emit VoteSealed(bountyId, entry, msg.sender, weight, bond);
        if (ballot.sealedWeight == ballot.totalWeight) _closeSealing(bountyId);
        _token.safeTransferFrom(msg.sender, address(this), bond);
    }

    /// @inheritdoc IBountyBoard
    function openVote(
        BountyId bountyId,
        Verdict verdict,
        bytes32 salt
    ) external nonReentrant notBanned during(bountyId, Stage.Opening) {
        Poll storage poll = _polls[bountyId];
        uint32 entry = _bounties[bountyId].candidate;
        Ballot storage ballot = poll.ballotOn[entry];
        Vote storage cast = ballot.votes[msg.sender];
        uint256 weight = cast.weight;
        require(weight != 0, Bounty_NothingSealed(bountyId, entry, msg.sender));
        require(cast.verdict == Verdict.None, Bounty_AlreadyVoted(bountyId, entry, msg.sender));
        require(verdict != Verdict.None, Bounty_NoVerdict());
        _requireOpens(cast.sealedVerdict, keccak256(abi.encode(bountyId, entry, msg.sender, verdict, salt)));

        uint256 bond = _bondFor(weight, poll.voterPay, ballot.totalWeight);
        cast.verdict = verdict;
        ballot.weightFor[verdict] += weight;
        ballot.bonds -= bond;
        emit Voted(bountyId, entry, msg.sender, verdict, weight);
        _credit(bountyId, msg.sender, bond);
        (, uint256 opened) = _tally(ballot);
        if (opened == ballot.sealedWeight) _decide(bountyId);
    }

    /// @inheritdoc IBountyBoard
    function collect(BountyId bountyId, uint32 entry) external nonReentrant {
        _advance(bountyId);
        Ballot storage ballot = _polls[bountyId].ballotOn[entry];
        Vote memory cast = ballot.votes[msg.sender];
        // A sealed vote that was never opened has no verdict, as a ballot has before it is decided.
        bool prevailed = cast.weight != 0 && cast.verdict != Verdict.None && cast.verdict == ballot.outcome;
        require(prevailed, Bounty_NothingToCollect(bountyId, entry, msg.sender));

        // The verdict stays, so that nobody votes a second time.
        ballot.votes[msg.sender].weight = 0;
        _credit(bountyId, msg.sender, (ballot.pay * cast.weight) / ballot.weightFor[cast.verdict]);
    }

    /// @inheritdoc IBountyBoard
    function bountyOf(BountyId bountyId) external view returns (BountyView memory) {
        Bounty storage bounty = _bounties[bountyId];
        Poll storage poll = _polls[bountyId];
        return
            BountyView({
                poster: bounty.poster,
                stage: bounty.stage,
                scoring: bounty.scoring,
                stageEndsAt: bounty.stageEndsAt,
                entryCount: bounty.entries,
                struck: bounty.struck,
                candidate: bounty.candidate,
                bounty: bounty.amount,
                entryStake: bounty.entryStake,
                voterPay: poll.voterPay,
                snapshotEpoch: poll.snapshotEpoch,
                scoringCommitment: bounty.scoringCommitment
            });
    }

    /// @inheritdoc IBountyBoard
    function entryOf(BountyId bountyId, uint32 entry) external view returns (EntryView memory) {
        Entry storage found = _bounties[bountyId].entryAt[entry];
        return EntryView(found.owner, found.status, found.loss, found.commitment);
    }

    /// @inheritdoc IBountyBoard
    function ballotOf(BountyId bountyId, uint32 entry) external view returns (BallotView memory) {
        Ballot storage ballot = _polls[bountyId].ballotOn[entry];
        return
            BallotView({
                totalWeight: ballot.totalWeight,
                sealedWeight: ballot.sealedWeight,
                bonds: ballot.bonds,
                honest: ballot.weightFor[Verdict.Honest],
                isFalse: ballot.weightFor[Verdict.False],
                unavailable: ballot.weightFor[Verdict.Unavailable],
                outcome: ballot.outcome,
                pay: ballot.pay
            });
    }

    /// @inheritdoc IBountyBoard
    function voteOf(BountyId bountyId, uint32 entry, address voter) external view returns (VoteView memory) {
        Vote storage cast = _polls[bountyId].ballotOn[entry].votes[voter];
        return VoteView(cast.sealedVerdict, cast.verdict, cast.weight);
    }

    /// @inheritdoc IBountyBoard
    function voteBondOf(BountyId bountyId, address voter) external view returns (uint256) {
        Poll storage poll = _polls[bountyId];
        uint256 weight = _pool.weightAt(voter, poll.snapshotEpoch);
        require(weight != 0, Bounty_NoWeight(voter, poll.snapshotEpoch));
        return _bondFor(weight, poll.voterPay, poll.ballotOn[_bounties[bountyId].candidate].totalWeight);
    }

    /// @inheritdoc IBountyBoard
    function voterPayFor(uint128 bounty) public view returns (uint128) {
        return SafeCast.toUint128((uint256(bounty) * _voterPayBps) / BPS);
    }

    function _judge(BountyId bountyId, Stage stage) internal override {
        if (stage == Stage.Vote) _closeSealing(bountyId);
        else _decide(bountyId);
    }

    function _unspentOf(BountyId bountyId) internal view override returns (uint256) {
        return _polls[bountyId].voterPay;
    }

    function _closeSealing(BountyId bountyId) private {
        Poll storage poll = _polls[bountyId];
        if (poll.ballotOn[_bounties[bountyId].candidate].sealedWeight == 0) return _decide(bountyId);
        _enter(bountyId, Stage.Opening, _in(poll.opening));
    }

    function _decide(BountyId bountyId) private {
        Poll storage poll = _polls[bountyId];
        uint32 entry = _bounties[bountyId].candidate;
        Ballot storage ballot = poll.ballotOn[entry];
        (Verdict outcome, uint256 cast) = _tally(ballot);
        bool isQuorate = cast != 0 && cast * BPS >= ballot.totalWeight * quorumBps;
        uint128 pay = cast == 0 ? 0 : poll.voterPay;
        ballot.outcome = outcome;
        ballot.pay = pay;
        // A false candidate's stake makes good what the vote on it is paid.
        bool isFalse = isQuorate && outcome == Verdict.False;
        if (!isFalse) poll.voterPay -= pay;
        emit VoteDecided(bountyId, entry, outcome, isQuorate);
        _burnBonds(bountyId, entry, ballot.bonds);
        if (!isQuorate) _share(bountyId);
        else if (outcome == Verdict.Honest) _pay(bountyId);
        else if (isFalse) _convictCandidate(bountyId, address(0), 0, pay);
        else _withhold(bountyId);
    }

    function _burnBonds(BountyId bountyId, uint32 entry, uint256 amount) private {
        if (amount == 0) return;
        emit BondsBurned(bountyId, entry, amount);
        _token.burn(amount);
    }

    /// @dev The verdict with the greatest opened weight, of equal ones the one that stands first, and the weight of all.
    function _tally(Ballot storage ballot) private view returns (Verdict outcome, uint256 cast) {
        uint256 honest = ballot.weightFor[Verdict.Honest];
        uint256 isFalse = ballot.weightFor[Verdict.False];
        uint256 unavailable = ballot.weightFor[Verdict.Unavailable];
        cast = honest + isFalse + unavailable;
        if (honest >= isFalse && honest >= unavailable) outcome = Verdict.Honest;
        else outcome = isFalse >= unavailable ? Verdict.False : Verdict.Unavailable;
    }

    function _share(BountyId bountyId) private {
        Bounty storage bounty = _bounties[bountyId];
        uint256 half = bounty.amount / 2;
        _enter(bountyId, Stage.Undecided, 0);
        _credit(bountyId, bounty.entryAt[bounty.candidate].owner, half);
        _credit(bountyId, bounty.poster, bounty.amount - half + _unspentOf(bountyId));
    }

    function _requireValid(BountyParameters calldata p, uint128 voterPay) private pure {
        _requireManifest(p.manifest);
        _requireRange("bounty", p.bounty, 1, type(uint128).max);
        // What a false entry forfeits pays for the next vote, and half of what is slashed has to burn.
        _requireRange("entryStake", p.entryStake, uint256(voterPay) * 2 + 1, type(uint128).max);
        _requireStage("durations.entry", p.durations.entry, 1);
        _requireStage("durations.unsealing", p.durations.unsealing, 1);
        _requireStage("durations.announcing", p.durations.announcing, 1);
        _requireStage("durations.reveal", p.durations.reveal, 1);
        _requireStage("durations.vote", p.durations.vote, 1);
        _requireStage("durations.opening", p.durations.opening, 1);
    }

    /// @dev The pay does not change between a candidate's reveal and its verdict, so neither does the bond.
    function _bondFor(uint256 weight, uint256 voterPay, uint256 totalWeight) private pure returns (uint256) {
        return Math.mulDiv(voterPay, weight, totalWeight, Math.Rounding.Ceil);
    }
}
