// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IGristToken} from "../../../contracts/interfaces/IGristToken.sol";
import {GristToken} from "../../../contracts/pouw/GristToken.sol";
import {StakeManager} from "../../../contracts/staking/StakeManager.sol";
import {vm} from "../helpers/Vm.sol";

/// @dev A module must be a contract.
contract Impersonated {}

/// @dev Does with the stakes of a few accounts what the fuzzer picks, as their owner or as one of two modules. Calls that
/// must fail are bounded away; `misuses` tries them and must always fail.
contract StakeActions {
    uint256 public constant ACCOUNTS = 4;
    uint64 public constant DELAY = 100;
    uint256 public constant SUPPLY = 4_000_000;

    GristToken public immutable TOKEN;
    StakeManager public immutable STAKES;
    address[2] public modules;
    uint256 public burned;
    uint256 public slashed;
    uint256 public forfeited;

    constructor() {
        address[] memory holders = new address[](ACCOUNTS);
        uint256[] memory amounts = new uint256[](ACCOUNTS);
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            holders[i] = account(i);
            amounts[i] = SUPPLY / ACCOUNTS;
        }
        TOKEN = new GristToken(SUPPLY, holders, amounts);
        STAKES = new StakeManager(IGristToken(address(TOKEN)), DELAY);
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            vm.prank(account(i));
            TOKEN.approve(address(STAKES), type(uint256).max);
        }
        modules = [address(new Impersonated()), address(new Impersonated())];
        address[] memory list = new address[](2);
        (list[0], list[1]) = (modules[0], modules[1]);
        STAKES.wire(list);
    }

    function stake(uint256 who, uint256 amount) external {
        address owner = account(who);
        amount = _bound(amount, TOKEN.balanceOf(owner));
        if (amount == 0) return;
        vm.prank(owner);
        STAKES.stake(amount);
    }

    function requestUnstake(uint256 who, uint256 amount) external {
        address owner = account(who);
        amount = _bound(amount, STAKES.freeOf(owner));
        if (amount == 0) return;
        vm.prank(owner);
        STAKES.requestUnstake(amount);
    }

    function withdraw(uint256 who) external {
        address owner = account(who);
        (uint256 amount, uint64 availableAt) = STAKES.unbondingOf(owner);
        if (amount == 0) return;
        if (block.timestamp < availableAt) vm.warp(availableAt);
        vm.prank(owner);
        STAKES.withdraw();
    }

    function lock(uint256 who, uint256 by, bool other, uint256 amount) external {
        amount = _bound(amount, STAKES.freeOf(account(who)));
        vm.prank(modules[by % 2]);
        STAKES.lock(account(who), _lockId(other), amount);
    }

    function unlock(uint256 who, uint256 by, bool other, uint256 amount) external {
        amount = _bound(amount, STAKES.lockedFor(account(who), modules[by % 2], _lockId(other)));
        vm.prank(modules[by % 2]);
        STAKES.unlock(account(who), _lockId(other), amount);
    }

    function slash(
        uint256 who,
        uint256 by,
        bool other,
        uint256 amount,
        uint256 beneficiary,
        uint256 reward,
        uint256 forfeit
    ) external {
        address module = modules[by % 2];
        amount = _bound(amount, STAKES.lockedFor(account(who), module, _lockId(other)));
        reward = _bound(reward, amount / 2);
        forfeit = _bound(forfeit, amount / 2 - reward);
        uint256 supply = TOKEN.totalSupply();
        uint256 held = TOKEN.balanceOf(module);
        // One choice more than there are accounts: nobody.
        beneficiary %= ACCOUNTS + 1;
        address rewarded = beneficiary == ACCOUNTS ? address(0) : account(beneficiary);
        vm.prank(module);
        STAKES.slash(account(who), _lockId(other), amount, rewarded, reward, forfeit);
        slashed += amount;
        forfeited += forfeit;
        burned += supply - TOKEN.totalSupply();
        require(TOKEN.balanceOf(module) == held + forfeit, "the module did not get the forfeit");
    }

    /// @dev Takes more than there is, out of every pot.
    function misuses(uint256 who, uint256 by, uint256 excess) external {
        address owner = account(who);
        address module = modules[by % 2];
        excess = 1 + _bound(excess, SUPPLY);
        uint256 free = STAKES.freeOf(owner);
        uint256 locked = STAKES.lockedFor(owner, module, _lockId(false));
        vm.prank(owner);
        try STAKES.requestUnstake(free + excess) {
            revert("more than the free stake was requested out");
        } catch {}
        vm.prank(module);
        try STAKES.lock(owner, _lockId(false), free + excess) {
            revert("more than the free stake was locked");
        } catch {}
        vm.prank(module);
        try STAKES.unlock(owner, _lockId(false), locked + excess) {
            revert("more than the lock was unlocked");
        } catch {}
        vm.prank(module);
        try STAKES.slash(owner, _lockId(false), locked + excess, address(0), 0, 0) {
            revert("more than the lock was slashed");
        } catch {}
        vm.prank(module);
        try STAKES.slash(owner, _lockId(false), locked, account((who % ACCOUNTS) + 1), locked / 2, excess) {
            revert("less than half of a slashed amount was burnt");
        } catch {}
    }

    function account(uint256 who) public pure returns (address) {
        return address(uint160(0x2000 + (who % ACCOUNTS)));
    }

    function lockedByModules(address owner) external view returns (uint256 sum) {
        for (uint256 i = 0; i < 2; ++i) {
            sum += STAKES.lockedFor(owner, modules[i], _lockId(false));
            sum += STAKES.lockedFor(owner, modules[i], _lockId(true));
        }
    }

    function _lockId(bool other) private pure returns (bytes32) {
        return other ? keccak256("other lock") : keccak256("lock");
    }

    function _bound(uint256 value, uint256 most) private pure returns (uint256) {
        return most == type(uint256).max ? value : value % (most + 1);
    }
}

contract StakeManagerInvariants {
    StakeActions private _actions;

    function setUp() external {
        _actions = new StakeActions();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_actions);
    }

    /// hardhat-config: invariant.runs = 40
    /// hardhat-config: invariant.depth = 50
    /// hardhat-config: invariant.failOnRevert = true
    function invariant_theBalanceIsTheSumOfAllStakes() external view {
        StakeManager stakes = _actions.STAKES();
        uint256 sum = 0;
        for (uint256 i = 0; i < _actions.ACCOUNTS(); ++i) {
            address owner = _actions.account(i);
            (uint256 unbonding, ) = stakes.unbondingOf(owner);
            sum += stakes.freeOf(owner) + stakes.lockedOf(owner) + unbonding;
            require(stakes.lockedOf(owner) == _actions.lockedByModules(owner), "locks do not sum to what is locked");
        }
        require(_actions.TOKEN().balanceOf(address(stakes)) == sum, "the balance is not the sum of the stakes");
    }

    /// hardhat-config: invariant.runs = 40
    /// hardhat-config: invariant.depth = 50
    /// hardhat-config: invariant.failOnRevert = true
    function invariant_onlySlashingDestroysAndTakesAtLeastHalf() external view {
        uint256 burned = _actions.burned();
        require(_actions.TOKEN().totalSupply() + burned == _actions.SUPPLY(), "tokens were created or lost");
        require(2 * burned >= _actions.slashed() && burned <= _actions.slashed(), "slashing burns less than half");
    }
}
