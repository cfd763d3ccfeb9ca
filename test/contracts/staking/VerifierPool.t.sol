// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEpochBeacon} from "../../../contracts/interfaces/IEpochBeacon.sol";
import {IStakeManager} from "../../../contracts/interfaces/IStakeManager.sol";
import {IVerifierPool} from "../../../contracts/interfaces/IVerifierPool.sol";
import {VerifierPool} from "../../../contracts/staking/VerifierPool.sol";
import {vm} from "../helpers/Vm.sol";

/// @dev Takes every lock; what the pool locks is tested in TypeScript.
contract Locks {
    function lock(address, bytes32, uint256) external {}
    function unlock(address, bytes32, uint256) external {}

    function unbondingDelay() external pure returns (uint64) {
        return 1 days;
    }
}

/// @dev Epochs that a test sets.
contract Clock {
    uint64 public currentEpoch;

    function advance() external {
        ++currentEpoch;
    }

    function settlesAt(uint64 epoch) external pure returns (uint64) {
        return 1_000 + epoch * 10;
    }
}

/// @dev The drawing against a linear search over a table of the weights of every place in every epoch.
contract VerifierPoolTest {
    uint256 private constant EPOCHS = 6;
    uint256 private constant VERIFIERS = 12;

    Clock private _clock;
    VerifierPool private _pool;
    /// @dev By epoch, then place from 0, verifier number i holding place i.
    uint256[VERIFIERS][EPOCHS + 1] private _table;

    function setUp() external {
        _clock = new Clock();
        _pool = new VerifierPool(IStakeManager(address(new Locks())), IEpochBeacon(address(_clock)), 1);
        for (uint256 i = 0; i < VERIFIERS; ++i) {
            vm.prank(_verifier(i));
            _pool.enlist(1 + i, _verifier(i));
            _table[1][i] = 1 + i;
        }
    }

    /// @param who acts in each step of each epoch
    /// @param what 0 resigns, anything else is added to the weight
    function testFuzz_drawsAsALinearSearchOverTheSnapshot(
        uint8[3][EPOCHS] calldata who,
        uint64[3][EPOCHS] calldata what,
        bytes32[4] calldata randoms
    ) external {
        for (uint256 epoch = 0; epoch < EPOCHS; ++epoch) {
            if (epoch != 0) {
                _table[epoch + 1] = _table[epoch];
                _clock.advance();
            }
            for (uint256 step = 0; step < 3; ++step) _act(epoch, who[epoch][step] % VERIFIERS, what[epoch][step]);
        }
        for (uint64 epoch = 0; epoch < EPOCHS; ++epoch) {
            require(_pool.totalWeightAt(epoch) == _total(epoch), "another total");
            for (uint256 i = 0; i < randoms.length; ++i) {
                require(_pool.draw(epoch, randoms[i]) == _search(epoch, uint256(randoms[i])), "another verifier");
            }
        }
    }

    function test_fillsToItsCapacityAndNoFurther() external {
        uint256 capacity = _pool.capacity();
        for (uint256 i = VERIFIERS; i < capacity; ++i) {
            vm.prank(_verifier(i));
            _pool.enlist(1, _verifier(i));
        }
        try _pool.enlist(1, address(this)) {
            revert("one too many");
        } catch (bytes memory reason) {
            require(bytes4(reason) == IVerifierPool.VerifierPool_Full.selector, "another error");
        }
        _clock.advance();
        uint256 total = _pool.totalWeightAt(1);
        require(_pool.draw(1, bytes32(total - 1)) == _verifier(capacity - 1), "the last place is not drawn");
        require(_pool.draw(1, bytes32(0)) == _verifier(0), "the first place is not drawn");
    }

    function _act(uint256 epoch, uint256 i, uint64 amount) private {
        if (_pool.releasableAt(_verifier(i)) != 0) return;
        vm.prank(_verifier(i));
        if (amount == 0) {
            _pool.resign();
            _table[epoch + 1][i] = 0;
        } else {
            _pool.enlist(amount, _verifier(i));
            _table[epoch + 1][i] += amount;
        }
    }

    function _total(uint256 epoch) private view returns (uint256 total) {
        for (uint256 i = 0; i < VERIFIERS; ++i) total += _table[epoch][i];
    }

    function _search(uint256 epoch, uint256 random) private view returns (address) {
        uint256 total = _total(epoch);
        if (total == 0) return address(0);
        uint256 rest = random % total;
        for (uint256 i = 0; i < VERIFIERS; ++i) {
            if (rest < _table[epoch][i]) return _verifier(i);
            rest -= _table[epoch][i];
        }
        revert("a position beyond the total");
    }

    function _verifier(uint256 i) private pure returns (address) {
        return address(uint160(0x1000 + i));
    }
}
