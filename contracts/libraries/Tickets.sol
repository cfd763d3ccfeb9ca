// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ClaimDetails} from "../types/ClaimTypes.sol";
import {TaskId} from "../types/TaskTypes.sol";

/// @title Lottery tickets (DESIGN section 6)
library Tickets {
    /// @dev Largest step of the target from one opened epoch to the next.
    uint256 private constant LARGEST_STEP = 4;

    /// @notice Tickets of iteration `index`: floor((index+1) * macs / T) - floor(index * macs / T), so that the tickets of
    /// the first n iterations are floor(n * macs / T) whatever T is.
    /// @param macs multiply-accumulates of one iteration
    /// @param macsPerTicket T
    function countOf(uint64 macs, uint32 index, uint64 macsPerTicket) internal pure returns (uint256) {
        uint256 before = uint256(index) * macs;
        return (before + macs) / macsPerTicket - before / macsPerTicket;
    }

    /// @notice x = keccak256(abi.encode(chainid, mint, taskId, miner, slot, index, work, j)), the input of the TensHash.
    function inputOf(
        address mint,
        TaskId taskId,
        address miner,
        uint32 slot,
        uint32 index,
        bytes32 work,
        uint32 ticket
    ) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, mint, taskId, miner, slot, index, work, ticket));
    }

    /// @notice x of a claimed ticket.
    function inputOf(address mint, ClaimDetails memory d) internal view returns (bytes32) {
        return inputOf(mint, d.taskId, d.miner, d.slot, d.index, d.work, d.ticket);
    }

    /// @notice Whether the ticket with input x and TensHash y wins: the TensHash's bits are biased, so it is hashed once
    /// more.
    function isLucky(bytes32 x, bytes32 y, uint256 target) internal pure returns (bool) {
        return uint256(keccak256(abi.encode(y, x))) <= target;
    }

    /// @notice The target after an epoch that had `claims` claims: `target * wanted / claims`, but at most four times up
    /// or down, at least 1 and at most 2^256 - 1.
    /// @param wanted claims per epoch, positive
    function retarget(uint256 target, uint256 wanted, uint256 claims) internal pure returns (uint256) {
        if (claims * LARGEST_STEP <= wanted) return Math.saturatingMul(target, LARGEST_STEP);
        if (claims >= wanted * LARGEST_STEP) return Math.max(target / LARGEST_STEP, 1);
        (uint256 high, ) = Math.mul512(target, wanted);
        // target * wanted / claims fits in 256 bits exactly when the upper word of the product is below the divisor.
        return high >= claims ? type(uint256).max : Math.max(Math.mulDiv(target, wanted, claims), 1);
    }

    /// @notice {retarget}, and four times up again for each of `silent` epochs without a claim that followed, up to
    /// `easiest`.
    function retargetAfterSilence(
        uint256 target,
        uint256 wanted,
        uint256 claims,
        uint256 silent,
        uint256 easiest
    ) internal pure returns (uint256) {
        uint256 next = retarget(target, wanted, claims);
        // 4^128 is 2^256: so long a silence makes any target the easiest.
        return silent >= 128 ? easiest : Math.min(Math.saturatingMul(next, LARGEST_STEP ** silent), easiest);
    }
}
