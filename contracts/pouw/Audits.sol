// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IAudits} from "../interfaces/IAudits.sol";
import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {IVerifierPool} from "../interfaces/IVerifierPool.sol";
import {Attestations} from "../libraries/Attestations.sol";
import {Sha256Merkle} from "../libraries/Sha256Merkle.sol";
import {Attestation} from "../types/AttestationTypes.sol";
import {AuditDetails, AuditDetailsLib, AuditId} from "../types/AuditTypes.sol";
import {TaskId} from "../types/TaskTypes.sol";

/// @title Audits
/// @notice See {IAudits}.
contract Audits is IAudits {
    using Attestations for mapping(uint256 number => Attestation);
    using Attestations for mapping(bytes32 sealedRoot => uint256 blockNumber);

    /// @dev One word. There is nothing to keep of an audit before its first attestation.
    struct Audit {
        uint8 attestations;
        bool agreed;
        uint8 decisive; // number of the attestation that was the k-th of its root, once there is one
        bytes20 digest;
    }

    uint256 private constant BPS = 10_000;
    uint256 private constant MOST_VERIFIERS = 8;

    ITaskRegistry private immutable _registry;
    IEpochBeacon private immutable _beacon;
    IVerifierPool private immutable _pool;

    uint16 public immutable override quotaBps;
    uint8 public immutable override verifiersPerAudit;

    // What the beacon never changes, at hand.
    uint256 private immutable _attestationBlocks;
    uint256 private immutable _attestationRounds;

    mapping(AuditId => Audit) private _audits;
    mapping(AuditId => mapping(uint256 number => Attestation)) private _attestations;
    mapping(bytes32 sealedRoot => uint256 blockNumber) private _sealedAt;

    constructor(ITaskRegistry registry, IEpochBeacon beacon, IVerifierPool pool, Parameters memory parameters) {
        _requireRange("quotaBps", parameters.quotaBps, 1, BPS);
        _requireRange("verifiersPerAudit", parameters.verifiersPerAudit, 1, MOST_VERIFIERS);
        _registry = registry;
        _beacon = beacon;
        _pool = pool;
        quotaBps = parameters.quotaBps;
        verifiersPerAudit = parameters.verifiersPerAudit;
        _attestationBlocks = beacon.attestationBlocks();
        _attestationRounds = beacon.attestationRounds();
    }

    // --- drawn verifier's operator

    /// @inheritdoc IAudits
    function sealAttestation(bytes32 sealedRoot) external {
        if (_sealedAt.keepSeal(sealedRoot)) emit AttestationSealed(sealedRoot);
    }

    /// @inheritdoc IAudits
    function revealAttestation(
        AuditDetails calldata details,
        bytes32[] calldata proof,
        uint8 seat,
        bytes32[] calldata traces,
        bytes32 salt
    ) external {
        (uint256 start, uint256 round) = _requireRevealing(details.epoch);
        _requireDrawn(details, proof, traces.length);
        AuditId auditId = details.id();
        Audit memory audit = _audits[auditId];
        bool late = audit.agreed && round != _attestations[auditId][audit.decisive].round;
        require(!late, Audits_NotNeeded(auditId, round));
        address verifier = _requireSeat(auditId, details.epoch, round, seat);
        bytes32 traceRoot = keccak256(abi.encode(traces));
        bytes32 opened = keccak256(abi.encode(auditId, verifier, traceRoot, salt));
        bool inTime = _sealedAt.openSeal(opened, start, _attestationBlocks, round);
        require(inTime, Audits_NotSealed(auditId, verifier, round, opened));

        uint8 number = audit.attestations;
        Attestation memory given = Attestation(verifier, uint8(round), bytes11(traceRoot));
        uint256 agreeing = _attestations[auditId].add(number, given);
        require(agreeing != 0, Audits_AlreadyAttested(auditId, verifier));
        (audit.attestations, audit.digest) = (number + 1, details.digest());
        emit SegmentAttested(auditId, details.taskId, verifier, details, traces);
        if (agreeing <= number) emit AttestationsDiffer(auditId, verifier, traceRoot);
        if (!audit.agreed && agreeing == verifiersPerAudit) {
            (audit.agreed, audit.decisive) = (true, number);
            emit AuditAgreed(auditId, details.taskId, traceRoot);
        }
        _audits[auditId] = audit;
        if (audit.agreed) _credit(details.taskId, auditId, audit);
    }

    // --- views

    /// @inheritdoc IAudits
    function chanceOf(TaskId taskId) external view returns (uint256) {
        return _chanceIn(_registry.auditContextOf(taskId, 0, 0));
    }

    /// @inheritdoc IAudits
    function drawnIn(TaskId taskId, uint8 slot, uint64 epoch) external view returns (uint32[] memory firsts) {
        bytes32 seed = _requireSeed(epoch);
        ITaskRegistry.AuditContext memory context = _registry.auditContextOf(taskId, slot, epoch);
        if (context.segmentsRoot == 0) return firsts;

        uint256 chance = _chanceIn(context);
        uint256 count = 0;
        uint32[] memory drawn = new uint32[](_segmentsIn(context));
        for (uint256 first = context.first; first <= context.last; first += context.segmentLength) {
            AuditId auditId = AuditDetailsLib.idOf(taskId, slot, uint32(first));
            if (_isDrawn(seed, auditId, chance)) drawn[count++] = uint32(first);
        }
        firsts = new uint32[](count);
        for (uint256 i = 0; i < count; ++i) firsts[i] = drawn[i];
    }

    /// @inheritdoc IAudits
    function startsAt(uint64 epoch) public view returns (uint64) {
        return _beacon.claimsCloseAt(epoch);
    }

    /// @inheritdoc IAudits
    function drawnVerifier(AuditId auditId, uint64 epoch, uint32 round, uint8 seat) external view returns (address) {
        return _drawVerifier(auditId, epoch, round, seat);
    }

    /// @inheritdoc IAudits
    function auditOf(AuditId auditId) external view returns (AuditView memory) {
        Audit memory audit = _audits[auditId];
        return AuditView(audit.attestations, audit.agreed, audit.digest);
    }

    /// @inheritdoc IAudits
    function isAttested(AuditDetails calldata details) external view returns (bool) {
        Audit memory audit = _audits[details.id()];
        return audit.attestations != 0 && audit.digest == details.digest();
    }

    /// @inheritdoc IAudits
    function attestationsOf(AuditId auditId) external view returns (Attestation[] memory) {
        return _attestations[auditId].list(_audits[auditId].attestations);
    }

    // --- the draw

    /// @dev Checks that the segment was committed at its place and that the seed draws it.
    function _requireDrawn(AuditDetails calldata details, bytes32[] calldata proof, uint256 traces) private view {
        (TaskId taskId, uint32 slot, uint256 first) = (details.taskId, details.slot, details.first);
        bytes32 seed = _requireSeed(details.epoch);
        ITaskRegistry.AuditContext memory context = _registry.auditContextOf(
            taskId,
            SafeCast.toUint8(slot),
            details.epoch
        );
        require(!context.convicted, Audits_SlotConvicted(taskId, slot));
        bool inside = context.segmentsRoot != 0 && context.first <= first && first <= context.last;
        bool committed = inside && (first - context.first) % context.segmentLength == 0;
        require(committed, Audits_NotCommitted(taskId, slot, details.epoch, details.first));

        uint256 place = (first - context.first) / context.segmentLength;
        uint256 segments = _segmentsIn(context);
        bool stands = Sha256Merkle.isLeafAt(context.segmentsRoot, details.segmentId, place, segments, proof);
        require(stands, Audits_OtherSegment(details.segmentId, place));
        uint256 iterations = Math.min(context.segmentLength, context.last - first + 1);
        require(traces == iterations, Audits_WrongTraces(traces, iterations));
        AuditId auditId = details.id();
        require(_isDrawn(seed, auditId, _chanceIn(context)), Audits_NotDrawn(auditId));
    }

    function _requireSeed(uint64 epoch) private view returns (bytes32 seed) {
        seed = _beacon.seedOf(epoch);
        require(seed != 0, Audits_SeedNotProven(epoch));
    }

    function _isDrawn(bytes32 seed, AuditId auditId, uint256 chance) private pure returns (bool) {
        return uint256(keccak256(abi.encode(seed, auditId))) < chance;
    }

    /// @dev `wanted / possible` of all 256-bit numbers, rounded down.
    function _chanceIn(ITaskRegistry.AuditContext memory context) private view returns (uint256) {
        uint256 length = Math.max(context.segmentLength, 1); // 0 where there is no such task
        uint256 segments = Math.ceilDiv(context.iterations, length) * context.slots;
        uint256 wanted = uint256(context.attestations) * quotaBps;
        uint256 possible = segments * verifiersPerAudit * BPS;
        return wanted >= possible ? type(uint256).max : (type(uint256).max / possible) * wanted;
    }

    function _segmentsIn(ITaskRegistry.AuditContext memory context) private pure returns (uint256) {
        return (context.last - context.first) / context.segmentLength + 1;
    }

    // --- attestation

    function _requireRevealing(uint64 epoch) private view returns (uint256 start, uint256 round) {
        start = startsAt(epoch);
        require(block.number >= start, Audits_NotRevealing(epoch, start));
        bool revealing;
        (round, revealing) = Attestations.roundSince(start, _attestationBlocks);
        require(revealing && round < _attestationRounds, Audits_NotRevealing(epoch, start));
    }

    function _requireSeat(
        AuditId auditId,
        uint64 epoch,
        uint256 round,
        uint8 seat
    ) private view returns (address verifier) {
        require(seat < verifiersPerAudit, Audits_NoSuchSeat(seat, verifiersPerAudit));
        verifier = _drawVerifier(auditId, epoch, round, seat);
        address operator = _pool.operatorOf(verifier);
        require(msg.sender == operator, Audits_NotTheVerifiersOperator(msg.sender, verifier, operator));
    }

    function _drawVerifier(AuditId auditId, uint64 epoch, uint256 round, uint256 seat) private view returns (address) {
        return _pool.draw(epoch, keccak256(abi.encode(_beacon.seedOf(epoch), auditId, round, seat)));
    }

    /// @dev The registry is trusted not to block.
    function _credit(TaskId taskId, AuditId auditId, Audit memory audit) private {
        address[] memory verifiers = _attestations[auditId].credited(audit.attestations, audit.decisive);
        for (uint256 i = 0; i < verifiers.length; ++i) _registry.creditAttestation(taskId, verifiers[i]);
    }

    function _requireRange(string memory parameter, uint256 value, uint256 least, uint256 most) private pure {
        require(value >= least && value <= most, Audits_ParameterOutOfRange(parameter, value, least, most));
    }
}
