// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AuditDetails, AuditId} from "../types/AuditTypes.sol";
import {ClaimDetails, ClaimId} from "../types/ClaimTypes.sol";
import {DisputeId} from "../types/DisputeTypes.sol";

/// @title Perjury
/// @notice Convicts verifiers of false attestations (DESIGN section 6). An attestation says three things: the claimed ticket
/// hashes to what was claimed; the segment that earned it is what anybody gets who computes it; and this is the trace
/// of its iteration. Each can be shown to be false, and nothing else convicts:
///
/// - **ticket**: a dispute over this very claim's TensHash was decided by a neuron;
/// - **trace**: a dispute over this very segment was decided by what was revealed of the trace that the verifier attested;
/// - **segment**: a direct proof showed the segment to be false ({IMisconduct}).
///
/// An attestation of an audited segment ({IAudits}) says the last two, the second of all its iterations.
///
/// **Whom a proof cannot hit.** A slot may lose a dispute over a segment that is right: by silence, or by defending it
/// with a false trace, alone or with a friend as its challenger. So that a conviction of the slot is not enough: silence proves
/// nothing here, and a trace only against who attested that very trace with everything it reads. Who ran the claim again
/// and attested what came out cannot be convicted, whatever slot and challenger do.
///
/// The price: a slot that is lost anyway can cover a verifier that lied with it by staying silent. It does not get its
/// own stake back by that, and the claim is void.
///
/// A convicted verifier loses all of its stake in the pool; a quarter goes to whoever won the dispute or brought the
/// direct proof, the rest is burnt. Anyone may call; whose call it is does not matter.
interface IPerjury {
    enum Ground {
        Ticket,
        Trace,
        Segment
    }

    /// @notice As {AttesterConvicted}, of an audit.
    event AuditorConvicted(
        AuditId indexed auditId,
        address indexed verifier,
        address indexed accuser,
        uint256 number,
        Ground ground
    );
    event AttesterConvicted(
        ClaimId indexed claimId,
        address indexed verifier,
        address indexed accuser,
        uint256 number,
        Ground ground
    );

    /// @notice The ticket was not claimed, or not with these details: take them from {IWorkMint-TicketClaimed}.
    error Perjury_NotClaimed(ClaimId claimId);
    /// @notice Nobody attested the segment in an audit, or not with these details: take them from
    /// {IAudits-SegmentAttested}.
    error Perjury_NotAudited(AuditId auditId);
    /// @notice The claim or audit has attestations 0 to `attestations` - 1.
    error Perjury_NoSuchAttestation(bytes32 attested, uint256 number, uint256 attestations);
    /// @notice The attestation was convicted before.
    error Perjury_AlreadyConvicted(bytes32 attested, uint256 number);
    /// @notice The dispute is not about this ticket, or segment.
    error Perjury_OtherMatter(DisputeId disputeId);
    /// @notice The dispute was not decided by what was shown in it.
    error Perjury_NotProven(DisputeId disputeId);
    /// @notice What was refuted is not what the verifier attested.
    error Perjury_OtherTrace(bytes11 attested, bytes11 refuted);
    /// @notice These traces are not the ones that the verifier attested: take them from {IAudits-SegmentAttested}.
    error Perjury_OtherTraces(bytes11 attested, bytes11 given);
    /// @notice The refuted trace is not the one attested of this iteration.
    error Perjury_OtherIteration(uint256 place, bytes32 refuted);
    /// @notice Nobody showed the segment to be false by a direct proof.
    error Perjury_NotRefuted(bytes32 segmentId);

    /// @notice Convicts the verifier of attestation `number` of a claim whose TensHash was refuted.
    function convictForTicket(ClaimDetails calldata details, uint256 number, DisputeId disputeId) external;

    /// @notice Convicts the verifier of attestation `number`, whose trace was refuted in a dispute over its segment.
    function convictForTrace(ClaimDetails calldata details, uint256 number, DisputeId disputeId) external;

    /// @notice Convicts the verifier of attestation `number` of a claim whose segment was refuted by a direct proof.
    function convictForSegment(ClaimDetails calldata details, uint256 number) external;

    /// @notice Convicts the verifier of attestation `number` of an audit, one of whose traces was refuted in a dispute over
    /// its segment.
    /// @param traces all that the verifier attested
    /// @param place of the refuted one among them
    function convictAuditorForTrace(
        AuditDetails calldata details,
        uint256 number,
        bytes32[] calldata traces,
        uint256 place,
        DisputeId disputeId
    ) external;

    /// @notice Convicts the verifier of attestation `number` of an audit whose segment was refuted by a direct proof.
    function convictAuditorForSegment(AuditDetails calldata details, uint256 number) external;
}
