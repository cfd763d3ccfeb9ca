// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Stakes
/// @notice Holds the GRIST that stands behind what miners, supervisors, evaluators and verifiers say. An account's stake
/// is in one of three places: free, locked by a module for something it vouches for, or unbonding on its way out. All
/// amounts are GRIST wei, all times unix seconds.
///
/// The modules (TaskRegistry, VerifierPool) are wired once and trusted with what they lock themselves: a module can
/// unlock and slash only its own locks, and can never touch free or unbonding stake.
///
/// Locked stake cannot be requested out, so nothing can leave while its lock is open. The unbonding delay is a second
/// fence: it must be longer than any challenge window of the suite, so that stake freed by mistake or in a race is still
/// here when a challenge comes. The deploy script checks it.
interface IStakeManager {
    /// @notice The modules that may lock were set; nobody can change them any more.
    event ModulesWired(address[] modules);
    event Staked(address indexed account, uint256 amount);
    /// @notice `total` is unbonding now and can be withdrawn from `availableAt` on.
    event UnstakeRequested(address indexed account, uint256 amount, uint256 total, uint64 availableAt);
    event Withdrawn(address indexed account, uint256 amount);
    event Locked(address indexed account, address indexed module, bytes32 indexed lockId, uint256 amount);
    event Unlocked(address indexed account, address indexed module, bytes32 indexed lockId, uint256 amount);
    /// @notice Of `amount`, `burned` was destroyed, `reward` credited to `beneficiary`, and the rest sent to the module.
    event Slashed(
        address indexed account,
        address indexed module,
        bytes32 indexed lockId,
        uint256 amount,
        uint256 burned,
        address beneficiary,
        uint256 reward
    );

    /// @notice Staking or unstaking nothing is a mistake.
    error StakeManager_ZeroAmount();
    /// @notice The account has only `free` of free stake: stake more, or wait until a lock is released.
    error StakeManager_NotEnoughFree(address account, uint256 free, uint256 amount);
    /// @notice The module has only `locked` of the account under this lock.
    error StakeManager_NotEnoughLocked(address account, address module, bytes32 lockId, uint256 locked, uint256 amount);
    /// @notice More than half of a slashed amount was to be given away: at least half must burn.
    error StakeManager_TooLittleBurned(uint256 amount, uint256 reward, uint256 forfeit);
    /// @notice Nothing is unbonding: call `requestUnstake` first.
    error StakeManager_NothingUnbonding(address account);
    /// @notice The delay is not over before `availableAt`.
    error StakeManager_StillUnbonding(address account, uint64 availableAt);
    /// @notice Only a wired module may lock, unlock and slash.
    error StakeManager_NotAModule(address caller);

    // --- deployer, once

    /// @notice Fixes the modules, for ever. For the deployer, one time (see {Wired} for its errors).
    function wire(address[] calldata modules) external;

    // --- owners of stake

    /// @notice Moves `amount` from the caller's balance, by allowance, into its free stake.
    function stake(uint256 amount) external;

    /// @notice `stake` with an EIP-2612 permit over exactly `amount` for this contract.
    /// @dev A permit that somebody else has posted already does no harm: the allowance it gave is used.
    function stakeWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Moves free stake into unbonding.
    /// @dev A further request adds to the amount and starts the delay anew for all of it.
    function requestUnstake(uint256 amount) external;

    /// @notice Pays out what has unbonded.
    /// @return amount paid to the caller
    function withdraw() external returns (uint256 amount);

    // --- modules; `lockId` is the taskId or a constant of the module

    /// @notice Locks `amount` of the account's free stake; zero is legal.
    function lock(address account, bytes32 lockId, uint256 amount) external;

    /// @notice Returns `amount` of what the calling module locked under `lockId` to the account's free stake.
    function unlock(address account, bytes32 lockId, uint256 amount) external;

    /// @notice Takes `amount` of what the calling module locked under `lockId`: `reward` of it is credited to
    /// `beneficiary` as free stake, `forfeit` sent to the module as tokens, the rest destroyed.
    /// @dev At least half burns so that convicting oneself through a friend always costs more than it returns. Where
    /// nobody or the account itself is the beneficiary, the reward burns too.
    function slash(
        address account,
        bytes32 lockId,
        uint256 amount,
        address beneficiary,
        uint256 reward,
        uint256 forfeit
    ) external;

    // --- views

    /// @notice Stake that may be locked or requested out.
    function freeOf(address account) external view returns (uint256);

    /// @notice Stake under locks, over all modules.
    function lockedOf(address account) external view returns (uint256);

    /// @notice Stake that `module` locked under `lockId`.
    function lockedFor(address account, address module, bytes32 lockId) external view returns (uint256);

    /// @notice Stake on its way out, and when it may be withdrawn (0 if there is none).
    function unbondingOf(address account) external view returns (uint256 amount, uint64 availableAt);

    /// @notice Seconds between the last `requestUnstake` and `withdraw`.
    function unbondingDelay() external view returns (uint64);

    /// @notice Whether `account` was wired as a module.
    function isModule(address account) external view returns (bool);
}
