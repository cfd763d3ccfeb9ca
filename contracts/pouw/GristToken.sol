// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {IGristToken} from "../interfaces/IGristToken.sol";
import {Wired} from "../libraries/Wired.sol";

/// @title GristToken
/// @notice See {IGristToken}.
contract GristToken is ERC20Permit, ERC20Capped, ERC20Burnable, Wired, IGristToken {
    mapping(address account => bool) public override isMint;

    /// @param cap_ most GRIST wei that may exist at one time
    /// @param recipients accounts that own GRIST from the first block; empty on public chains, where all supply is mined
    /// @param amounts GRIST wei of each recipient
    constructor(
        uint256 cap_,
        address[] memory recipients,
        uint256[] memory amounts
    ) ERC20("Gristmill", "GRIST") ERC20Permit("Gristmill") ERC20Capped(cap_) {
        require(recipients.length == amounts.length, GristToken_GenesisLengths(recipients.length, amounts.length));
        for (uint256 i = 0; i < recipients.length; ++i) _mint(recipients[i], amounts[i]);
    }

    /// @inheritdoc IGristToken
    function appoint(address[] calldata mints) external onlyOnce {
        for (uint256 i = 0; i < mints.length; ++i) isMint[_requireContract(mints[i])] = true;
        emit MintsAppointed(mints);
    }

    /// @inheritdoc IGristToken
    function mint(address to, uint256 amount) external {
        require(isMint[msg.sender], GristToken_NotAMint(msg.sender));
        _mint(to, amount);
    }

    /// @inheritdoc IGristToken
    function burn(uint256 amount) public override(IGristToken, ERC20Burnable) {
        super.burn(amount);
    }

    /// @inheritdoc IGristToken
    function burnFrom(address account, uint256 amount) public override(IGristToken, ERC20Burnable) {
        super.burnFrom(account, amount);
    }

    /// @inheritdoc IGristToken
    function cap() public view override(IGristToken, ERC20Capped) returns (uint256) {
        return super.cap();
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner) public view override(IERC20Permit, ERC20Permit) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 amount) internal override(ERC20, ERC20Capped) {
        super._update(from, to, amount);
    }
}
