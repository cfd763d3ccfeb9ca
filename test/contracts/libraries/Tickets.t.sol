// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Tickets} from "../../../contracts/libraries/Tickets.sol";

contract TicketsTest {
    /// @dev Small enough that `target * wanted` cannot overflow, so that plain arithmetic is the reference.
    function testFuzz_retargetsInProportionWithinFourTimes(uint192 target, uint32 wanted, uint32 claims) external pure {
        if (target == 0 || wanted == 0) return;
        uint256 next = Tickets.retarget(target, wanted, claims);
        uint256 plain = (uint256(target) * wanted) / (claims == 0 ? 1 : claims);
        uint256 least = target / 4;
        uint256 most = uint256(target) * 4;
        if (claims == 0 || plain > most) plain = most;
        if (plain < least) plain = least;
        if (plain == 0) plain = 1;
        require(next == plain, "another target");
    }

    function testFuzz_neverOverflows(uint256 target, uint32 wanted, uint32 claims) external pure {
        if (target == 0 || wanted == 0) return;
        uint256 next = Tickets.retarget(target, wanted, claims);
        require(next >= Math.max(target / 4, 1), "lowered by more than four");
        require(next / 4 <= target, "raised by more than four");
        if (claims <= wanted) require(next >= target, "lowered though there were too few claims");
        else require(next <= target, "raised though there were too many claims");
    }

    /// @dev Step by step is the reference: what silence adds is as if every silent epoch had been opened without a claim.
    function testFuzz_raisesTheTargetByFourForEverySilentEpoch(
        uint256 target,
        uint32 wanted,
        uint32 claims,
        uint8 silent,
        uint256 easiest
    ) external pure {
        if (target == 0 || wanted == 0 || easiest == 0) return;
        uint256 plain = Tickets.retarget(target, wanted, claims);
        for (uint256 i = 0; i < silent; ++i) plain = Tickets.retarget(plain, wanted, 0);
        uint256 next = Tickets.retargetAfterSilence(target, wanted, claims, silent, easiest);
        require(next == Math.min(plain, easiest), "another target");
    }

    /// @dev Whatever T is, the tickets of the first iterations sum to what their work earns in all.
    function testFuzz_losesNoWorkBetweenIterations(uint64 macs, uint64 macsPerTicket, uint32 start) external pure {
        if (macsPerTicket == 0 || start > type(uint32).max - 20) return;
        uint256 sum = 0;
        for (uint32 i = 0; i < 20; ++i) sum += Tickets.countOf(macs, start + i, macsPerTicket);
        uint256 before = (uint256(start) * macs) / macsPerTicket;
        require(sum == (uint256(start + 20) * macs) / macsPerTicket - before, "tickets were lost or counted twice");
    }
}
