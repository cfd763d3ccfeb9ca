// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Stake-weighted drawing of verifiers from snapshots: changes made in epoch e count from epoch e + 1 on, so
/// that nobody can move a draw whose seed is known.
interface IVerifierPool {
    event VerifierEnlisted(address indexed verifier, address indexed operator, uint256 weight);
    event VerifierResigned(address indexed verifier);

    /// Locks `amount` of the caller's stake and makes it drawable; again: adds to it. `operator` signs attestations.
    function enlist(uint256 amount, address operator) external;
    function resign() external;
    /// Unlocks a resigned verifier's stake once no window in which it is the bond is open.
    function release() external;
    function weightOf(address verifier) external view returns (uint256);
    function operatorOf(address verifier) external view returns (address);
    function totalWeightAt(uint64 epoch) external view returns (uint256);
    /// The verifier at `uint(random) % totalWeightAt(epoch)` of the snapshot; zero if the pool was empty.
    function draw(uint64 epoch, bytes32 random) external view returns (address verifier);
}
