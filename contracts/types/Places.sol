// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A set of a task's places in one role: bit i stands for place i. A role has 80 places at most, so a set fits in
/// 80 bits and three of them in one storage word.
///
///     bit  79 .......... 2 1 0
///                        | | place 0
///                        | place 1
type Places is uint80;

using PlacesLib for Places global;
using {placesAnd as &, placesMinus as -} for Places global;

/// @dev The places in both sets.
function placesAnd(Places a, Places b) pure returns (Places) {
    return Places.wrap(Places.unwrap(a) & Places.unwrap(b));
}

/// @dev The places in `a` that are not in `b`.
function placesMinus(Places a, Places b) pure returns (Places) {
    return Places.wrap(Places.unwrap(a) & ~Places.unwrap(b));
}

/// @title PlacesLib
/// @notice Operations on sets of places.
library PlacesLib {
    function has(Places set, uint256 place) internal pure returns (bool) {
        return (Places.unwrap(set) >> place) & 1 != 0;
    }

    /// @dev `place` must be below 80: the shift drops any other silently.
    function with(Places set, uint256 place) internal pure returns (Places) {
        return Places.wrap(Places.unwrap(set) | uint80(1 << place));
    }

    function without(Places set, uint256 place) internal pure returns (Places) {
        return Places.wrap(Places.unwrap(set) & ~uint80(1 << place));
    }

    function isEmpty(Places set) internal pure returns (bool) {
        return Places.unwrap(set) == 0;
    }

    function count(Places set) internal pure returns (uint256 n) {
        // Each turn takes away the lowest bit that is set.
        for (uint256 bits = Places.unwrap(set); bits != 0; bits &= bits - 1) ++n;
    }

    /// @dev The places 0 to n - 1, n at most 80.
    function first(uint256 n) internal pure returns (Places) {
        return Places.wrap(uint80((1 << n) - 1));
    }
}
