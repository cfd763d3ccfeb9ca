// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Record, Segment} from "../types/SegmentTypes.sol";
import {TaskId} from "../types/TaskTypes.sol";

/// @dev keccak256(abi.encode(taskId, slot, index, ticket)). A slot commits at most one segment over an iteration, and does
/// so before the seed that decides its tickets exists, so these four name one computation.
type ClaimId is bytes32;

using {claimIdEquals as ==} for ClaimId global;

function claimIdEquals(ClaimId a, ClaimId b) pure returns (bool) {
    return ClaimId.unwrap(a) == ClaimId.unwrap(b);
}

/// @title The mint of committed work
/// @notice Iterations that a slot committed in an epoch hold lottery tickets, drawn under the epoch's seed, which exists
/// only afterwards (DESIGN section 6). A lucky ticket is claimed by the slot's operator, attested by verifiers that the
/// seed draws and that re-run the iteration, and mints GRIST once the challenge window has passed.
///
/// ```
///                    k traces agree                mint, from settlesAt on
///   None -- claim --> Claimed -----------> Attested ------------------------> Minted
///                       |  |                  |
///      rounds are over  |  | report, or two   | report before settlesAt, or a reveal
///                       v  v traces differ    v that differs
///                  Expired Frozen          Frozen
/// ```
///
/// What is checked here: the iteration was committed in the epoch, in the only segment that the commit allows for it; the
/// ticket exists and is lucky with the y that the operator states. What is not computed here, that y is TensHash(seed, x)
/// and that the iteration was computed rightly, is what verifiers check before they attest; a verifier that finds
/// otherwise reports. Nobody decides over a frozen claim: until the dispute games exist it never mints.
///
/// Trust: the registry, beacon, pool and token are fixed at deployment. There is no owner.
interface IWorkMint {
    enum ClaimState {
        None,
        Claimed, // waits for attestations
        Attested, // k verifiers agree; waits for the challenge window
        Frozen, // a drawn verifier reported it, or attestations disagree: never mints
        Minted,
        Expired // not attested in time
    }

    struct Parameters {
        uint64 macsPerTicket; // T, multiply-accumulates that earn one ticket; 2^31 on public chains
        uint64 halvingEpochs; // epochs after which the emission halves
        uint32 wantedClaims; // per epoch, toward which the target is adjusted
        uint16 verifierShareBps; // of each reward, in 1/10,000
        uint8 verifiersPerClaim; // k, 1 to 8
        uint256 initialTarget; // of the first epoch that is opened
        uint256 initialEmission; // GRIST wei per epoch
        uint256 maxPerTicket; // GRIST wei
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
        address miner;
        TaskId taskId;
        uint64 epoch;
        uint64 claimedAt; // block
        uint8 attestations; // that agree
        bytes32 traceRoot; // of the iteration, as attested
        uint256 reward; // GRIST wei, once minted
    }

