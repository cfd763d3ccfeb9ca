// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A number's history over epochs
/// @notice Holds at most one value per epoch. The last value stands first, in one word: reading it, which is what readers
/// here mostly do, is one access; reading the value of t epochs ago looks at no more than t + 2 however long the history
/// is. They ask for epochs that have not settled yet, which are the last few.
library EpochTrace {
    struct Entry {
        uint64 epoch; // from which the value counts
        uint192 value;
    }

    struct Trace {
        Entry last;
        Entry[] earlier; // ascending epochs
    }

    /// @notice An epoch before the last one written is history.
    error EpochTrace_Past(uint64 epoch, uint64 last);

    /// @notice Sets the value that counts from `epoch` on.
    function write(Trace storage trace, uint64 epoch, uint192 value) internal {
        Entry memory last = trace.last;
        require(epoch >= last.epoch, EpochTrace_Past(epoch, last.epoch));
        // What was never written is 0 from epoch 0 on.
        bool written = last.value != 0 || trace.earlier.length != 0;
        if (epoch > last.epoch && written) trace.earlier.push(last);
        trace.last = Entry(epoch, value);
    }

    /// @notice The last value written, 0 if none.
    function latest(Trace storage trace) internal view returns (uint192) {
        return trace.last.value;
    }

    /// @notice The value that counts in `epoch`, 0 before the first one written.
    function read(Trace storage trace, uint64 epoch) internal view returns (uint192) {
        Entry memory entry = trace.last;
        if (entry.epoch <= epoch) return entry.value;
        for (uint256 i = trace.earlier.length; i != 0; --i) {
            entry = trace.earlier[i - 1];
            if (entry.epoch <= epoch) return entry.value;
        }
        return 0;
    }
}
