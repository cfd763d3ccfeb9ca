// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Attestation} from "../types/AttestationTypes.sol";
import {ClaimDetails, ClaimId} from "../types/ClaimTypes.sol";
import {Record, Segment} from "../types/SegmentTypes.sol";
import {TaskId} from "../types/TaskTypes.sol";

/// @title The mint of committed work
/// @notice Iterations that a slot committed in an epoch hold lottery tickets, drawn under the epoch's seed, which exists
/// only afterwards (DESIGN section 6). A lucky ticket is claimed by the slot's operator, attested by verifiers that the
/// seed draws and that re-run the iteration, and mints GRIST once the challenge window has passed.
///
/// ```
///                  k traces agree             mint, after the window            payVerifiers
///   None -- claim --> Claimed -----------> Attested ------------------> Minted --------------> Paid
///                       |  |                  |
///      rounds are over  |  |     discard      | discard, both only for a convicted slot
///                       v  v                  v
///                  Expired  Void            Void
/// ```
///
/// What is checked here: the iteration was committed in the epoch, in the only segment that the commit allows for it; the
/// ticket exists and is lucky with the y that the operator states. What is not computed here, that y is TensHash(seed, x)
/// and that the iteration was computed rightly, is what verifiers check before they attest. A verifier that finds
/// otherwise does not attest, and challenges the slot in the court ({ICourt}); nobody can stop a claim but by winning.
///
/// **Windows.** A claim's window ends at `settlesAt` of its epoch, later by as many blocks as disputes have suspended its
/// slot since the claim. A conviction voids all claims of the slot that are not minted.
///
/// **Bond.** The rewards that a slot may still lose never exceed its stake. Each claim in its window is reckoned at
/// `maxPerTicket`, whatever becomes of it, and all of a slot's together at no more than its task can still mint. Windows
/// end, as far as this is concerned, with the period in which they end, a seventh of the longest window.
///
/// **Details.** Of a claim one word is kept. {TicketClaimed} shows what it states, and whoever acts on it passes that again.
///
/// Trust: the registry, beacon, pool and token are fixed at deployment. There is no owner.
interface IWorkMint {
    enum ClaimState {
        None,
        Claimed, // waits for attestations
        Attested, // k verifiers agree; waits for the end of its window
        Minted, // the miner has its part, the verifiers' is set aside
        Paid, // and the verifiers have theirs
        Expired, // not attested in time
        Void // of a convicted slot, and taken out of its epoch's accepted claims
    }

    struct Parameters {
        uint64 macsPerTicket; // T, multiply-accumulates that earn one ticket; 2^31 on public chains
        uint64 halvingEpochs; // epochs after which the emission halves
        uint32 wantedClaims; // per epoch, toward which the target is adjusted
        uint16 verifierShareBps; // of each reward, in 1/10,000
        uint8 verifiersPerClaim; // k, 1 to 8
        uint256 initialTarget; // of the first epoch that is opened
        uint256 initialEmission; // GRIST wei per epoch
        uint256 maxPerTicket; // GRIST wei; what each claim is reckoned at that a slot's stake must bear
    }

    struct Claim {
        Segment segment;
        bytes signature; // EIP-712, by the slot's operator, 65 bytes r || s || v
        bytes32[] segmentProof; // segmentId in the commit's segmentsRoot, at leaf (first - commit.first) / c
        Record record;
        bytes32[] recordProof; // record in segment.recordsRoot, at leaf index - first
        uint64 epoch; // in which the segment was committed
        uint32 ticket; // j
        bytes32 y; // TensHash(epochSeed, x)
        bytes32 traceId; // tensorId of the u8 [65][128] states
    }

    struct ClaimView {
        ClaimState state; // as of now, rounds that have passed counted in
        uint8 attestations; // revealed, of whatever root
        uint40 claimedAt; // block
        bytes20 digest; // of the details: the first 20 bytes of keccak256(abi.encode(details))
    }