    /// @notice The epoch's target is fixed; its tickets may be claimed.
    event EpochOpened(uint64 indexed epoch, uint256 target);
    /// @notice A lucky ticket was claimed; its first round begins in this block.
    /// @dev Carries what a verifier needs to find the iteration and to recompute x and y.
    event TicketClaimed(
        ClaimId indexed claimId,
        TaskId indexed taskId,
        address indexed miner,
        uint32 slot,
        uint64 epoch,
        uint32 index,
        uint32 ticket,
        bytes32 segmentId,
        bytes32 y,
        bytes32 traceId
    );
    event AttestationCommitted(ClaimId indexed claimId, address indexed verifier, uint256 round);
    event AttestationRevealed(ClaimId indexed claimId, address indexed verifier, bytes32 traceRoot);
    /// @notice Enough verifiers agree on the trace.
    event ClaimAttested(ClaimId indexed claimId, bytes32 traceRoot);
    /// @notice The claim never mints. `reason` is what the verifier reported, or `DISAGREEMENT`.
    event ClaimFrozen(ClaimId indexed claimId, address indexed verifier, bytes32 reason);
    /// @notice `reward` was minted: `verifiersShare` to the attesters in equal parts, the rest to the miner.
    event RewardMinted(
        ClaimId indexed claimId,
        TaskId indexed taskId,
        address indexed miner,
        uint256 reward,
        uint256 verifiersShare
    );

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
    error WorkMint_TaskCancelled(TaskId taskId);
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
    /// @notice The ticket did not win.
    error WorkMint_NotLucky(bytes32 x, bytes32 y, uint256 target);
    error WorkMint_AlreadyClaimed(ClaimId claimId);
    /// @notice The action needs another state.
    error WorkMint_WrongState(ClaimId claimId, ClaimState state);
    /// @notice Only the verifier's operator acts for it.
    error WorkMint_NotTheVerifiersOperator(address caller, address operator);
    /// @notice The verifier is not drawn for this round of the claim.
    error WorkMint_NotDrawn(ClaimId claimId, address verifier, uint256 round);
    /// @notice Commits are accepted in the first half of a round.
    error WorkMint_NotCommitting(ClaimId claimId, uint256 round);
    /// @notice Reveals are accepted in the second half of a round.
    error WorkMint_NotRevealing(ClaimId claimId, uint256 round);
    error WorkMint_EmptySeal(ClaimId claimId, address verifier);
    error WorkMint_AlreadySealed(ClaimId claimId, address verifier, uint256 round);
    error WorkMint_AlreadyAttested(ClaimId claimId, address verifier);
    /// @notice The verifier committed nothing in this round, or has revealed it.
    error WorkMint_NothingSealed(ClaimId claimId, address verifier, uint256 round);
    /// @notice Trace root and salt do not open what the verifier committed.
    error WorkMint_SealMismatch(ClaimId claimId, address verifier, bytes32 sealedRoot, bytes32 opened);
    /// @notice The challenge window is over since block `settledAt`.
    error WorkMint_Settled(ClaimId claimId, uint64 settledAt);
    /// @notice Rewards of the claim's epoch may be minted from block `settlesAt` on.
    error WorkMint_NotSettled(ClaimId claimId, uint64 settlesAt);
    /// @notice What the task burned is used up (or nothing was burned yet), or the token's cap is reached. The claim
    /// stays attested and can be minted when that changes.
    error WorkMint_NothingToMint(ClaimId claimId);

    // --- anyone

    /// @notice Fixes the epoch's target, from the last epoch opened before it. Done by the first claim too.
    /// @dev Needs the seed proven, claims still open, and work committed in the epoch, so that nobody can raise the
    /// target by opening idle epochs. Returns the target of an open epoch unchanged.
    function openEpoch(uint64 epoch) external returns (uint256 target);

    /// @notice Mints an attested claim's reward from `settlesAt(epoch)` on: the epoch's emission divided by its accepted
    /// claims, but at most `maxPerTicket`, what is left of the task's cap and of the token's.
    /// @dev Anybody may call; the parts go to the slot's owner at the time of the claim and the attesters. Where a task's
    /// cap does not suffice for all its claims, they are served in the order of these calls.
    /// @return reward GRIST wei
    function mint(ClaimId claimId) external returns (uint256 reward);

    // --- miner's operator

    /// @notice Claims a lucky ticket. The caller is the slot's operator: it alone vouches for y and traceId, which are not
    /// computed here, so nobody else can spoil a ticket by claiming it with wrong ones.
    function claim(Claim calldata claim_) external returns (ClaimId);

    // --- drawn verifier's operator

    /// @notice In the first half of a round: fixes an attestation without showing it.
    /// @param sealedRoot keccak256(abi.encode(claimId, verifier, traceRoot, salt)); the verifier in it makes a copied seal
    /// worthless
    function commitAttestation(ClaimId claimId, address verifier, bytes32 sealedRoot) external;

    /// @notice In the second half: opens it. The k-th that agrees makes the claim attested; one that differs freezes it.
    function revealAttestation(ClaimId claimId, address verifier, bytes32 traceRoot, bytes32 salt) external;

    /// @notice Freezes a claim: y, the iteration or the data does not hold. For a verifier drawn in the current round or
    /// an earlier one that has not attested, until the claim expires or settles.
    /// @param reason free to choose, shown in the event
    function report(ClaimId claimId, address verifier, bytes32 reason) external;

    // --- views

    function claimOf(ClaimId claimId) external view returns (ClaimView memory);

    /// @notice The epoch's target; for an epoch that is not open the one it would be opened with, which is final as soon
    /// as its seed can exist. 0 for an epoch that was left out and can no longer be opened.
    function targetOf(uint64 epoch) external view returns (uint256);

    /// @notice Claims made and claims attested (and not frozen) in the epoch.
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

    /// @notice The verifier that seat `seat` of the round draws for the claim (rounds follow each other while attestations
    /// are missing); zero if the pool was empty.
    function drawnVerifier(ClaimId claimId, uint32 round, uint8 seat) external view returns (address);

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
