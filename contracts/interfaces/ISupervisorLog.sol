// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AggregateSignature, CompactSignature, G1Point, G2Point, LogPeriod} from "../types/LogTypes.sol";
import {Places} from "../types/Places.sol";
import {Phase, TaskId} from "../types/TaskTypes.sol";

/// @title The log of a task's messages, co-signed
/// @notice Supervisors keep every signed message of their task. For each epoch a majority of them states together whose
/// messages of the epoch it holds in full: the messages are logged. From then on anyone can prove of a message that it
/// was, and whoever cannot get one knows whom to ask.
///
/// **The root** of an epoch is a Merkle tree (DESIGN section 2) with a leaf for each slot: the root over the ids of the
/// segments that the slot committed in the epoch, as the registry has it; or zero if it committed nothing, or if its
/// messages are not to be had. The contract computes it by itself from the commits and the set of slots that is posted.
/// So there is one root for each set of slots: supervisors can disagree on what they hold, never on what was said; two
/// roots for the same messages cannot both be signed by anything that the contract accepts, and a signature over a false
/// one is of no use to anybody. What a signer may sign twice are two sets of slots of an epoch: both are true. The set
/// that is posted first stays.
///
/// **Signatures** are over the EIP-712 statement LogRoot(bytes32 taskId,uint64 epoch,bytes32 root) of this contract on
/// this chain: no other task, epoch or chain accepts them. Where the chain has the precompiles of EIP-2537 they are BLS
/// signatures, added up to one ({post}), which costs the same for any number of signers. A key counts once its operator
/// has proven that it knows the secret ({registerKey}): otherwise a key made of the others' keys could sign for all
/// (a rogue key). Everywhere, plain signatures of the operators' own keys are accepted too ({postPlain}).
///
/// **Quorum**: more than half of the task's supervisors. As many may be silent, lie or be bought as are less than half:
/// one signer of every quorum is honest, and the honest are a quorum by themselves.
///
/// **Pay**: a supervisor that co-signed at least half of the posted epochs gets its equal part of the supervisors' share.
/// What others leave is the client's, so nobody gains by leaving somebody's signature out; and who was left out adds its
/// own ({cosign}).
///
/// Trust: what a signature states, that messages are held, no contract can check. A supervisor that copies what others
/// say is paid like one that keeps the log.
interface ISupervisorLog {
    /// @notice The operator has proven that it knows the secret of `key`.
    event KeyRegistered(address indexed operator, G2Point key);
    /// @notice From now on the keys of these supervisors are part of the task's.
    event KeysEnrolled(TaskId indexed taskId, Places supervisors);
    /// @notice The messages that `slots` committed in the epoch are logged.
    event LogPosted(TaskId indexed taskId, uint64 indexed epoch, bytes32 root, Places slots, Places signers);
    /// @notice A supervisor that the post had left out has co-signed it.
    event LogCosigned(TaskId indexed taskId, uint64 indexed epoch, uint8 supervisor);

    /// @notice This chain lacks the precompiles of EIP-2537: use {postPlain}.
    error SupervisorLog_NoBls();
    /// @notice The operator has a key, which is for ever: another one needs another operator.
    error SupervisorLog_KeyIsFixed(address operator);
    /// @notice The signature does not show that `operator` knows the secret of this key, or the key is no point of G2 other
    /// than infinity.
    error SupervisorLog_NoPossession(address operator);
    /// @notice The task, in `phase`, has not begun, or has no supervisors.
    error SupervisorLog_NotBegun(TaskId taskId, Phase phase);
    /// @notice `places` is not a set of the task's places of the role, of which there are `joined`.
    error SupervisorLog_NoSuchPlaces(TaskId taskId, Places places, uint8 joined);
    /// @notice As many keys must be given as there are places, but not `given` for `wanted`.
    error SupervisorLog_KeyCount(uint256 given, uint256 wanted);
    /// @notice This is not the key that `operator` registered.
    error SupervisorLog_NotTheKeyOf(address operator);
    /// @notice The supervisor's key is part of the task's already.
    error SupervisorLog_AlreadyEnrolled(TaskId taskId, uint8 supervisor);
    /// @notice Of these signers not all are enrolled.
    error SupervisorLog_NotEnrolled(TaskId taskId, Places signers, Places enrolled);
    /// @notice The keys do not sum to that of all enrolled supervisors.
    error SupervisorLog_WrongSum(TaskId taskId);
    /// @notice Heads can be committed for the epoch until `lastBlock`: it can be logged after that.
    error SupervisorLog_EpochOpen(uint64 epoch, uint64 lastBlock);
    /// @notice The epoch's rewards were settled from `settlesAt` on: its log is closed.
    error SupervisorLog_TooLate(uint64 epoch, uint64 settlesAt);
    /// @notice A log holds the messages of one slot at least.
    error SupervisorLog_Empty(TaskId taskId, uint64 epoch);
    /// @notice The slot committed nothing in the epoch.
    error SupervisorLog_NothingCommitted(TaskId taskId, uint64 epoch, uint8 slot);
    /// @notice The epoch's log is posted with this root, and stays.
    error SupervisorLog_AlreadyPosted(TaskId taskId, uint64 epoch, bytes32 root);
    /// @notice The epoch's log is not posted.
    error SupervisorLog_NotPosted(TaskId taskId, uint64 epoch);
    /// @notice `quorum` supervisors must sign, not only `signed`.
    error SupervisorLog_TooFewSigners(uint256 signed, uint256 quorum);
    /// @notice This is not the signers' signature over the statement of this root.
    error SupervisorLog_BadSignature(TaskId taskId, uint64 epoch, bytes32 root);
    /// @notice The supervisor has co-signed this epoch already.
    error SupervisorLog_HasSigned(TaskId taskId, uint64 epoch, uint8 supervisor);

