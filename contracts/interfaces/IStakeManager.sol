// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface IStakeManager {
    // --- owners of stake
    function stake(uint256 amount) external;
    function stakeWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
    /// Moves free stake into unbonding; a further request adds to the amount and starts the delay anew.
    function requestUnstake(uint256 amount) external;
    /// Pays out what has unbonded.
    function withdraw() external returns (uint256 amount);

    // --- modules (TaskRegistry, VerifierPool): `lockId` is the taskId or a module constant
    function lock(address account, bytes32 lockId, uint256 amount) external;
    function unlock(address account, bytes32 lockId, uint256 amount) external;
    /// Takes locked stake: `burned` is destroyed, the rest credited to `beneficiary` as free stake; at least half burns.
    function slash(address account, bytes32 lockId, uint256 amount, address beneficiary) external;

    // --- views
    function freeOf(address account) external view returns (uint256);
    function lockedOf(address account) external view returns (uint256);
    function lockedFor(address account, address module, bytes32 lockId) external view returns (uint256);
    function unbondingOf(address account) external view returns (uint256 amount, uint64 availableAt);
    function unbondingDelay() external view returns (uint64);
}
