// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @title GRIST, the token of fees, stakes and rewards
/// @notice ERC-20 with 18 decimals and EIP-2612 permits. Its supply is capped at every moment, grows only through the
/// mints that were appointed once for all, and shrinks when somebody burns. There is no owner, no pause, no blocklist,
/// no hook on transfer and no fee on transfer; other contracts of the suite rely on that.
interface IGristToken is IERC20, IERC20Permit {
    /// @notice The contracts that may mint were set; nobody can change them any more.
    event MintsAppointed(address[] mints);

    /// @notice Only an appointed mint may mint.
    error GristToken_NotAMint(address caller);
    /// @notice The genesis allocation needs one amount for every recipient.
    error GristToken_GenesisLengths(uint256 recipients, uint256 amounts);

    // --- deployer, once

    /// @notice Fixes the contracts that may mint, for ever.
    /// @dev For the deployer, one time (see {Wired} for its errors). Every entry must be a deployed contract. An empty
    /// list is legal and closes the supply.
    function appoint(address[] calldata mints) external;

    // --- mints

    /// @notice Creates `amount` GRIST wei for `to`.
    /// @dev For appointed mints only. Reverts with OpenZeppelin's `ERC20ExceededCap` above the cap.
    function mint(address to, uint256 amount) external;

    // --- owners

    /// @notice Destroys `amount` GRIST wei of the caller.
    function burn(uint256 amount) external;

    /// @notice Destroys `amount` GRIST wei of `account` out of the caller's allowance.
    function burnFrom(address account, uint256 amount) external;

    // --- views

    /// @notice Most GRIST wei that may exist at one time; what was burned may be minted again.
    function cap() external view returns (uint256);

    /// @notice Whether `account` was appointed.
    function isMint(address account) external view returns (bool);
}