    // --- supervisors

    /// @notice Registers the caller's key for all tasks whose supervisor it signs for, for ever.
    /// @param proof BLS signature of the key over {possessionDigest}; naming operator, contract and chain, it serves
    /// nobody else: not even the same key can be registered by another operator that has seen it
    function registerKey(G2Point calldata key, G1Point calldata proof) external;

    // --- anyone

    /// @notice Adds registered keys of supervisors to the task's, once it has begun.
    /// @param keys theirs, in ascending order of places
    /// @param sum of the keys that are enrolled already; anything if there are none
    function enroll(TaskId taskId, Places supervisors, G2Point[] calldata keys, G2Point calldata sum) external;

    /// @notice Posts the log of an epoch, from its end until its rewards are settled, once.
    function post(LogPeriod calldata period, AggregateSignature calldata aggregate) external;

    /// @notice As {post}, with the operators' own signatures, in ascending order of `signers`.
    function postPlain(LogPeriod calldata period, Places signers, CompactSignature[] calldata signatures) external;

    /// @notice Adds the signature of a supervisor's operator to a posted log that lacks it, as long as it could be posted.
    function cosign(TaskId taskId, uint64 epoch, uint8 supervisor, CompactSignature calldata signature) external;

    // --- views

    /// @notice Whether this chain has the precompiles of EIP-2537, as of the deployment.
    function hasBls() external view returns (bool);

    /// @notice keccak256(abi.encode(key)) of the key that the operator registered, 0 if none.
    function keyHashOf(address operator) external view returns (bytes32);

    /// @notice The supervisors whose keys are part of the task's.
    function enrolledOf(TaskId taskId) external view returns (Places);

    /// @notice The root of the epoch's log, 0 while it is not posted.
    function rootOf(TaskId taskId, uint64 epoch) external view returns (bytes32);

    /// @notice Epochs of the task whose log is posted.
    function periodsOf(TaskId taskId) external view returns (uint32);

    /// @notice Posted epochs that the supervisor did not co-sign.
    function absencesOf(TaskId taskId, uint8 supervisor) external view returns (uint32);

    /// @notice The supervisors that co-signed at least half of the posted epochs; nobody if none is posted.
    function diligentOf(TaskId taskId) external view returns (Places);

    /// @notice What supervisors sign of an epoch, whether or not they do.
    /// @param root by {rootFor}
    function digestOf(TaskId taskId, uint64 epoch, bytes32 root) external view returns (bytes32);

    /// @notice The root of the messages that `slots` committed in the epoch.
    function rootFor(LogPeriod calldata period) external view returns (bytes32);

    /// @notice What an operator signs to register a key: PossessionProof(address operator,bytes32 keyHash).
    function possessionDigest(address operator, G2Point calldata key) external view returns (bytes32);

    /// @notice Whether the segment was logged as number `leaf` of those that the slot committed in the epoch.
    /// @param proof siblings from the segment's id up: within the slot's segments, then among the slots
    function isLogged(
        TaskId taskId,
        uint64 epoch,
        uint8 slot,
        uint32 leaf,
        bytes32 segmentId,
        bytes32[] calldata proof
    ) external view returns (bool);
}
