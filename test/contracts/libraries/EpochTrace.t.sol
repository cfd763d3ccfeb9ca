// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EpochTrace} from "../../../contracts/libraries/EpochTrace.sol";

/// @dev Against a plain table of the value of every epoch.
contract EpochTraceTest {
    using EpochTrace for EpochTrace.Trace;

    uint256 private constant EPOCHS = 40;

    EpochTrace.Trace private _trace;

    /// @param writes the steps between the epochs written, 0 to 3 each
    function testFuzz_readsTheValueOfEveryEpoch(uint8[12] calldata writes, uint192[12] calldata values) external {
        uint192[EPOCHS] memory table;
        uint64 epoch = 0;
        for (uint256 i = 0; i < writes.length; ++i) {
            epoch += writes[i] % 4;
            _trace.write(epoch, values[i]);
            for (uint256 later = epoch; later < EPOCHS; ++later) table[later] = values[i];
        }
        for (uint64 read = 0; read < EPOCHS; ++read) require(_trace.read(read) == table[read], "another value");
        require(_trace.latest() == values[11], "another latest value");
        require(_trace.earlier.length <= epoch, "more than one entry for an epoch");
    }

    function testFuzz_refusesToChangeThePast(uint64 epoch, uint64 earlier) external {
        if (earlier >= epoch) return;
        _trace.write(epoch, 1);
        try this.write(earlier, 2) {
            revert("the past was changed");
        } catch (bytes memory reason) {
            bytes memory expected = abi.encodeWithSelector(EpochTrace.EpochTrace_Past.selector, earlier, epoch);
            require(keccak256(reason) == keccak256(expected), "another error");
        }
    }

    function write(uint64 epoch, uint192 value) external {
        _trace.write(epoch, value);
    }
}