    /// @notice The epoch's target is fixed; its tickets may be claimed.
    event EpochOpened(uint64 indexed epoch, uint256 target);
    /// @notice A lucky ticket was claimed; its first round begins in this block.
    event TicketClaimed(ClaimId indexed claimId, TaskId indexed taskId, address indexed miner, ClaimDetails details);
    /// @notice Somebody sealed an attestation; of which claim and by which verifier shows when it is opened.
    event AttestationSealed(bytes32 indexed sealedRoot);
    event AttestationRevealed(ClaimId indexed claimId, address indexed verifier, bytes32 traceRoot);
    /// @notice The verifier's root is not the one that others revealed before: some attestation of this claim is false.
    event AttestationsDiffer(ClaimId indexed claimId, address indexed verifier, bytes32 traceRoot);
    /// @notice Enough verifiers agree on the trace.
    event ClaimAttested(ClaimId indexed claimId, bytes32 traceRoot);
    /// @notice The claim of a convicted slot has no part in its epoch's emission any more.
    event ClaimDiscarded(ClaimId indexed claimId);
    /// @notice `reward` counts as minted: the miner has it but for `verifiersPart`.
    event RewardMinted(
        ClaimId indexed claimId,
        TaskId indexed taskId,
        address indexed miner,
        uint256 reward,
        uint256 verifiersPart
    );
    /// @notice Each of the verifiers has `share` of the claim's reward.
    event VerifiersPaid(ClaimId indexed claimId, address[] verifiers, uint256 share);

    /// @notice `parameter` must be from `least` to `most`.
    error WorkMint_ParameterOutOfRange(string parameter, uint256 value, uint256 least, uint256 most);
    /// @notice Prove the epoch's seed first (`IEpochBeacon.proveSeed`).
    error WorkMint_SeedNotProven(uint64 epoch);
    /// @notice Claims of the epoch were accepted up to block `closedAt`.
    error WorkMint_ClaimsClosed(uint64 epoch, uint64 closedAt);
    /// @notice No work was committed in the epoch, so it has no tickets.
    error WorkMint_IdleEpoch(uint64 epoch);
    /// @notice Only the slot's operator states y and the trace, for which the slot is liable.
    error WorkMint_NotTheOperator(address caller, address operator);
    /// @notice The slot was dropped from the task for its silence.
    error WorkMint_SlotDropped(TaskId taskId, uint32 slot);
    /// @notice The slot committed nothing in the epoch.
    error WorkMint_NothingCommitted(TaskId taskId, uint32 slot, uint64 epoch);
    /// @notice The commit covers `first` to `last`.
    error WorkMint_OutsideCommit(uint32 index, uint32 first, uint32 last);
    /// @notice The commit divides into segments of c iterations, the last one possibly shorter; this is none of them.
    error WorkMint_NotASegmentOfTheCommit(uint32 first, uint32 last);
    /// @notice The segment is not the one that the commit fixed for these iterations.
    error WorkMint_SegmentNotCommitted(bytes32 segmentId, uint256 leaf);
    /// @notice The segment's signature is by `signer` (under this registry's domain), not by the operator.
    error WorkMint_WrongSigner(address signer, address operator);
    /// @notice The record belongs to an iteration outside `first` to `last`.
    error WorkMint_OutsideSegment(uint32 index, uint32 first, uint32 last);
    /// @notice The record is not the segment's record of its iteration.
    error WorkMint_RecordNotInSegment(bytes32 recordHash, uint256 leaf);
    /// @notice The iteration has `tickets` tickets, numbered from 0.
    error WorkMint_NoSuchTicket(uint32 ticket, uint256 tickets);
    /// @notice The slot's claims are void for good, and it makes no others.
    error WorkMint_SlotConvicted(TaskId taskId, uint32 slot);
    /// @notice A dispute over the slot is open or waits, and its windows stand still.
    error WorkMint_SlotSuspended(TaskId taskId, uint32 slot);
    /// @notice Only claims of convicted slots are discarded.
    error WorkMint_SlotNotConvicted(TaskId taskId, uint32 slot);
    /// @notice With this claim the slot's locked rewards would exceed its stake. It would take a stake of `needed`, or
    /// waiting until block `retryAt`, when windows of earlier claims have ended (0: no waiting helps). A suspension
    /// moves that block on.
    error WorkMint_StakeTooLow(TaskId taskId, uint32 slot, uint256 stake, uint256 needed, uint256 retryAt);
    /// @notice The ticket did not win.
    error WorkMint_NotLucky(bytes32 x, bytes32 y, uint256 target);
    error WorkMint_AlreadyClaimed(ClaimId claimId);
    /// @notice The ticket was not claimed, or not with these details: take them from {TicketClaimed}.
    error WorkMint_WrongDetails(ClaimId claimId, bytes20 given, bytes20 claimed);
    /// @notice The action needs another state.
    error WorkMint_WrongState(ClaimId claimId, ClaimState state);
    /// @notice Only the operator of the verifier that the seat draws acts for it; both are zero if the pool was empty.
    error WorkMint_NotTheVerifiersOperator(address caller, address verifier, address operator);
    /// @notice A round has k seats, numbered from 0.
    error WorkMint_NoSuchSeat(uint8 seat, uint8 seats);
    /// @notice Reveals are accepted in the second half of a round.
    error WorkMint_NotRevealing(ClaimId claimId, uint256 round);
    /// @notice The claim was attested in an earlier round, and needs no more.
    error WorkMint_NotNeeded(ClaimId claimId, uint256 round);
    error WorkMint_AlreadyAttested(ClaimId claimId, address verifier);
    /// @notice What root and salt hash to was not sealed in the first half of this round.
    error WorkMint_NotSealed(ClaimId claimId, address verifier, uint256 round, bytes32 opened);
    /// @notice The shares of the epoch's claims are final since block `settledAt`.
    error WorkMint_Settled(ClaimId claimId, uint64 settledAt);
    /// @notice The claim's window ends at block `settlesAt`, later if the slot is suspended before.
    error WorkMint_NotSettled(ClaimId claimId, uint256 settlesAt);
    /// @notice What the task burned is used up (or nothing was burned yet), or the token's cap is reached. The claim
    /// stays attested and can be minted when that changes.
    error WorkMint_NothingToMint(ClaimId claimId);

