// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev How many claims of a slot wait for the end of their window, by the period in which it ends. Periods are numbered in
/// the slot's own time, which stands still while the slot is suspended; a window reaches over 8 of them at most, which is
/// all that this word has room for.
///
///     255      192 191     168     48 47     24 23      0
///     | newest p  | p - 7   | ... ... | p - 1   | p       |
///       64 bits     24 bits each: claims whose window ends in that period
type LockedClaims is uint256;

using LockedClaimsLib for LockedClaims global;

/// @title LockedClaimsLib
/// @notice Adding to {LockedClaims}, and letting go of those whose window has ended.
/// @dev Periods only grow, and those of claims that are still locked lie within 8 of each other. A count would overflow at
/// 2^24 claims within one period, which no chain has room for.
library LockedClaimsLib {
    uint256 internal constant PERIODS = 8;
    uint256 private constant BITS = 24;
    uint256 private constant COUNTS = PERIODS * BITS;
    uint256 private constant COUNT_MASK = (1 << BITS) - 1;

    /// @notice Drops the claims of the periods up to `ended`.
    function until(LockedClaims self, uint256 ended) internal pure returns (LockedClaims) {
        uint256 newest = _newest(self);
        uint256 kept = newest > ended ? newest - ended : 0;
        if (kept >= PERIODS) return self;
        return LockedClaims.wrap((newest << COUNTS) | (LockedClaims.unwrap(self) & ((1 << (kept * BITS)) - 1)));
    }

    /// @notice Adds a claim whose window ends in `period`, or in the newest period if that is later.
    function with(LockedClaims self, uint256 period) internal pure returns (LockedClaims) {
        uint256 newest = _newest(self);
        uint256 counts = uint192(LockedClaims.unwrap(self));
        if (period > newest) {
            counts = uint192(counts << ((period - newest) * BITS));
            newest = period;
        }
        return LockedClaims.wrap((newest << COUNTS) | (counts + 1));
    }

    /// @notice How many there are.
    function count(LockedClaims self) internal pure returns (uint256 n) {
        for (uint256 counts = uint192(LockedClaims.unwrap(self)); counts != 0; counts >>= BITS)
            n += counts & COUNT_MASK;
    }

    /// @notice The first period that has any; the newest if none has.
    function oldest(LockedClaims self) internal pure returns (uint256 period) {
        period = _newest(self);
        for (uint256 counts = uint192(LockedClaims.unwrap(self)) >> BITS; counts != 0; counts >>= BITS) --period;
    }

    function _newest(LockedClaims self) private pure returns (uint256) {
        return LockedClaims.unwrap(self) >> COUNTS;
    }
}
