// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Places, PlacesLib} from "../../../contracts/types/Places.sol";

/// @notice {Places} against plain arrays of booleans.
contract PlacesTest {
    function testFuzz_setsAreWhatTheirMembersSay(uint80 a, uint80 b, uint8 place) public pure {
        (Places left, Places right) = (Places.wrap(a), Places.wrap(b));
        place %= 80;
        uint256 members = 0;
        for (uint256 i = 0; i < 80; ++i) {
            bool inLeft = (a / uint256(2) ** i) % 2 == 1;
            bool inRight = (b / uint256(2) ** i) % 2 == 1;
            if (inLeft) ++members;
            require(left.has(i) == inLeft, "has");
            require((left & right).has(i) == (inLeft && inRight), "and");
            require((left - right).has(i) == (inLeft && !inRight), "minus");
            require(left.with(place).has(i) == (inLeft || i == place), "with");
            require(left.without(place).has(i) == (inLeft && i != place), "without");
            require(PlacesLib.first(place).has(i) == (i < place), "first");
        }
        require(left.count() == members, "count");
        require(left.isEmpty() == (members == 0), "isEmpty");
    }

    function test_setsHaveRoomForEightyPlacesAndNoMore() public pure {
        require(PlacesLib.first(80).count() == 80, "all");
        require(!PlacesLib.first(80).has(80), "none beyond");
        require(PlacesLib.first(0).isEmpty(), "nobody");
        require(Places.wrap(0).with(80).isEmpty(), "dropped");
    }
}
