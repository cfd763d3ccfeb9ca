// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";

/// @title ReenteringToken
/// @notice A token that calls back whoever moves it, as GRIST never does: shows that the registry would hold even then.
/// Used by tests only.
contract ReenteringToken is ERC20, ERC20Burnable {
    /// @notice The callback failed with `reason`.
    event Refused(bytes reason);
    event Reentered();

    bytes private _callback;

    constructor(address[] memory holders) ERC20("Reentering", "RE") {
        for (uint256 i = 0; i < holders.length; ++i) _mint(holders[i], 10 ** 24);
    }

    /// @notice From now on, every transfer that another contract makes calls it back with `callback`.
    function arm(bytes calldata callback) external {
        _callback = callback;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (_callback.length == 0 || msg.sender.code.length == 0) return;
        (bool entered, bytes memory reason) = msg.sender.call(_callback);
        if (entered) emit Reentered();
        else emit Refused(reason);
    }
}
