// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Attestation} from "../types/AttestationTypes.sol";
import {AuditDetails, AuditId} from "../types/AuditTypes.sol";
import {TaskId} from "../types/TaskTypes.sol";

/// @title Audits that the seed draws
/// @notice Verifiers run lucky claims again ({IWorkMint}); work that never claims would be run again by nobody, and copying
/// would pay best of all (docs/ECONOMY.md). So the seed of an epoch, which is known only after its commits, also draws some
/// of the segments that were committed in it, and verifiers for each. Nobody calls anything for that: the draw is a function
/// of chain and seed that everybody can compute, and nobody can choose, add or leave out.
///
/// **Chance.** Every segment that a task orders has the same: `quotaBps` of the attestations that the client ordered, in
/// audits of k attestations each, over all segments of the slots that joined. So neither the length of an epoch nor a slot's
/// pace changes how likely a segment is to be looked at, and claims find paid attestations, too. What of a slot is not
/// true is drawn with the chance 1 - (1 - chance)^(number of its segments).
///
/// **Rounds.** All audits of an epoch have the same: `attestationRounds` of twice `attestationBlocks` from
/// `IEpochBeacon.claimsCloseAt` on, as the last claim of the epoch has. They end before the epoch settles, and so before the
/// task does. A seat that stays silent is drawn anew in the next round, and holds up nobody: an audit that nobody attests
/// changes nothing.
///
/// **What is attested** is the whole segment: of each iteration the hash of its trace with all that it reads. Verifiers that
/// agree with k of their kind are credited in the registry, as for claims; a false attestation costs the stake ({IPerjury}).
/// A verifier that finds the segment false does not attest, and challenges its slot in the court; one that cannot get it
/// asks for it ({IDemands-demandCommitted}), and the slot that cannot show what it committed is convicted.
///
/// Trust: registry, beacon and pool are fixed at deployment. There is no owner.
interface IAudits {
    struct Parameters {
        uint16 quotaBps; // part of the ordered attestations for which audits are drawn, in 1/10,000; at least 1
        uint8 verifiersPerAudit; // k, 1 to 8
    }

    struct AuditView {
        uint8 attestations; // revealed, of whatever traces
        bool agreed; // k verifiers agree
        bytes20 digest; // of the details: the first 20 bytes of keccak256(abi.encode(details)); 0 if nobody attested
    }

    /// @notice Somebody sealed an attestation; of which segment and by which verifier shows when it is opened.
    event AttestationSealed(bytes32 indexed sealedRoot);
    /// @notice The verifier attests the segment with these traces; the attestation's root is keccak256(abi.encode(traces)).
    event SegmentAttested(
        AuditId indexed auditId,
        TaskId indexed taskId,
        address indexed verifier,
        AuditDetails details,
        bytes32[] traces
    );
    /// @notice The verifier's traces are not those that others revealed before: some attestation of the segment is false.
    event AttestationsDiffer(AuditId indexed auditId, address indexed verifier, bytes32 traceRoot);
    /// @notice Enough verifiers agree on the segment's traces.
    event AuditAgreed(AuditId indexed auditId, TaskId indexed taskId, bytes32 traceRoot);

    /// @notice `parameter` must be from `least` to `most`.
    error Audits_ParameterOutOfRange(string parameter, uint256 value, uint256 least, uint256 most);
    /// @notice Attestations are opened in the second halves of the epoch's rounds, the first of which begins with block
    /// `startsAt`.
    error Audits_NotRevealing(uint64 epoch, uint256 startsAt);
    /// @notice Prove the epoch's seed first (`IEpochBeacon.proveSeed`): without it nothing is drawn.
    error Audits_SeedNotProven(uint64 epoch);
    /// @notice The slot committed no segment that begins with iteration `first` in the epoch.
    error Audits_NotCommitted(TaskId taskId, uint32 slot, uint64 epoch, uint32 first);
    /// @notice The segment is not the one that the commit fixed at this place.
    error Audits_OtherSegment(bytes32 segmentId, uint256 place);
    /// @notice The epoch's seed does not draw this segment.
    error Audits_NotDrawn(AuditId auditId);
    /// @notice What a convicted slot did counts no more.
    error Audits_SlotConvicted(TaskId taskId, uint32 slot);
    /// @notice An attestation has a trace for each of the segment's iterations.
    error Audits_WrongTraces(uint256 given, uint256 iterations);
    /// @notice A round has k seats, numbered from 0.
    error Audits_NoSuchSeat(uint8 seat, uint8 seats);
    /// @notice Only the operator of the verifier that the seat draws acts for it; both are zero if the pool was empty.
    error Audits_NotTheVerifiersOperator(address caller, address verifier, address operator);
    /// @notice k verifiers agreed in an earlier round, and no more are needed.
    error Audits_NotNeeded(AuditId auditId, uint256 round);
    error Audits_AlreadyAttested(AuditId auditId, address verifier);
    /// @notice What traces and salt hash to was not sealed in the first half of this round.
    error Audits_NotSealed(AuditId auditId, address verifier, uint256 round, bytes32 opened);

    // --- drawn verifier's operator

    /// @notice Fixes an attestation without showing it. To count, it must be sealed in the first half of the round in which
    /// it is revealed.
    /// @dev Anybody may seal anything, as in {IWorkMint-sealAttestation}.
    /// @param sealedRoot keccak256(abi.encode(auditId, verifier, traceRoot, salt)), traceRoot being
    /// keccak256(abi.encode(traces)); the verifier in it makes a copied seal worthless
    function sealAttestation(bytes32 sealedRoot) external;

    /// @notice Opens the seal of the verifier that `seat` draws, in the second half of a round. The k-th attestation of the
    /// same traces makes the audit agreed, and credits the verifiers that it agrees with; one that differs changes nothing.
    /// Others of the round in which that happens are still taken, those of later rounds are not.
    /// @param proof of the segment's id in the commit's segmentsRoot
    /// @param traces for each iteration of the segment, in order, the hash of its trace with all that it reads:
    /// keccak256(abi.encode(traceCase)), see {TraceCase}
    function revealAttestation(
        AuditDetails calldata details,
        bytes32[] calldata proof,
        uint8 seat,
        bytes32[] calldata traces,
        bytes32 salt
    ) external;

    // --- views

    /// @notice k.
    function verifiersPerAudit() external view returns (uint8);

    /// @notice Part of the ordered attestations for which audits are drawn, in 1/10,000.
    function quotaBps() external view returns (uint16);

    /// @notice A committed segment is drawn if uint256(keccak256(abi.encode(seed, auditId))) is less than this.
    function chanceOf(TaskId taskId) external view returns (uint256);

    /// @notice First iterations of all segments of a slot's commit that the epoch's seed draws. Reverts before it is proven.
    /// @dev Reads each segment of the commit: for calls from outside.
    function drawnIn(TaskId taskId, uint8 slot, uint64 epoch) external view returns (uint32[] memory firsts);

    /// @notice First block of the first round of the epoch's audits.
    function startsAt(uint64 epoch) external view returns (uint64);

    /// @notice The verifier that a seat of a round draws; zero if the pool was empty.
    function drawnVerifier(AuditId auditId, uint64 epoch, uint32 round, uint8 seat) external view returns (address);

    function auditOf(AuditId auditId) external view returns (AuditView memory);

    /// @notice Whether somebody attested exactly this segment in an audit: what {IPerjury} relies on.
    function isAttested(AuditDetails calldata details) external view returns (bool);

    /// @notice All attestations of the audit, in the order of their reveals.
    function attestationsOf(AuditId auditId) external view returns (Attestation[] memory);
}
