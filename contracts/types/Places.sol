// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A set of a task's places in one role: bit i stands for place i. A role has 80 places at most, so a set fits in
/// 80 bits and three of them in one storage word.
///
///     bit  79 .......... 2 1 0
///                        | | place 0
///                        | place 1
type Places is uint80;

using {placesHas as has, placesWith as with, placesMinus as minus, placesAnd as and} for Places global;
using {placesIsEmpty as isEmpty, placesCount as count} for Places global;

function placesHas(Places set, uint256 place) pure returns (bool) {
    return (Places.unwrap(set) >> place) & 1 != 0;
}

/// @dev `place` must be below 80: the shift drops any other silently.
function placesWith(Places set, uint256 place) pure returns (Places) {
    return Places.wrap(Places.unwrap(set) | (uint80(1) << uint8(place)));
}

function placesMinus(Places set, Places other) pure returns (Places) {
    return Places.wrap(Places.unwrap(set) & ~Places.unwrap(other));
}

function placesAnd(Places set, Places other) pure returns (Places) {
    return Places.wrap(Places.unwrap(set) & Places.unwrap(other));
}

function placesIsEmpty(Places set) pure returns (bool) {
    return Places.unwrap(set) == 0;
}

function placesCount(Places set) pure returns (uint256 count) {
    // Each turn takes away the lowest bit that is set.
    for (uint256 bits = Places.unwrap(set); bits != 0; bits &= bits - 1) ++count;
}

/// @dev The places 0 to n - 1, n at most 80.
function firstPlaces(uint256 n) pure returns (Places) {
    return Places.wrap(uint80((uint256(1) << n) - 1));
}
