// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {ISupervisorLog} from "../interfaces/ISupervisorLog.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Bls12381} from "../libraries/Bls12381.sol";
import {Sha256Merkle} from "../libraries/Sha256Merkle.sol";
import {AggregateSignature, CompactSignature, G1Point, G2Point, LogPeriod} from "../types/LogTypes.sol";
import {Places, PlacesLib} from "../types/Places.sol";
import {Commit, Role, TaskId} from "../types/TaskTypes.sol";

/// @title SupervisorLog
/// @notice See {ISupervisorLog}.
contract SupervisorLog is ISupervisorLog, EIP712 {
    using Bls12381 for G2Point;

    /// @dev What the registry has said of a task that has begun, and what has become of its log.
    struct TaskLog {
        uint8 supervisors;
        uint8 slots;
        uint16 segmentLength;
        uint32 periods;
        Places enrolled;
        // --- one word
        bytes32 sum; // hash of the sum of the enrolled keys
    }

    bytes32 private constant LOG_ROOT_TYPEHASH = keccak256("LogRoot(bytes32 taskId,uint64 epoch,bytes32 root)");
    bytes32 private constant POSSESSION_TYPEHASH = keccak256("PossessionProof(address operator,bytes32 keyHash)");
    /// @dev Domain separation of draft-irtf-cfrg-bls-signature-05, sections 4.2.3.
    bytes private constant SIGNATURE_TAG = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
    bytes private constant POSSESSION_TAG = "BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";

    ITaskRegistry private immutable _registry;
    IEpochBeacon private immutable _beacon;
    bool public immutable override hasBls;

    mapping(address operator => bytes32) public override keyHashOf;
    mapping(TaskId => mapping(uint64 epoch => bytes32)) public override rootOf;
    mapping(TaskId => mapping(uint8 supervisor => uint32)) public override absencesOf;
    mapping(TaskId => mapping(uint64 epoch => Places)) private _absent;
    mapping(TaskId => TaskLog) private _logs;

    constructor(ITaskRegistry registry, IEpochBeacon beacon) EIP712("Gristmill", "1") {
        _registry = registry;
        _beacon = beacon;
        hasBls = Bls12381.available();
    }

    modifier withBls() {
        require(hasBls, SupervisorLog_NoBls());
        _;
    }

    /// @inheritdoc ISupervisorLog
    function registerKey(G2Point calldata key, G1Point calldata proof) external withBls {
        require(keyHashOf[msg.sender] == 0, SupervisorLog_KeyIsFixed(msg.sender));
        bytes memory message = abi.encodePacked(possessionDigest(msg.sender, key));
        G2Point memory point = key;
        bool possessed = !point.isInfinity() && point.verify(proof, message, POSSESSION_TAG);
        require(possessed, SupervisorLog_NoPossession(msg.sender));

        keyHashOf[msg.sender] = _hash(key);
        emit KeyRegistered(msg.sender, key);
    }

    /// @inheritdoc ISupervisorLog
    function enroll(TaskId taskId, Places supervisors, G2Point[] calldata keys, G2Point calldata sum) external withBls {
        TaskLog storage log = _open(taskId);
        _requirePlaces(taskId, supervisors, log.supervisors);
        require(keys.length == supervisors.count(), SupervisorLog_KeyCount(keys.length, supervisors.count()));
        G2Point memory total;
        if (!log.enrolled.isEmpty()) {
            require(_hash(sum) == log.sum, SupervisorLog_WrongSum(taskId));
            total = sum;
        }
        uint256 next = 0;
        for (uint8 index = 0; next < keys.length; ++index) {
            if (!supervisors.has(index)) continue;
            require(!log.enrolled.has(index), SupervisorLog_AlreadyEnrolled(taskId, index));
            _requireKeyOf(taskId, index, keys[next]);
            total = total.add(keys[next++]);
        }

        log.enrolled = Places.wrap(Places.unwrap(log.enrolled) | Places.unwrap(supervisors));
        log.sum = keccak256(abi.encode(total));
        emit KeysEnrolled(taskId, supervisors);
    }

    /// @inheritdoc ISupervisorLog
    function post(LogPeriod calldata period, AggregateSignature calldata aggregate) external withBls {
        TaskLog storage log = _open(period.taskId);
        bytes32 root = _rootOf(period, log);
        Places enrolled = log.enrolled;
        Places absent = enrolled - aggregate.signers;
        bool areEnrolled = (aggregate.signers - enrolled).isEmpty();
        require(areEnrolled, SupervisorLog_NotEnrolled(period.taskId, aggregate.signers, enrolled));
        _requireSum(period.taskId, log, absent, aggregate);
        bytes memory message = abi.encodePacked(digestOf(period.taskId, period.epoch, root));
        G2Point memory key = aggregate.key;
        bool isSigned = key.verify(aggregate.signature, message, SIGNATURE_TAG);
        require(isSigned, SupervisorLog_BadSignature(period.taskId, period.epoch, root));

        _record(period, log, root, aggregate.signers);
    }

    /// @inheritdoc ISupervisorLog
    function postPlain(LogPeriod calldata period, Places signers, CompactSignature[] calldata signatures) external {
        TaskLog storage log = _open(period.taskId);
        bytes32 root = _rootOf(period, log);
        _requirePlaces(period.taskId, signers, log.supervisors);
        require(signatures.length == signers.count(), SupervisorLog_KeyCount(signatures.length, signers.count()));
        uint256 next = 0;
        for (uint8 index = 0; next < signatures.length; ++index)
            if (signers.has(index)) _requireSigned(period.taskId, period.epoch, root, index, signatures[next++]);

        _record(period, log, root, signers);
    }

    /// @inheritdoc ISupervisorLog
    function cosign(TaskId taskId, uint64 epoch, uint8 supervisor, CompactSignature calldata signature) external {
        bytes32 root = rootOf[taskId][epoch];
        require(root != 0, SupervisorLog_NotPosted(taskId, epoch));
        _requireInTime(epoch);
        Places absent = _absent[taskId][epoch];
        require(absent.has(supervisor), SupervisorLog_HasSigned(taskId, epoch, supervisor));
        _requireSigned(taskId, epoch, root, supervisor, signature);

        _absent[taskId][epoch] = absent.without(supervisor);
        --absencesOf[taskId][supervisor];
        emit LogCosigned(taskId, epoch, supervisor);
    }

    /// @inheritdoc ISupervisorLog
    function enrolledOf(TaskId taskId) external view returns (Places) {
        return _logs[taskId].enrolled;
    }

    /// @inheritdoc ISupervisorLog
    function periodsOf(TaskId taskId) external view returns (uint32) {
        return _logs[taskId].periods;
    }

    /// @inheritdoc ISupervisorLog
    function diligentOf(TaskId taskId) external view returns (Places diligent) {
        TaskLog storage log = _logs[taskId];
        (uint256 supervisors, uint256 periods) = (log.supervisors, log.periods);
        if (periods == 0) return diligent;
        for (uint8 index = 0; index < supervisors; ++index)
            if (uint256(absencesOf[taskId][index]) * 2 <= periods) diligent = diligent.with(index);
    }

    /// @inheritdoc ISupervisorLog
    function digestOf(TaskId taskId, uint64 epoch, bytes32 root) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(LOG_ROOT_TYPEHASH, taskId, epoch, root)));
    }

    /// @inheritdoc ISupervisorLog
    function rootFor(LogPeriod calldata period) external view returns (bytes32) {
        return _root(period, _registry.taskOf(period.taskId).slotsJoined);
    }

    /// @inheritdoc ISupervisorLog
    function possessionDigest(address operator, G2Point calldata key) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(POSSESSION_TYPEHASH, operator, _hash(key))));
    }

    /// @inheritdoc ISupervisorLog
    function isLogged(
        TaskId taskId,
        uint64 epoch,
        uint8 slot,
        uint32 leaf,
        bytes32 segmentId,
        bytes32[] calldata proof
    ) external view returns (bool) {
        TaskLog storage log = _logs[taskId];
        bytes32 root = rootOf[taskId][epoch];
        Commit memory commit = _registry.commitOf(taskId, slot, epoch);
        if (root == 0 || commit.segmentsRoot == 0) return false;
        uint256 segments = (uint256(commit.last) - commit.first) / log.segmentLength + 1;
        uint256 height = Sha256Merkle.height(segments);
        if (leaf >= segments || proof.length < height) return false;
        bytes32 segmentsRoot = Sha256Merkle.climb(segmentId, leaf, proof[:height]);
        return Sha256Merkle.isLeafAt(root, segmentsRoot, slot, log.slots, proof[height:]);
    }

    /// @dev The task's log; what the registry fixes of a task at its beginning is asked for once.
    function _open(TaskId taskId) private returns (TaskLog storage log) {
        log = _logs[taskId];
        if (log.supervisors != 0) return log;
        ITaskRegistry.TaskView memory task = _registry.taskOf(taskId);
        bool begun = task.trainingSeed != 0 && task.supervisorsJoined != 0;
        require(begun, SupervisorLog_NotBegun(taskId, task.phase));
        log.supervisors = task.supervisorsJoined;
        log.slots = task.slotsJoined;
        log.segmentLength = task.segmentLength;
    }

    function _record(LogPeriod calldata period, TaskLog storage log, bytes32 root, Places signers) private {
        (TaskId taskId, uint64 epoch) = (period.taskId, period.epoch);
        uint64 lastBlock = _beacon.lastBlockOf(epoch);
        require(block.number > lastBlock, SupervisorLog_EpochOpen(epoch, lastBlock));
        _requireInTime(epoch);
        bytes32 posted = rootOf[taskId][epoch];
        require(posted == 0, SupervisorLog_AlreadyPosted(taskId, epoch, posted));
        uint256 quorum = uint256(log.supervisors) / 2 + 1;
        require(signers.count() >= quorum, SupervisorLog_TooFewSigners(signers.count(), quorum));

        rootOf[taskId][epoch] = root;
        ++log.periods;
        Places absent = PlacesLib.first(log.supervisors) - signers;
        if (!absent.isEmpty()) {
            _absent[taskId][epoch] = absent;
            for (uint8 index = 0; index < log.supervisors; ++index) if (absent.has(index)) ++absencesOf[taskId][index];
        }
        emit LogPosted(taskId, epoch, root, period.slots, signers);
    }

    function _rootOf(LogPeriod calldata period, TaskLog storage log) private view returns (bytes32) {
        return _root(period, log.slots);
    }

    /// @dev The one root that the commits make of these slots.
    function _root(LogPeriod calldata period, uint8 slots) private view returns (bytes32) {
        (TaskId taskId, uint64 epoch) = (period.taskId, period.epoch);
        require(!period.slots.isEmpty(), SupervisorLog_Empty(taskId, epoch));
        _requirePlaces(taskId, period.slots, slots);
        bytes32[] memory leaves = new bytes32[](slots);
        for (uint8 slot = 0; slot < slots; ++slot) {
            if (!period.slots.has(slot)) continue;
            leaves[slot] = _registry.commitOf(taskId, slot, epoch).segmentsRoot;
            require(leaves[slot] != 0, SupervisorLog_NothingCommitted(taskId, epoch, slot));
        }
        return Sha256Merkle.rootOf(leaves);
    }

    /// @dev The signers' key and those of the absent must sum to the task's: with that only one key can be the signers'.
    function _requireSum(
        TaskId taskId,
        TaskLog storage log,
        Places absent,
        AggregateSignature calldata aggregate
    ) private view {
        G2Point[] calldata keys = aggregate.absent;
        require(keys.length == absent.count(), SupervisorLog_KeyCount(keys.length, absent.count()));
        G2Point memory sum = aggregate.key;
        uint256 next = 0;
        for (uint8 index = 0; next < keys.length; ++index) {
            if (!absent.has(index)) continue;
            _requireKeyOf(taskId, index, keys[next]);
            sum = sum.add(keys[next++]);
        }
        require(keccak256(abi.encode(sum)) == log.sum, SupervisorLog_WrongSum(taskId));
    }

    function _requireKeyOf(TaskId taskId, uint8 index, G2Point calldata key) private view {
        address operator = _operatorOf(taskId, index);
        require(_hash(key) == keyHashOf[operator], SupervisorLog_NotTheKeyOf(operator));
    }

    function _requireSigned(
        TaskId taskId,
        uint64 epoch,
        bytes32 root,
        uint8 index,
        CompactSignature calldata signature
    ) private view {
        address signer = ECDSA.recover(digestOf(taskId, epoch, root), signature.r, signature.vs);
        require(signer == _operatorOf(taskId, index), SupervisorLog_BadSignature(taskId, epoch, root));
    }

    function _requireInTime(uint64 epoch) private view {
        uint64 settlesAt = _beacon.settlesAt(epoch);
        require(block.number < settlesAt, SupervisorLog_TooLate(epoch, settlesAt));
    }

    function _requirePlaces(TaskId taskId, Places places, uint8 joined) private pure {
        bool exist = (places - PlacesLib.first(joined)).isEmpty();
        require(exist, SupervisorLog_NoSuchPlaces(taskId, places, joined));
    }

    function _operatorOf(TaskId taskId, uint8 supervisor) private view returns (address operator) {
        (, operator) = _registry.memberOf(taskId, Role.Supervisor, supervisor);
    }

    function _hash(G2Point calldata key) private pure returns (bytes32) {
        return keccak256(abi.encode(key));
    }
}
