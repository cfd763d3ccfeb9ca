// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Stake-weighted drawing of verifiers
/// @notice Verifiers put stake into the pool and are drawn in proportion to it. Draws read snapshots: what changes in
/// epoch e counts from epoch e + 1 on. The seed of an epoch comes from a block after its end, so whoever knows a seed can
/// no longer change the snapshot that it draws from: enlisting, adding or resigning cannot steer a draw.
///
/// Weights are GRIST wei, locked in the StakeManager under `lockId`. A verifier that resigned in epoch e may still be
/// drawn for the epochs up to e, so its stake stays locked until they have settled.
interface IVerifierPool {
    /// @notice The verifier's weight is `weight` from the next epoch on; `operator` signs for it from now on.
    event VerifierEnlisted(address indexed verifier, address indexed operator, uint256 weight);
    /// @notice The verifier is not drawn for later epochs; its stake can be released from block `releasableAt` on.
    event VerifierResigned(address indexed verifier, uint64 releasableAt);
    event VerifierReleased(address indexed verifier, uint256 amount);
    /// @notice The verifier attested something false: `weight` is lost, `reward` of it to the accuser, the rest is burnt.
    event VerifierSlashed(address indexed verifier, address indexed accuser, uint256 weight, uint256 reward);
    event VerifierPoolWired(address prosecutor);

    /// @notice A verifier needs an operator account.
    error VerifierPool_ZeroOperator();
    /// @notice A place in the pool takes a weight of at least `least`.
    error VerifierPool_BelowMinimum(uint256 weight, uint256 least);
    /// @notice All places are taken; one comes free when a verifier's last epoch has settled.
    error VerifierPool_Full(uint256 capacity);
    /// @notice The account is not in the pool.
    error VerifierPool_NotEnlisted(address account);
    /// @notice The account has resigned: release its stake first.
    error VerifierPool_Resigned(address account);
    /// @notice Resign first.
    error VerifierPool_NotResigned(address account);
    /// @notice The stake is the bond of the account's attestations until block `releasableAt`.
    error VerifierPool_StillBonded(address account, uint64 releasableAt);
    /// @notice Attestations can still be shown to be false: the stake stays until the unix second `bondedUntil`.
    error VerifierPool_StillLiable(address account, uint64 bondedUntil);
    /// @notice Only the wired contract slashes: prove there that an attestation is false.
    error VerifierPool_NotTheProsecutor(address caller);
    /// @notice The snapshot of `epoch` is not final before that epoch begins.
    error VerifierPool_SnapshotNotFinal(uint64 epoch, uint64 currentEpoch);
    /// @notice The minimum must be positive, or anyone could fill the pool for nothing.
    error VerifierPool_ZeroMinimum();

    // --- deployer, once

    /// @notice Names the contract that proves attestations to be false ({IPerjury}), for ever. For the deployer, one time
    /// (see {Wired} for its errors).
    function wire(address prosecutor) external;

    // --- verifiers

    /// @notice Locks `amount` of the caller's free stake and makes it drawable from the next epoch on; again: adds to it
    /// (zero is legal then, to change the operator).
    /// @param operator signs attestations and reports; may be the caller
    function enlist(uint256 amount, address operator) external;

    /// @notice Leaves the pool from the next epoch on.
    function resign() external;

    /// @notice Unlocks a resigned verifier's stake once no window in which it is the bond is open: when its last epoch has
    /// settled, and the unbonding delay of the stakes has passed, which is longer than a dispute that began by then.
    function release() external;

    // --- the wired prosecutor

    /// @notice Takes the verifier's whole stake, a quarter of it for the accuser, the rest burnt, and its seat: what it was
    /// drawn for it cannot attest any more.
    function slash(address account, address accuser) external;

    // --- views

    /// @notice The weight that counts from the next epoch on; zero for accounts that are not in the pool or resigned.
    function weightOf(address verifier) external view returns (uint256);

    /// @notice Who signs for the verifier: until its release, since it may be drawn until then; zero for others and for
    /// those that were slashed.
    function operatorOf(address verifier) external view returns (address);

    /// @notice First block in which a resigned verifier's stake may be released; zero for others.
    function releasableAt(address verifier) external view returns (uint64);

    /// @notice Sum of the weights in the snapshot of the epoch.
    function totalWeightAt(uint64 epoch) external view returns (uint256);

    /// @notice What the account's weight was in the snapshot of the epoch, whatever became of its place since: the voting
    /// power of its stake, which cannot be moved to another account within the epoch.
    function weightAt(address verifier, uint64 epoch) external view returns (uint256);

    /// @notice The verifier at `uint(random) % totalWeightAt(epoch)` of the snapshot, places in order; zero if the pool
    /// was empty.
    /// @dev Correct until the epoch has settled (`IEpochBeacon.settlesAt`); after that a place may have gone to another
    /// verifier. The bias of the remainder is below 2^-100.
    function draw(uint64 epoch, bytes32 random) external view returns (address verifier);

    /// @notice How many verifiers the pool holds at most.
    function capacity() external view returns (uint256);

    /// @notice Least weight of a verifier, GRIST wei.
    function minimumWeight() external view returns (uint256);

    /// @notice Under which the StakeManager keeps the pool's locks.
    function lockId() external view returns (bytes32);
}
