// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Heap} from "@openzeppelin/contracts/utils/structs/Heap.sol";

import {IBounties} from "../interfaces/IBounties.sol";
import {IGristToken} from "../interfaces/IGristToken.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {BountyId, EntryStatus, Scoring, Stage, Standing, StandingLib} from "../types/BountyTypes.sol";

/// @title BountyBase
/// @notice See {IBounties}. What is left to a kind of bounty: what is posted, announced and revealed, and how a revealed
/// model is judged.
abstract contract BountyBase is IBounties, ReentrancyGuardTransient {
    using SafeERC20 for IGristToken;
    using Heap for Heap.Uint256Heap;

    struct Entry {
        address owner;
        EntryStatus status;
        uint64 loss;
        bytes32 commitment;
    }

    struct Bounty {
        address poster;
        Stage stage;
        Scoring scoring;
        uint64 stageEndsAt;
        // --- one word
        uint32 entries;
        uint32 struck;
        uint32 candidate;
        uint32 unsealing; // seconds of the stages that follow
        uint32 announcing;
        uint32 reveal;
        // --- one word
        uint128 amount;
        uint128 entryStake;
        // --- one word
        uint128 share; // of each entry, once withheld
        bytes32 scoringCommitment;
        Heap.Uint256Heap ranking; // announced entries that were not called yet, as {Standing}
        mapping(uint32 entry => Entry) entryAt;
    }

    uint256 internal constant LONGEST_STAGE = 365 days;
    uint256 internal constant LONGEST_ADDRESS = 256;

    IGristToken internal immutable _token;
    IStakeManager internal immutable _stakes;

    mapping(BountyId => Bounty) internal _bounties;
    mapping(address account => uint256) public override creditOf;
    mapping(address account => bool) public override isBanned;

    constructor(IGristToken token, IStakeManager stakes) {
        (_token, _stakes) = (token, stakes);
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

    /// @inheritdoc IBounties
    function cancel(BountyId bountyId) external nonReentrant during(bountyId, Stage.Entry) onlyPoster(bountyId) {
        uint32 entries = _bounties[bountyId].entries;
        require(entries == 0, Bounty_HasEntries(bountyId, entries));
        _return(bountyId);
    }

    /// @inheritdoc IBounties
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

    /// @inheritdoc IBounties
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

    /// @inheritdoc IBounties
    function advance(BountyId bountyId) external nonReentrant returns (Stage) {
        return _advance(bountyId);
    }

    /// @inheritdoc IBounties
    function withdraw() external nonReentrant returns (uint256 amount) {
        amount = creditOf[msg.sender];
        require(amount != 0, Bounty_NoCredit(msg.sender));

        creditOf[msg.sender] = 0;
        emit CreditWithdrawn(msg.sender, amount);
        _token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IBounties
    function leaderOf(BountyId bountyId) external view returns (uint256 waiting, uint32 entry) {
        Heap.Uint256Heap storage ranking = _bounties[bountyId].ranking;
        waiting = ranking.length();
        if (waiting != 0) entry = Standing.wrap(ranking.peek()).entryOf();
    }

    // --- what a kind of bounty decides

    /// @dev The stage in which a revealed model is judged has run out.
    function _judge(BountyId bountyId, Stage stage) internal virtual;

    /// @dev What the poster gets back besides the bounty when it ends without a winner, or with the winner paid.
    function _unspentOf(BountyId bountyId) internal view virtual returns (uint256);

    // --- stages

    /// @dev The transition table: carries out what the clock has made due, and returns the stage that follows. A silent
    /// candidate's successor has a window that begins now, so no call strikes two.
    function _advance(BountyId bountyId) internal returns (Stage stage) {
        Bounty storage bounty = _bounties[bountyId];
        stage = bounty.stage;
        require(stage != Stage.None, Bounty_Unknown(bountyId));
        uint64 endsAt = bounty.stageEndsAt;
        if (stage >= Stage.Paid || block.timestamp < endsAt) return stage;

        if (stage == Stage.Entry && bounty.scoring == Scoring.Sealed && bounty.entries != 0) {
            _enter(bountyId, Stage.Unsealing, endsAt + bounty.unsealing);
            return _advance(bountyId);
        }
        if (stage == Stage.Unsealing) _withhold(bountyId);
        else if (stage == Stage.Reveal) _strikeSilent(bountyId);
        else if (stage > Stage.Reveal) _judge(bountyId, stage);
        else _callBest(bountyId);
        return bounty.stage;
    }

    /// @dev Calls the best entry that is left. One of a banned account has no window and is struck by the next call.
    function _callBest(BountyId bountyId) internal {
        Bounty storage bounty = _bounties[bountyId];
        if (bounty.ranking.length() == 0) return _return(bountyId);
        uint32 entry = Standing.wrap(bounty.ranking.pop()).entryOf();
        address owner = bounty.entryAt[entry].owner;
        uint64 endsAt = _in(isBanned[owner] ? 0 : bounty.reveal);
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

    /// @dev Strikes and bans the candidate, whose announcement was found false, and calls the next one.
    /// @param accuser whose free stake `reward` becomes; the contract itself gets `forfeit`, and the rest burns
    function _convictCandidate(BountyId bountyId, address accuser, uint256 reward, uint256 forfeit) internal {
        Bounty storage bounty = _bounties[bountyId];
        address owner = bounty.entryAt[bounty.candidate].owner;
        isBanned[owner] = true;
        _strike(bountyId, bounty, bounty.entryStake);
        emit Banned(owner, bountyId);
        _stakes.slash(owner, BountyId.unwrap(bountyId), bounty.entryStake, accuser, reward, forfeit);
        _callBest(bountyId);
    }

    function _strike(BountyId bountyId, Bounty storage bounty, uint256 slashed) private {
        Entry storage entry = bounty.entryAt[bounty.candidate];
        entry.status = EntryStatus.Struck;
        ++bounty.struck;
        emit EntryStruck(bountyId, bounty.candidate, entry.owner, slashed);
    }

    function _pay(BountyId bountyId) internal {
        Bounty storage bounty = _bounties[bountyId];
        _enter(bountyId, Stage.Paid, 0);
        _credit(bountyId, bounty.entryAt[bounty.candidate].owner, bounty.amount);
        _credit(bountyId, bounty.poster, _unspentOf(bountyId));
    }

    function _return(BountyId bountyId) private {
        Bounty storage bounty = _bounties[bountyId];
        _enter(bountyId, Stage.Returned, 0);
        _credit(bountyId, bounty.poster, bounty.amount + _unspentOf(bountyId));
    }

    /// @dev There is an entry that was not struck: without one the set is not asked for, and a vote has its candidate.
    function _withhold(BountyId bountyId) internal {
        Bounty storage bounty = _bounties[bountyId];
        uint32 sharing = bounty.entries - bounty.struck;
        uint128 share = bounty.amount / 2 / sharing;
        bounty.share = share;
        _enter(bountyId, Stage.Withheld, 0);
        _credit(bountyId, bounty.poster, _unspentOf(bountyId));
        _token.burn(bounty.amount - uint256(share) * sharing);
    }

    function _enter(BountyId bountyId, Stage stage, uint64 endsAt) internal {
        Bounty storage bounty = _bounties[bountyId];
        (bounty.stage, bounty.stageEndsAt) = (stage, endsAt);
        emit StageEntered(bountyId, stage, endsAt);
    }

    // --- helpers

    /// @dev Opens a bounty whose terms the caller has noted for entries, and takes `escrow` of the poster.
    function _post(BountyId bountyId, uint32 entrySeconds, uint256 escrow) internal {
        _enter(bountyId, Stage.Entry, _in(entrySeconds));
        _token.safeTransferFrom(msg.sender, address(this), escrow);
    }

    /// @dev A bounty of the caller that is not there yet.
    function _newBounty(bytes32 specHash, bytes32 salt) internal returns (BountyId bountyId, Bounty storage bounty) {
        bountyId = BountyId.wrap(keccak256(abi.encode(block.chainid, address(this), msg.sender, specHash, salt)));
        bounty = _bounties[bountyId];
        require(bounty.stage == Stage.None, Bounty_Exists(bountyId));
        bounty.poster = msg.sender;
    }

    /// @dev Notes an own entry's announcement, if it is time for it, and ranks it.
    function _announce(BountyId bountyId, uint32 entry, uint64 loss) internal {
        Stage stage = _advance(bountyId);
        Bounty storage bounty = _bounties[bountyId];
        bool isTime = stage == (bounty.scoring == Scoring.Open ? Stage.Entry : Stage.Announcing);
        require(isTime, Bounty_WrongStage(bountyId, stage));
        Entry storage announced = _ownEntry(bountyId, entry);
        bool isNew = announced.status == EntryStatus.Committed;
        require(isNew, Bounty_WrongStatus(bountyId, entry, announced.status));

        (announced.status, announced.loss) = (EntryStatus.Announced, loss);
        bounty.ranking.insert(Standing.unwrap(StandingLib.rank(loss, entry)));
    }

    /// @dev Reverts unless the caller made the candidate's entry and committed to this model.
    function _requireOwnCandidate(BountyId bountyId, bytes32 modelHash, bytes32 salt) internal view {
        bytes32 committed = _ownEntry(bountyId, _bounties[bountyId].candidate).commitment;
        _requireOpens(committed, keccak256(abi.encode(bountyId, msg.sender, modelHash, salt)));
    }

    function _credit(BountyId bountyId, address account, uint256 amount) internal {
        if (amount == 0) return;
        creditOf[account] += amount;
        emit Credited(bountyId, account, amount);
    }

    function _ownEntry(BountyId bountyId, uint32 entry) private view returns (Entry storage found) {
        found = _bounties[bountyId].entryAt[entry];
        require(msg.sender == found.owner, Bounty_NotTheOwner(bountyId, entry, msg.sender, found.owner));
    }

    function _in(uint32 duration) internal view returns (uint64) {
        return SafeCast.toUint64(block.timestamp + duration);
    }

    function _requireManifest(string calldata manifest) internal pure {
        _requireRange("manifest.length", bytes(manifest).length, 1, LONGEST_ADDRESS);
    }

    function _requireStage(string memory parameter, uint32 duration, uint256 least) internal pure {
        _requireRange(parameter, duration, least, LONGEST_STAGE);
    }

    function _requireRange(string memory parameter, uint256 value, uint256 least, uint256 most) internal pure {
        bool inside = value >= least && value <= most;
        require(inside, Bounty_ParameterOutOfRange(parameter, value, least, most));
    }

    function _requireOpens(bytes32 committed, bytes32 computed) internal pure {
        require(committed == computed, Bounty_WrongOpening(committed, computed));
    }
}
