// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What the Solidity tests use of the cheatcodes that Hardhat offers.
interface Vm {
    function assume(bool condition) external pure;
    function prank(address sender) external;
    function roll(uint256 blockNumber) external;
    function warp(uint256 timestamp) external;
    function prevrandao(bytes32 value) external;
    function deal(address account, uint256 balance) external;
}

/// @dev At this address Hardhat, as Foundry, answers cheatcodes.
Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
