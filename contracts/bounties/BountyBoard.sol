// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Heap} from "@openzeppelin/contracts/utils/structs/Heap.sol";

import {IBountyBoard} from "../interfaces/IBountyBoard.sol";
import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {IGristToken} from "../interfaces/IGristToken.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {IVerifierPool} from "../interfaces/IVerifierPool.sol";
import {
    BountyDurations,
    BountyId,
    BountyParameters,
    EntryStatus,
    Scoring,
    Stage,
    Standing,
    StandingLib,
    Verdict
} from "../types/BountyTypes.sol";

/// @title BountyBoard
/// @notice See {IBountyBoard}.
/// @dev Invariant: the token balance of this contract is at least the sum of all credits, of bounty and voters' pay of
/// bounties that are not over, of the pay of decided votes and the shares of withheld bounties that were not collected, and
/// of the bonds of seals in votes that are not decided.
/// What divisions leave over, less than a wei for each voter, stays here.
contract BountyBoard is IBountyBoard, ReentrancyGuardTransient {
    using SafeERC20 for IGristToken;
    using Heap for Heap.Uint256Heap;

    struct Entry {
        address owner;
        EntryStatus status;
        uint64 loss;
        bytes32 commitment;
    }

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

    struct Bounty {
        address poster;
        Stage stage;
        Scoring scoring;
        uint64 stageEndsAt;
        uint32 entries;
        uint32 struck;
        uint32 candidate;
        uint64 snapshotEpoch;
        uint128 amount;
        uint128 entryStake;
        uint128 voterPay;
        uint128 share; // of each entry, once withheld
        bytes32 scoringCommitment;
        BountyDurations durations;
        Heap.Uint256Heap ranking; // announced entries that were not called yet, as {Standing}
        mapping(uint32 entry => Entry) entryAt;
        mapping(uint32 entry => Ballot) ballotOn;
    }

    uint256 private constant BPS = 10_000;
    uint256 private constant MOST_BPS = 5_000;
    uint256 private constant LONGEST_STAGE = 365 days;
    uint256 private constant LONGEST_ADDRESS = 256;

    IGristToken private immutable _token;
    IStakeManager private immutable _stakes;
    IEpochBeacon private immutable _beacon;
    IVerifierPool private immutable _pool;
    uint16 public immutable override quorumBps;
    uint16 private immutable _voterPayBps;

    mapping(BountyId => Bounty) private _bounties;
    mapping(address account => uint256) public override creditOf;
    mapping(address account => bool) public override isBanned;

    constructor(
        IGristToken token,
        IStakeManager stakes,
        IEpochBeacon beacon,
        IVerifierPool pool,
        Parameters memory parameters
    ) {
        // Up to a half, so that whoever has the majority of all weight has a quorum as well.
        _requireRange("quorumBps", parameters.quorumBps, 1, MOST_BPS);
        _requireRange("voterPayBps", parameters.voterPayBps, 0, MOST_BPS);
        (_token, _stakes, _beacon, _pool) = (token, stakes, beacon, pool);
        quorumBps = parameters.quorumBps;
        _voterPayBps = parameters.voterPayBps;
    }

    modifier notBanned() {
        require(!isBanned[msg.sender], Bounty_Banned(msg.sender));
        _;
    }

    /// @dev For calls that belong in one stage; carries out what is due before.
    modifier during(BountyId bountyId, Stage stage) {
        Stage current = _advance(bountyId);
        require(current == stage, Bounty_WrongStage(bountyId, current));
        _;
    }

    modifier onlyPoster(BountyId bountyId) {
        address poster = _bounties[bountyId].poster;
        require(msg.sender == poster, Bounty_NotThePoster(msg.sender, poster));
        _;
    }

    /// @inheritdoc IBountyBoard
    function post(BountyParameters calldata parameters) external nonReentrant notBanned returns (BountyId bountyId) {
        uint128 voterPay = voterPayFor(parameters.bounty);
        _requireValid(parameters, voterPay);
        bountyId = BountyId.wrap(
            keccak256(abi.encode(block.chainid, address(this), msg.sender, parameters.specHash, parameters.salt))
        );
        Bounty storage bounty = _bounties[bountyId];
        require(bounty.stage == Stage.None, Bounty_Exists(bountyId));

        bounty.poster = msg.sender;
        bounty.scoring = parameters.scoring;
        bounty.amount = parameters.bounty;
        bounty.entryStake = parameters.entryStake;
        bounty.voterPay = voterPay;
        bounty.scoringCommitment = parameters.scoringCommitment;
        bounty.durations = parameters.durations;
        emit BountyPosted(bountyId, msg.sender, parameters, voterPay);
        _enter(bountyId, Stage.Entry, _in(parameters.durations.entry));
        _token.safeTransferFrom(msg.sender, address(this), uint256(parameters.bounty) + voterPay);
    }

    /// @inheritdoc IBountyBoard
    function cancel(BountyId bountyId) external nonReentrant during(bountyId, Stage.Entry) onlyPoster(bountyId) {
        uint32 entries = _bounties[bountyId].entries;
        require(entries == 0, Bounty_HasEntries(bountyId, entries));
        _return(bountyId);
    }

    /// @inheritdoc IBountyBoard
    function unseal(
        BountyId bountyId,
        bytes32 scoringHash,
        bytes32 salt,
        string calldata manifest
    ) external nonReentrant during(bountyId, Stage.Unsealing) onlyPoster(bountyId) {
        Bounty storage bounty = _bounties[bountyId];
        _requireRange("manifest.length", bytes(manifest).length, 1, LONGEST_ADDRESS);
        _requireOpens(bounty.scoringCommitment, keccak256(abi.encode(scoringHash, salt)));

        bounty.scoringCommitment = scoringHash;
        emit ScoringUnsealed(bountyId, scoringHash, manifest);
        _enter(bountyId, Stage.Announcing, _in(bounty.durations.announcing));
    }

    /// @inheritdoc IBountyBoard
    function enter(
        BountyId bountyId,
        bytes32 commitment
    ) external nonReentrant notBanned during(bountyId, Stage.Entry) returns (uint32 entry) {
        Bounty storage bounty = _bounties[bountyId];
        require(msg.sender != bounty.poster, Bounty_ConflictOfInterest(bountyId, msg.sender));

        entry = bounty.entries++;
        bounty.entryAt[entry] = Entry(msg.sender, EntryStatus.Committed, 0, commitment);
        emit ModelCommitted(bountyId, entry, msg.sender, commitment);
        _stakes.lock(msg.sender, BountyId.unwrap(bountyId), bounty.entryStake);
    }

    /// @inheritdoc IBountyBoard
    function announce(BountyId bountyId, uint32 entry, uint64 loss) external nonReentrant notBanned {
        Stage stage = _advance(bountyId);
        Bounty storage bounty = _bounties[bountyId];
        bool isTime = stage == (bounty.scoring == Scoring.Open ? Stage.Entry : Stage.Announcing);
        require(isTime, Bounty_WrongStage(bountyId, stage));
        Entry storage announced = _ownEntry(bountyId, entry);
        bool isNew = announced.status == EntryStatus.Committed;
        require(isNew, Bounty_WrongStatus(bountyId, entry, announced.status));

        (announced.status, announced.loss) = (EntryStatus.Announced, loss);
        bounty.ranking.insert(Standing.unwrap(StandingLib.rank(loss, entry)));
        emit LossAnnounced(bountyId, entry, msg.sender, loss);
    }

    /// @inheritdoc IBountyBoard
    function reveal(
        BountyId bountyId,
        bytes32 modelHash,
        bytes32 salt,
        string calldata manifest
    ) external nonReentrant notBanned during(bountyId, Stage.Reveal) {
        Bounty storage bounty = _bounties[bountyId];
        uint32 entry = bounty.candidate;
        bytes32 committed = _ownEntry(bountyId, entry).commitment;
        _requireRange("manifest.length", bytes(manifest).length, 1, LONGEST_ADDRESS);
        _requireOpens(committed, keccak256(abi.encode(bountyId, msg.sender, modelHash, salt)));

        uint64 epoch = _beacon.currentEpoch();
        bounty.snapshotEpoch = epoch;
        bounty.ballotOn[entry].totalWeight = _pool.totalWeightAt(epoch);
        emit ModelRevealed(bountyId, entry, msg.sender, modelHash, manifest, epoch);
        _enter(bountyId, Stage.Vote, _in(bounty.durations.vote));
    }

    /// @inheritdoc IBountyBoard
    function sealVote(
        BountyId bountyId,
        bytes32 sealedVerdict
    ) external nonReentrant notBanned during(bountyId, Stage.Vote) {
        Bounty storage bounty = _bounties[bountyId];
        uint32 entry = bounty.candidate;
        Ballot storage ballot = bounty.ballotOn[entry];
        bool isParty = msg.sender == bounty.poster || msg.sender == bounty.entryAt[entry].owner;
        require(!isParty, Bounty_ConflictOfInterest(bountyId, msg.sender));
        require(ballot.votes[msg.sender].weight == 0, Bounty_AlreadyVoted(bountyId, entry, msg.sender));
        uint256 weight = _pool.weightAt(msg.sender, bounty.snapshotEpoch);
        require(weight != 0, Bounty_NoWeight(msg.sender, bounty.snapshotEpoch));

        uint256 bond = _bondFor(weight, bounty.voterPay, ballot.totalWeight);
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
        Bounty storage bounty = _bounties[bountyId];
        uint32 entry = bounty.candidate;
        Ballot storage ballot = bounty.ballotOn[entry];
        Vote storage cast = ballot.votes[msg.sender];
        uint256 weight = cast.weight;
        require(weight != 0, Bounty_NothingSealed(bountyId, entry, msg.sender));
        require(cast.verdict == Verdict.None, Bounty_AlreadyVoted(bountyId, entry, msg.sender));
        require(verdict != Verdict.None, Bounty_NoVerdict());
        _requireOpens(cast.sealedVerdict, keccak256(abi.encode(bountyId, entry, msg.sender, verdict, salt)));

        uint256 bond = _bondFor(weight, bounty.voterPay, ballot.totalWeight);
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
        Ballot storage ballot = _bounties[bountyId].ballotOn[entry];
        Vote memory cast = ballot.votes[msg.sender];
        // A sealed vote that was never opened has no verdict, as a ballot has before it is decided.
        bool prevailed = cast.weight != 0 && cast.verdict != Verdict.None && cast.verdict == ballot.outcome;
        require(prevailed, Bounty_NothingToCollect(bountyId, entry, msg.sender));

        // The verdict stays, so that nobody votes a second time.
        ballot.votes[msg.sender].weight = 0;
        _credit(bountyId, msg.sender, (ballot.pay * cast.weight) / ballot.weightFor[cast.verdict]);
    }

    /// @inheritdoc IBountyBoard
    function release(BountyId bountyId, uint32 entry) external nonReentrant {
        Stage stage = _advance(bountyId);
        require(stage >= Stage.Paid, Bounty_WrongStage(bountyId, stage));
        Bounty storage bounty = _bounties[bountyId];
        Entry storage released = bounty.entryAt[entry];
        EntryStatus status = released.status;
        bool isHeld = status == EntryStatus.Committed || status == EntryStatus.Announced;
        require(isHeld, Bounty_WrongStatus(bountyId, entry, status));

        released.status = EntryStatus.Released;
        emit EntryReleased(bountyId, entry, released.owner, bounty.share);
        _credit(bountyId, released.owner, bounty.share);
        _stakes.unlock(released.owner, BountyId.unwrap(bountyId), bounty.entryStake);
    }

    /// @inheritdoc IBountyBoard
    function advance(BountyId bountyId) external nonReentrant returns (Stage) {
        return _advance(bountyId);
    }

    /// @inheritdoc IBountyBoard
    function withdraw() external nonReentrant returns (uint256 amount) {
        amount = creditOf[msg.sender];
        require(amount != 0, Bounty_NoCredit(msg.sender));

        creditOf[msg.sender] = 0;
        emit CreditWithdrawn(msg.sender, amount);
        _token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IBountyBoard
    function bountyOf(BountyId bountyId) external view returns (BountyView memory) {
        Bounty storage bounty = _bounties[bountyId];
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
                voterPay: bounty.voterPay,
                snapshotEpoch: bounty.snapshotEpoch,
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
        Ballot storage ballot = _bounties[bountyId].ballotOn[entry];
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
        Vote storage cast = _bounties[bountyId].ballotOn[entry].votes[voter];
        return VoteView(cast.sealedVerdict, cast.verdict, cast.weight);
    }

    /// @inheritdoc IBountyBoard
    function voteBondOf(BountyId bountyId, address voter) external view returns (uint256) {
        Bounty storage bounty = _bounties[bountyId];
        uint256 weight = _pool.weightAt(voter, bounty.snapshotEpoch);
        require(weight != 0, Bounty_NoWeight(voter, bounty.snapshotEpoch));
        return _bondFor(weight, bounty.voterPay, bounty.ballotOn[bounty.candidate].totalWeight);
    }

    /// @inheritdoc IBountyBoard
    function leaderOf(BountyId bountyId) external view returns (uint256 waiting, uint32 entry) {
        Heap.Uint256Heap storage ranking = _bounties[bountyId].ranking;
        waiting = ranking.length();
        if (waiting != 0) entry = Standing.wrap(ranking.peek()).entryOf();
    }

    /// @inheritdoc IBountyBoard
    function voterPayFor(uint128 bounty) public view returns (uint128) {
        return SafeCast.toUint128((uint256(bounty) * _voterPayBps) / BPS);
    }

    /// @dev The transition table: carries out what the clock has made due, and returns the stage that follows. A silent
    /// candidate's successor has a window that begins now, so no call strikes two.
    function _advance(BountyId bountyId) private returns (Stage stage) {
        Bounty storage bounty = _bounties[bountyId];
        stage = bounty.stage;
        require(stage != Stage.None, Bounty_Unknown(bountyId));
        uint64 endsAt = bounty.stageEndsAt;
        if (stage >= Stage.Paid || block.timestamp < endsAt) return stage;

        if (stage == Stage.Entry && bounty.scoring == Scoring.Sealed && bounty.entries != 0) {
            _enter(bountyId, Stage.Unsealing, endsAt + bounty.durations.unsealing);
            return _advance(bountyId);
        }
        if (stage == Stage.Unsealing) _withhold(bountyId);
        else if (stage == Stage.Vote) _closeSealing(bountyId);
        else if (stage == Stage.Opening) _decide(bountyId);
        else if (stage == Stage.Reveal) _strikeSilent(bountyId);
        else _callBest(bountyId);
        return bounty.stage;
    }

    /// @dev Calls the best entry that is left. One of a banned account has no window and is struck by the next call.
    function _callBest(BountyId bountyId) private {
        Bounty storage bounty = _bounties[bountyId];
        if (bounty.ranking.length() == 0) return _return(bountyId);
        uint32 entry = Standing.wrap(bounty.ranking.pop()).entryOf();
        address owner = bounty.entryAt[entry].owner;
        uint64 endsAt = _in(isBanned[owner] ? 0 : bounty.durations.reveal);
        bounty.candidate = entry;
        _enter(bountyId, Stage.Reveal, endsAt);
        emit CandidateCalled(bountyId, entry, owner, endsAt);
    }

    function _strikeSilent(BountyId bountyId) private {
        Bounty storage bounty = _bounties[bountyId];
        Entry storage candidate = bounty.entryAt[bounty.candidate];
        if (isBanned[candidate.owner]) {
            _strike(bountyId, bounty, 0);
            _stakes.unlock(candidate.owner, BountyId.unwrap(bountyId), bounty.entryStake);
        } else {
            _strike(bountyId, bounty, bounty.entryStake);
            _stakes.slash(candidate.owner, BountyId.unwrap(bountyId), bounty.entryStake, address(0), 0, 0);
        }
        _callBest(bountyId);
    }

    function _closeSealing(BountyId bountyId) private {
        Bounty storage bounty = _bounties[bountyId];
        if (bounty.ballotOn[bounty.candidate].sealedWeight == 0) return _decide(bountyId);
        _enter(bountyId, Stage.Opening, _in(bounty.durations.opening));
    }

    function _decide(BountyId bountyId) private {
        Bounty storage bounty = _bounties[bountyId];
        uint32 entry = bounty.candidate;
        Ballot storage ballot = bounty.ballotOn[entry];
        (Verdict outcome, uint256 cast) = _tally(ballot);
        bool isQuorate = cast != 0 && cast * BPS >= ballot.totalWeight * quorumBps;
        uint128 pay = cast == 0 ? 0 : bounty.voterPay;
        ballot.outcome = outcome;
        ballot.pay = pay;
        bounty.voterPay -= pay;
        emit VoteDecided(bountyId, entry, outcome, isQuorate);
        _burnBonds(bountyId, entry, ballot.bonds);
        if (!isQuorate) _share(bountyId);
        else if (outcome == Verdict.Honest) _pay(bountyId);
        else if (outcome == Verdict.False) _convict(bountyId, pay);
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

    /// @param pay of the vote that found the candidate false, which its stake has to make good
    function _convict(BountyId bountyId, uint128 pay) private {
        Bounty storage bounty = _bounties[bountyId];
        address owner = bounty.entryAt[bounty.candidate].owner;
        isBanned[owner] = true;
        bounty.voterPay += pay;
        _strike(bountyId, bounty, bounty.entryStake);
        emit Banned(owner, bountyId);
        _stakes.slash(owner, BountyId.unwrap(bountyId), bounty.entryStake, address(0), 0, pay);
        _callBest(bountyId);
    }

    function _strike(BountyId bountyId, Bounty storage bounty, uint256 slashed) private {
        Entry storage entry = bounty.entryAt[bounty.candidate];
        entry.status = EntryStatus.Struck;
        ++bounty.struck;
        emit EntryStruck(bountyId, bounty.candidate, entry.owner, slashed);
    }

    function _pay(BountyId bountyId) private {
        Bounty storage bounty = _bounties[bountyId];
        _enter(bountyId, Stage.Paid, 0);
        _credit(bountyId, bounty.entryAt[bounty.candidate].owner, bounty.amount);
        _credit(bountyId, bounty.poster, bounty.voterPay);
    }

    function _share(BountyId bountyId) private {
        Bounty storage bounty = _bounties[bountyId];
        uint256 half = bounty.amount / 2;
        _enter(bountyId, Stage.Undecided, 0);
        _credit(bountyId, bounty.entryAt[bounty.candidate].owner, half);
        _credit(bountyId, bounty.poster, bounty.amount - half + bounty.voterPay);
    }

    function _return(BountyId bountyId) private {
        Bounty storage bounty = _bounties[bountyId];
        _enter(bountyId, Stage.Returned, 0);
        _credit(bountyId, bounty.poster, uint256(bounty.amount) + bounty.voterPay);
    }

    /// @dev There is an entry that was not struck: without one the set is not asked for, and a vote has its candidate.
    function _withhold(BountyId bountyId) private {
        Bounty storage bounty = _bounties[bountyId];
        uint32 sharing = bounty.entries - bounty.struck;
        uint128 share = bounty.amount / 2 / sharing;
        bounty.share = share;
        _enter(bountyId, Stage.Withheld, 0);
        _credit(bountyId, bounty.poster, bounty.voterPay);
        _token.burn(bounty.amount - uint256(share) * sharing);
    }

    function _enter(BountyId bountyId, Stage stage, uint64 endsAt) private {
        Bounty storage bounty = _bounties[bountyId];
        (bounty.stage, bounty.stageEndsAt) = (stage, endsAt);
        emit StageEntered(bountyId, stage, endsAt);
    }

    function _credit(BountyId bountyId, address account, uint256 amount) private {
        if (amount == 0) return;
        creditOf[account] += amount;
        emit Credited(bountyId, account, amount);
    }

    function _ownEntry(BountyId bountyId, uint32 entry) private view returns (Entry storage found) {
        found = _bounties[bountyId].entryAt[entry];
        require(msg.sender == found.owner, Bounty_NotTheOwner(bountyId, entry, msg.sender, found.owner));
    }

    function _in(uint32 duration) private view returns (uint64) {
        return SafeCast.toUint64(block.timestamp + duration);
    }

    function _requireValid(BountyParameters calldata p, uint128 voterPay) private pure {
        _requireRange("manifest.length", bytes(p.manifest).length, 1, LONGEST_ADDRESS);
        _requireRange("bounty", p.bounty, 1, type(uint128).max);
        // What a false entry forfeits pays for the next vote, and half of what is slashed has to burn.
        _requireRange("entryStake", p.entryStake, uint256(voterPay) * 2 + 1, type(uint128).max);
        _requireRange("durations.entry", p.durations.entry, 1, LONGEST_STAGE);
        _requireRange("durations.unsealing", p.durations.unsealing, 1, LONGEST_STAGE);
        _requireRange("durations.announcing", p.durations.announcing, 1, LONGEST_STAGE);
        _requireRange("durations.reveal", p.durations.reveal, 1, LONGEST_STAGE);
        _requireRange("durations.vote", p.durations.vote, 1, LONGEST_STAGE);
        _requireRange("durations.opening", p.durations.opening, 1, LONGEST_STAGE);
    }

    /// @dev The pay does not change between a candidate's reveal and its verdict, so neither does the bond.
    function _bondFor(uint256 weight, uint256 voterPay, uint256 totalWeight) private pure returns (uint256) {
        return Math.mulDiv(voterPay, weight, totalWeight, Math.Rounding.Ceil);
    }

    function _requireRange(string memory parameter, uint256 value, uint256 least, uint256 most) private pure {
        bool inside = value >= least && value <= most;
        require(inside, Bounty_ParameterOutOfRange(parameter, value, least, most));
    }

    function _requireOpens(bytes32 committed, bytes32 computed) private pure {
        require(committed == computed, Bounty_WrongOpening(committed, computed));
    }
}
