// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LockedClaims} from "../../../contracts/types/LockedClaims.sol";

/// @dev {LockedClaims} against a plain table of claims by the period in which their windows end.
contract LockedClaimsTest {
    uint256 private constant STEPS = 24;
    uint256 private constant TABLE = 4 * STEPS + 8;

    /// @param waits how far the slot's time goes on before each claim, 0 to 3 periods
    /// @param windows how far ahead each claim's window ends, 1 to 8 periods
    function testFuzz_countsTheClaimsWhoseWindowHasNotEnded(
        uint8[STEPS] calldata waits,
        uint8[STEPS] calldata windows
    ) external pure {
        LockedClaims locked = LockedClaims.wrap(0);
        uint256[TABLE] memory table;
        uint256 ended = 0;
        uint256 newest = 0;
        for (uint256 i = 0; i < STEPS; ++i) {
            ended += waits[i] % 4;
            // The end of a window is at least as late as that of an earlier claim, or counts as if it were.
            uint256 period = ended + 1 + (windows[i] % 8);
            newest = period > newest ? period : newest;
            ++table[newest];
            locked = locked.until(ended).with(period);
            require(locked.count() == _sumFrom(table, ended + 1), "another count");
            require(locked.oldest() == _firstFrom(table, ended + 1), "another oldest period");
        }
        for (uint256 period = 0; period < TABLE; ++period) {
            require(locked.until(period).count() == _sumFrom(table, (period > ended ? period : ended) + 1), "until");
        }
    }

    function _sumFrom(uint256[TABLE] memory table, uint256 first) private pure returns (uint256 sum) {
        for (uint256 period = first; period < TABLE; ++period) sum += table[period];
    }

    function _firstFrom(uint256[TABLE] memory table, uint256 first) private pure returns (uint256 period) {
        for (period = first; table[period] == 0; ++period) {}
    }
}
