// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Record, Segment} from "../types/SegmentTypes.sol";
import {TaskId} from "../types/TaskTypes.sol";

/// @dev keccak256(abi.encode(taskId, slot, index, ticket))
type ClaimId is bytes32;

interface IWorkMint {
    enum ClaimState {
        None,
        Claimed, // waits for attestations
        Attested, // k verifiers agree; waits for the challenge window
        Frozen, // a drawn verifier reported it, or attestations disagree: never mints
        Minted,
        Expired // not attested in time
    }

    struct Claim {
        Segment segment;
        bytes signature; // EIP-712, by the slot's operator
        bytes32[] segmentProof; // segmentId in the commit's segmentsRoot, at leaf (first - commit.first) / c
        Record record;
        bytes32[] recordProof; // record in segment.recordsRoot, at leaf index - first
        uint64 epoch;
        uint32 ticket; // j
        bytes32 y; // TensHash(epochSeed, x)
        bytes32 traceId; // tensorId of the u8 [65][128] states
    }

    struct ClaimView {
        ClaimState state;
        address miner;
        TaskId taskId;
        uint64 epoch;
        uint64 claimedAt; // block
        uint8 attestations;
        bytes32 traceRoot; // of the iteration, as attested
        uint256 reward; // GRIST wei, once minted
    }

    // --- anyone
    /// Fixes the epoch's target. Needs the seed proven and work committed in the epoch.
    function openEpoch(uint64 epoch) external returns (uint256 target);
    function mint(ClaimId claimId) external returns (uint256 reward);

    // --- miner's operator
    function claim(Claim calldata claim_) external returns (ClaimId);

    // --- drawn verifier's operator
    /// sealedRoot = keccak256(abi.encode(claimId, verifier, traceRoot, salt))
    function commitAttestation(ClaimId claimId, address verifier, bytes32 sealedRoot) external;
    function revealAttestation(ClaimId claimId, address verifier, bytes32 traceRoot, bytes32 salt) external;
    function report(ClaimId claimId, address verifier, bytes32 reason) external;

    // --- views
    function claimOf(ClaimId claimId) external view returns (ClaimView memory);
    function targetOf(uint64 epoch) external view returns (uint256);
    function macsPerTicket() external view returns (uint64);
    function verifiersPerClaim() external view returns (uint8);
    function ticketsOf(uint64 macs, uint32 index) external view returns (uint256);
    function ticketInput(TaskId taskId, address miner, uint8 slot, uint32 index, bytes32 work, uint32 ticket) external view returns (bytes32);
    function isLucky(uint64 epoch, bytes32 x, bytes32 y) external view returns (bool);
    /// The verifier that seat `seat` of the round draws for the claim (rounds follow each other while attestations are missing).
    function drawnVerifier(ClaimId claimId, uint32 round, uint8 seat) external view returns (address);
    function roundOf(ClaimId claimId) external view returns (uint32 round, bool revealing);
    function emissionOf(uint64 epoch) external view returns (uint256);
    function mintedFor(TaskId taskId) external view returns (uint256);
    /// 90 % of what the task burned.
    function mintCapOf(TaskId taskId) external view returns (uint256);
}
