// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICourt} from "../interfaces/ICourt.sol";
import {IMisconduct} from "../interfaces/IMisconduct.sol";
import {IPerjury} from "../interfaces/IPerjury.sol";
import {ISegmentGame} from "../interfaces/ISegmentGame.sol";
import {ITensHashGame} from "../interfaces/ITensHashGame.sol";
import {ITraceGame} from "../interfaces/ITraceGame.sol";
import {IVerifierPool} from "../interfaces/IVerifierPool.sol";
import {IWorkMint} from "../interfaces/IWorkMint.sol";
import {ClaimDetails, ClaimId} from "../types/ClaimTypes.sol";
import {DisputeId} from "../types/DisputeTypes.sol";

/// @title Perjury
/// @notice See {IPerjury}.
contract Perjury is IPerjury {
    ICourt private immutable _court;
    IWorkMint private immutable _mint;
    IVerifierPool private immutable _pool;
    ISegmentGame private immutable _segmentGame;
    ITensHashGame private immutable _tensHashGame;
    IMisconduct private immutable _misconduct;

    mapping(ClaimId => mapping(uint256 number => bool)) private _convicted;

    constructor(
        ICourt court,
        IWorkMint mint,
        IVerifierPool pool,
        ISegmentGame segmentGame,
        ITensHashGame tensHashGame,
        IMisconduct misconduct
    ) {
        _court = court;
        _mint = mint;
        _pool = pool;
        _segmentGame = segmentGame;
        _tensHashGame = tensHashGame;
        _misconduct = misconduct;
    }

    /// @inheritdoc IPerjury
    function convictForTicket(ClaimDetails calldata details, uint256 number, DisputeId disputeId) external {
        IWorkMint.Attestation memory attestation = _attestation(details, number);
        bytes32 question = keccak256(abi.encode(_tensHashGame.questionOf(details)));
        address accuser = _requireProven(disputeId, address(_tensHashGame), question);
        _convict(details, number, attestation.verifier, accuser, Ground.Ticket);
    }

    /// @inheritdoc IPerjury
    function convictForTrace(ClaimDetails calldata details, uint256 number, DisputeId disputeId) external {
        IWorkMint.Attestation memory attestation = _attestation(details, number);
        // The segment in dispute has to be the attested one: of another one the same trace may take in other lists than
        // that one's clock names.
        address accuser = _requireProven(disputeId, address(_segmentGame), details.segmentId);
        bytes11 refuted = bytes11(ITraceGame(address(_segmentGame)).caseOf(disputeId));
        require(attestation.traceRoot == refuted, Perjury_OtherTrace(attestation.traceRoot, refuted));
        _convict(details, number, attestation.verifier, accuser, Ground.Trace);
    }

    /// @inheritdoc IPerjury
    function convictForSegment(ClaimDetails calldata details, uint256 number) external {
        IWorkMint.Attestation memory attestation = _attestation(details, number);
        address accuser = _misconduct.refuterOf(details.segmentId);
        require(accuser != address(0), Perjury_NotRefuted(details.segmentId));
        _convict(details, number, attestation.verifier, accuser, Ground.Segment);
    }

    function _attestation(
        ClaimDetails calldata details,
        uint256 number
    ) private view returns (IWorkMint.Attestation memory) {
        ClaimId claimId = details.id();
        require(_mint.isClaimed(details), Perjury_NotClaimed(claimId));
        IWorkMint.Attestation[] memory attestations = _mint.attestationsOf(claimId);
        uint256 count = attestations.length;
        require(number < count, Perjury_NoSuchAttestation(claimId, number, count));
        require(!_convicted[claimId][number], Perjury_AlreadyConvicted(claimId, number));
        return attestations[number];
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

    function _convict(
        ClaimDetails calldata details,
        uint256 number,
        address verifier,
        address accuser,
        Ground ground
    ) private {
        ClaimId claimId = details.id();
        _convicted[claimId][number] = true;
        emit AttesterConvicted(claimId, verifier, accuser, number, ground);
        _pool.slash(verifier, accuser);
    }
}
