// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A number's history over epochs
/// @notice Holds at most one value per epoch, so reading the value of t epochs ago looks at no more than t + 2 entries
/// however long the history is. Readers here ask for epochs that have not settled yet, which are the last few.
library EpochTrace {
    struct Entry {
        uint64 epoch; // from which the value counts
        uint192 value;
    }

    struct Trace {
        Entry[] entries; // ascending epochs
    }

    /// @notice An epoch before the last one written is history.
    error EpochTrace_Past(uint64 epoch, uint64 last);

    /// @notice Sets the value that counts from `epoch` on.
    function write(Trace storage trace, uint64 epoch, uint192 value) internal {
        uint256 length = trace.entries.length;
        if (length == 0 || trace.entries[length - 1].epoch < epoch) {
            trace.entries.push(Entry(epoch, value));
        } else {
            Entry storage last = trace.entries[length - 1];
            require(last.epoch == epoch, EpochTrace_Past(epoch, last.epoch));
            last.value = value;
        }
    }

    /// @notice The last value written, 0 if none.
    function latest(Trace storage trace) internal view returns (uint192) {
        return read(trace, type(uint64).max);
    }

    /// @notice The value that counts in `epoch`, 0 before the first one written.
    function read(Trace storage trace, uint64 epoch) internal view returns (uint192) {
        for (uint256 i = trace.entries.length; i != 0; --i) {
            Entry memory entry = trace.entries[i - 1];
            if (entry.epoch <= epoch) return entry.value;
        }
        return 0;
    }
}
