// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Wired: modules that are set exactly once
/// @notice Some contracts of the suite need each other (token and mint, stake and registry, registry and mint), so not
/// all of these addresses can be constructor arguments. Such a contract inherits this one: the account that deployed it
/// sets the missing modules in a single call, after which nobody, the deployer included, can ever change them.
/// @dev What a user has to trust: between deployment and wiring the deployer chooses the modules. Everything that needs
/// them reverts until then (`whenWired`), so nothing of value can be inside yet; afterwards the deployer has no power
/// left. The deploy script checks the wired addresses, and anyone can read them.
///
/// An inheriting contract declares
///
///     function wire(IModule module) external onlyOnce {
///         _module = IModule(_requireContract(address(module)));
///         emit Contract_Wired(module);
///     }
abstract contract Wired {
    /// @notice Only the account that deployed this contract may wire it.
    error Wired_NotDeployer(address caller, address deployer);
    /// @notice The modules are set already and stay as they are.
    error Wired_AlreadyWired();
    /// @notice The deployer has not set the modules yet.
    error Wired_NotWired();
    /// @notice A module must be a deployed contract: deploy it first.
    error Wired_NotAContract(address module);

    address private immutable _deployer = msg.sender;
    bool private _wired;

    /// @dev For the wiring function: the deployer only, one time only.
    modifier onlyOnce() {
        require(msg.sender == _deployer, Wired_NotDeployer(msg.sender, _deployer));
        require(!_wired, Wired_AlreadyWired());
        _wired = true;
        _;
    }

    /// @dev For everything that needs the modules.
    modifier whenWired() {
        require(_wired, Wired_NotWired());
        _;
    }

    /// @notice Whether the modules are set, and with that final.
    function isWired() external view returns (bool) {
        return _wired;
    }

    /// @dev Returns `module` if there is code at it; a wrong address here could not be mended later.
    function _requireContract(address module) internal view returns (address) {
        require(module.code.length != 0, Wired_NotAContract(module));
        return module;
    }
}
