// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAudits} from "../interfaces/IAudits.sol";
import {ICourt} from "../interfaces/ICourt.sol";
import {IMisconduct} from "../interfaces/IMisconduct.sol";
import {IPerjury} from "../interfaces/IPerjury.sol";
import {ISegmentGame} from "../interfaces/ISegmentGame.sol";
import {ITensHashGame} from "../interfaces/ITensHashGame.sol";
import {ITraceGame} from "../interfaces/ITraceGame.sol";
import {IVerifierPool} from "../interfaces/IVerifierPool.sol";
import {IWorkMint} from "../interfaces/IWorkMint.sol";
import {Attestation} from "../types/AttestationTypes.sol";
import {AuditDetails, AuditId} from "../types/AuditTypes.sol";
import {ClaimDetails, ClaimId} from "../types/ClaimTypes.sol";
import {DisputeId} from "../types/DisputeTypes.sol";

/// @title Perjury
/// @notice See {IPerjury}.
contract Perjury is IPerjury {
    ICourt private immutable _court;
    IWorkMint private immutable _mint;
    IAudits private immutable _audits;
    IVerifierPool private immutable _pool;
    ISegmentGame private immutable _segmentGame;
    ITensHashGame private immutable _tensHashGame;
    IMisconduct private immutable _misconduct;

    /// @dev By the id of a claim or an audit: these are hashes of different things.
    mapping(bytes32 attested => mapping(uint256 number => bool)) private _convicted;

    constructor(
        ICourt court,
        IWorkMint mint,
        IAudits audits,
        IVerifierPool pool,
        ISegmentGame segmentGame,
        ITensHashGame tensHashGame,
        IMisconduct misconduct
    ) {
        _court = court;
        _mint = mint;
        _audits = audits;
        _pool = pool;
        _segmentGame = segmentGame;
        _tensHashGame = tensHashGame;
        _misconduct = misconduct;
    }

    // --- claims

    /// @inheritdoc IPerjury
    function convictForTicket(ClaimDetails calldata details, uint256 number, DisputeId disputeId) external {
        Attestation memory attestation = _attestation(details, number);
        bytes32 question = keccak256(abi.encode(_tensHashGame.questionOf(details)));
        address accuser = _requireProven(disputeId, address(_tensHashGame), question);
        _convict(details, number, attestation.verifier, accuser, Ground.Ticket);
    }

    /// @inheritdoc IPerjury
    function convictForTrace(ClaimDetails calldata details, uint256 number, DisputeId disputeId) external {
        Attestation memory attestation = _attestation(details, number);
        (address accuser, bytes32 whole) = _requireRefuted(disputeId, details.segmentId);
        bytes11 refuted = bytes11(whole);
        require(attestation.traceRoot == refuted, Perjury_OtherTrace(attestation.traceRoot, refuted));
        _convict(details, number, attestation.verifier, accuser, Ground.Trace);
    }

    /// @inheritdoc IPerjury
    function convictForSegment(ClaimDetails calldata details, uint256 number) external {
        Attestation memory attestation = _attestation(details, number);
        address accuser = _requireRefuter(details.segmentId);
        _convict(details, number, attestation.verifier, accuser, Ground.Segment);
    }

    // --- audits

    /// @inheritdoc IPerjury
    function convictAuditorForTrace(
        AuditDetails calldata details,
        uint256 number,
        bytes32[] calldata traces,
        uint256 place,
        DisputeId disputeId
    ) external {
        Attestation memory attestation = _attestation(details, number);
        bytes11 given = bytes11(keccak256(abi.encode(traces)));
        require(given == attestation.traceRoot, Perjury_OtherTraces(attestation.traceRoot, given));
        (address accuser, bytes32 refuted) = _requireRefuted(disputeId, details.segmentId);
        bool isIt = place < traces.length && traces[place] == refuted;
        require(isIt, Perjury_OtherIteration(place, refuted));
        _convict(details, number, attestation.verifier, accuser, Ground.Trace);
    }

    /// @inheritdoc IPerjury
    function convictAuditorForSegment(AuditDetails calldata details, uint256 number) external {
        Attestation memory attestation = _attestation(details, number);
        address accuser = _requireRefuter(details.segmentId);
        _convict(details, number, attestation.verifier, accuser, Ground.Segment);
    }

    // --- what was attested

    function _attestation(ClaimDetails calldata details, uint256 number) private view returns (Attestation memory) {
        ClaimId claimId = details.id();
        require(_mint.isClaimed(details), Perjury_NotClaimed(claimId));
        return _choose(ClaimId.unwrap(claimId), _mint.attestationsOf(claimId), number);
    }

    function _attestation(AuditDetails calldata details, uint256 number) private view returns (Attestation memory) {
        AuditId auditId = details.id();
        require(_audits.isAttested(details), Perjury_NotAudited(auditId));
        return _choose(AuditId.unwrap(auditId), _audits.attestationsOf(auditId), number);
    }

    function _choose(
        bytes32 attested,
        Attestation[] memory attestations,
        uint256 number
    ) private view returns (Attestation memory) {
        uint256 count = attestations.length;
        require(number < count, Perjury_NoSuchAttestation(attested, number, count));
        require(!_convicted[attested][number], Perjury_AlreadyConvicted(attested, number));
        return attestations[number];
    }

    // --- what was shown

    /// @dev Returns who won the dispute, and the trace that it refuted. The segment in dispute has to be the attested one: of
    /// another one the same trace may take in other lists than that one's clock names.
    function _requireRefuted(
        DisputeId disputeId,
        bytes32 segmentId
    ) private view returns (address challenger, bytes32 refuted) {
        challenger = _requireProven(disputeId, address(_segmentGame), segmentId);
        refuted = ITraceGame(address(_segmentGame)).caseOf(disputeId);
    }

    /// @dev Returns who won the dispute. Only the challenger wins by showing something.
    function _requireProven(
        DisputeId disputeId,
        address game,
        bytes32 claim
    ) private view returns (address challenger) {
        ICourt.DisputeView memory dispute = _court.disputeOf(disputeId);
        require(dispute.game == game && dispute.claim == claim, Perjury_OtherMatter(disputeId));
        require(dispute.proven, Perjury_NotProven(disputeId));
        return dispute.challenger;
    }

    function _requireRefuter(bytes32 segmentId) private view returns (address accuser) {
        accuser = _misconduct.refuterOf(segmentId);
        require(accuser != address(0), Perjury_NotRefuted(segmentId));
    }

    // --- convictions

    function _convict(
        ClaimDetails calldata details,
        uint256 number,
        address verifier,
        address accuser,
        Ground ground
    ) private {
        ClaimId claimId = details.id();
        _convicted[ClaimId.unwrap(claimId)][number] = true;
        emit AttesterConvicted(claimId, verifier, accuser, number, ground);
        _pool.slash(verifier, accuser);
    }

    function _convict(
        AuditDetails calldata details,
        uint256 number,
        address verifier,
        address accuser,
        Ground ground
    ) private {
        AuditId auditId = details.id();
        _convicted[AuditId.unwrap(auditId)][number] = true;
        emit AuditorConvicted(auditId, verifier, accuser, number, ground);
        _pool.slash(verifier, accuser);
    }
}