    // --- anyone

    /// @notice Fixes the epoch's target, from the last epoch opened before it. Done by the first claim too.
    /// @dev Needs the seed proven, claims still open, and work committed in the epoch, so that nobody can raise the
    /// target by opening idle epochs. Returns the target of an open epoch unchanged.
    function openEpoch(uint64 epoch) external returns (uint256 target);

    /// @notice Mints an attested claim's reward when its window has passed: the epoch's emission divided by its accepted
    /// claims, but at most `maxPerTicket`, what is left of the task's cap and of the token's. The slot's owner at the time
    /// of the claim gets it but for the verifiers' part, which {payVerifiers} mints; where a cap cuts the reward, the
    /// verifiers get theirs at once.
    /// @dev Anybody may call. Where a task's cap does not suffice for all its claims, they are served in the order of these
    /// calls.
    /// @return reward GRIST wei, the verifiers' part included
    function mint(ClaimDetails calldata details) external returns (uint256 reward);

    /// @notice Mints the verifiers' part of minted claims, in equal shares to those that attested the accepted root;
    /// remainders of division are not minted.
    /// @dev Anybody may call. Apart from {mint}, so that a miner does not pay for the number of its verifiers and they can
    /// be paid for many claims together. Claims that are Paid are passed over: somebody else was first. While the token's
    /// cap is reached it reverts, and can be repeated later.
    function payVerifiers(ClaimDetails[] calldata claims) external;

    /// @notice Takes a claim of a convicted slot out of its epoch's accepted claims, so that the others share the whole
    /// emission. Possible until the epoch settles; the claim is void anyway.
    function discard(ClaimDetails calldata details) external;

    // --- miner's operator

    /// @notice Claims a lucky ticket. The caller is the slot's operator: it alone vouches for y and traceId, which are not
    /// computed here, so nobody else can spoil a ticket by claiming it with wrong ones.
    function claim(Claim calldata claim_) external returns (ClaimId);

    // --- drawn verifier's operator

