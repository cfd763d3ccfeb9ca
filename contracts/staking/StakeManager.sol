// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IGristToken} from "../interfaces/IGristToken.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {Wired} from "../libraries/Wired.sol";

/// @title StakeManager
/// @notice See {IStakeManager}.
/// @dev Invariant: the token balance of this contract is at least the sum over all accounts of free, locked and unbonding
/// stake, and exactly that as long as nobody sends it tokens without staking them.
contract StakeManager is IStakeManager, Wired, ReentrancyGuardTransient {
    using SafeERC20 for IGristToken;

    /// @dev What is locked was free before, and what unbonds too: that all stake together fits is checked as it comes in.
    struct Account {
        uint128 free;
        uint128 locked;
        // --- one word
        uint128 unbonding;
        uint64 availableAt;
    }

    IGristToken private immutable _token;
    uint64 public immutable override unbondingDelay;

    mapping(address account => bool) public override isModule;
    mapping(address account => Account) private _accounts;
    mapping(address account => mapping(address module => mapping(bytes32 lockId => uint256))) public override lockedFor;

    /// @param token GRIST
    /// @param unbondingDelay_ seconds; must exceed any challenge window of the suite
    constructor(IGristToken token, uint64 unbondingDelay_) {
        _token = IGristToken(_requireContract(address(token)));
        unbondingDelay = unbondingDelay_;
    }

    modifier onlyModule() {
        require(isModule[msg.sender], StakeManager_NotAModule(msg.sender));
        _;
    }

    /// @inheritdoc IStakeManager
    function wire(address[] calldata modules) external onlyOnce {
        for (uint256 i = 0; i < modules.length; ++i) isModule[_requireContract(modules[i])] = true;
        emit ModulesWired(modules);
    }

    /// @inheritdoc IStakeManager
    function stake(uint256 amount) external nonReentrant {
        _stake(amount);
    }

    /// @inheritdoc IStakeManager
    function stakeWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external nonReentrant {
        // Whoever sees the permit may post it first; what counts is the allowance, which the transfer checks.
        try _token.permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _stake(amount);
    }

    /// @inheritdoc IStakeManager
    function requestUnstake(uint256 amount) external {
        Account storage account = _accounts[msg.sender];
        require(amount != 0, StakeManager_ZeroAmount());
        require(account.free >= amount, StakeManager_NotEnoughFree(msg.sender, account.free, amount));

        uint64 availableAt = SafeCast.toUint64(block.timestamp + unbondingDelay);
        account.free -= uint128(amount);
        account.unbonding += uint128(amount);
        account.availableAt = availableAt;
        emit UnstakeRequested(msg.sender, amount, account.unbonding, availableAt);
    }

    /// @inheritdoc IStakeManager
    function withdraw() external nonReentrant returns (uint256 amount) {
        Account storage account = _accounts[msg.sender];
        amount = account.unbonding;
        require(amount != 0, StakeManager_NothingUnbonding(msg.sender));
        require(block.timestamp >= account.availableAt, StakeManager_StillUnbonding(msg.sender, account.availableAt));

        account.unbonding = 0;
        account.availableAt = 0;
        emit Withdrawn(msg.sender, amount);
        _token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IStakeManager
    function lock(address account, bytes32 lockId, uint256 amount) external onlyModule {
        Account storage owner = _accounts[account];
        require(owner.free >= amount, StakeManager_NotEnoughFree(account, owner.free, amount));

        owner.free -= uint128(amount);
        owner.locked += uint128(amount);
        lockedFor[account][msg.sender][lockId] += amount;
        emit Locked(account, msg.sender, lockId, amount);
    }

    /// @inheritdoc IStakeManager
    function unlock(address account, bytes32 lockId, uint256 amount) external onlyModule {
        _takeLocked(account, lockId, amount);
        _accounts[account].free += uint128(amount);
        emit Unlocked(account, msg.sender, lockId, amount);
    }

    /// @inheritdoc IStakeManager
    function slash(
        address account,
        bytes32 lockId,
        uint256 amount,
        address beneficiary,
        uint256 reward,
        uint256 forfeit
    ) external onlyModule nonReentrant {
        _takeLocked(account, lockId, amount);
        require(reward + forfeit <= amount / 2, StakeManager_TooLittleBurned(amount, reward, forfeit));
        if (beneficiary == address(0) || beneficiary == account) reward = 0;
        uint256 burned = amount - reward - forfeit;
        _accounts[beneficiary].free += uint128(reward);
        emit Slashed(account, msg.sender, lockId, amount, burned, beneficiary, reward);
        _token.burn(burned);
        if (forfeit != 0) _token.safeTransfer(msg.sender, forfeit);
    }

    /// @inheritdoc IStakeManager
    function freeOf(address account) external view returns (uint256) {
        return _accounts[account].free;
    }

    /// @inheritdoc IStakeManager
    function lockedOf(address account) external view returns (uint256) {
        return _accounts[account].locked;
    }

    /// @inheritdoc IStakeManager
    function unbondingOf(address account) external view returns (uint256 amount, uint64 availableAt) {
        return (_accounts[account].unbonding, _accounts[account].availableAt);
    }

    function _stake(uint256 amount) private {
        require(amount != 0, StakeManager_ZeroAmount());
        _accounts[msg.sender].free += SafeCast.toUint128(amount);
        emit Staked(msg.sender, amount);
        _token.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @dev Takes `amount` out of the calling module's lock; the caller of this function says where it goes.
    function _takeLocked(address account, bytes32 lockId, uint256 amount) private {
        uint256 locked = lockedFor[account][msg.sender][lockId];
        require(locked >= amount, StakeManager_NotEnoughLocked(account, msg.sender, lockId, locked, amount));
        lockedFor[account][msg.sender][lockId] = locked - amount;
        _accounts[account].locked -= uint128(amount);
    }
}