    /// @notice Fixes an attestation without showing it. To count, it must be sealed in the first half of the round in
    /// which it is revealed.
    /// @dev Anybody may seal anything: what was sealed, for which claim, and whether its verifier was drawn is checked when
    /// it is opened. Sealing the same again changes nothing, so nobody can spoil a seal by copying it.
    /// @param sealedRoot keccak256(abi.encode(claimId, verifier, traceRoot, salt)); the verifier in it makes a copied seal
    /// worthless
    function sealAttestation(bytes32 sealedRoot) external;

    /// @notice Opens the seal of the verifier that `seat` draws, in the second half of a round. Each root is counted by
    /// itself: the k-th attestation of the same makes the claim attested, one that differs changes nothing. Others of the
    /// round in which that happens are still taken, those of later rounds are not.
    /// @dev The verifiers of the accepted root are credited in the registry, and get their part of the reward.
    /// @param traceRoot the trace of the claimed iteration with everything that it reads: keccak256(abi.encode(traceCase)),
    /// see {TraceCase}. What it reads is in it so that nobody can set another input under an honest verifier's trace
    /// ({IPerjury})
    function revealAttestation(ClaimDetails calldata details, uint8 seat, bytes32 traceRoot, bytes32 salt) external;

    // --- views

    function claimOf(ClaimId claimId) external view returns (ClaimView memory);

    /// @notice Whether exactly this was claimed, whatever has become of the claim since: what a dispute over it relies on.
    function isClaimed(ClaimDetails calldata details) external view returns (bool);

    /// @notice All attestations of the claim, in the order of their reveals: {IPerjury} convicts those that are false.
    function attestationsOf(ClaimId claimId) external view returns (Attestation[] memory);

    /// @notice First block in which the claim's reward may be minted if it is attested; later if its slot is suspended
    /// before.
    function mintableAt(ClaimDetails calldata details) external view returns (uint256);

    /// @notice Claims of the slot that are locked against its stake now: in their windows, rounded up to whole periods.
    function lockedClaimsOf(TaskId taskId, uint8 slot) external view returns (uint256);

    /// @notice The epoch's target; for an epoch that is not open the one it would be opened with, which is final as soon
    /// as its seed can exist. 0 for an epoch that was left out and can no longer be opened.
    function targetOf(uint64 epoch) external view returns (uint256);

    /// @notice Claims made, and claims attested and not discarded, in the epoch.
    function claimsIn(uint64 epoch) external view returns (uint32 made, uint32 accepted);

    function macsPerTicket() external view returns (uint64);

    /// @notice k.
    function verifiersPerClaim() external view returns (uint8);

    /// @notice Tickets of iteration `index`, floor((index+1) * macs / T) - floor(index * macs / T).
    function ticketsOf(uint64 macs, uint32 index) external view returns (uint256);

    /// @notice x, the TensHash's input of a ticket.
    function ticketInput(
        TaskId taskId,
        address miner,
        uint8 slot,
        uint32 index,
        bytes32 work,
        uint32 ticket
    ) external view returns (bytes32);

    /// @notice Whether `uint256(keccak256(abi.encode(y, x))) <= targetOf(epoch)`.
    function isLucky(uint64 epoch, bytes32 x, bytes32 y) external view returns (bool);

    /// @notice The verifier that seat `seat` of the round draws for a claim of the epoch (rounds follow each other while
    /// attestations are missing); zero if the pool was empty.
    function drawnVerifier(ClaimId claimId, uint64 epoch, uint32 round, uint8 seat) external view returns (address);

    /// @notice The claim's round by block number, and whether it is in its second half. `attestationRounds` and later
    /// mean that the rounds are over.
    function roundOf(ClaimId claimId) external view returns (uint32 round, bool revealing);

    /// @notice GRIST wei that the claims of an epoch share.
    function emissionOf(uint64 epoch) external view returns (uint256);

    /// @notice GRIST wei that the task's tickets have minted.
    function mintedFor(TaskId taskId) external view returns (uint256);

    /// @notice Most that they may mint: 90 % of what the task burned.
    function mintCapOf(TaskId taskId) external view returns (uint256);
}
