// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BountyId, EntryStatus, Stage} from "../types/BountyTypes.sol";

/// @title What all bounties have in common
/// @notice Entries, their ranking and stakes, and who is called to show its model; {IBountyBoard} has the verdict by vote,
/// {IExactBounties} the one by dispute. All amounts are GRIST wei, times unix seconds.
interface IBounties {
    event StageEntered(BountyId indexed bountyId, Stage stage, uint64 endsAt);
    event ModelCommitted(BountyId indexed bountyId, uint32 indexed entry, address indexed owner, bytes32 commitment);
    /// @notice The entry is the best that is left: its model is due until `endsAt`.
    event CandidateCalled(BountyId indexed bountyId, uint32 indexed entry, address indexed owner, uint64 endsAt);
    /// @notice The entry can no longer win. `slashed` is 0 if it was passed over because its owner is banned.
    event EntryStruck(BountyId indexed bountyId, uint32 indexed entry, address indexed owner, uint256 slashed);
    /// @notice The account announced a false loss and takes part in nothing here any more.
    event Banned(address indexed account, BountyId indexed bountyId);
    event EntryReleased(BountyId indexed bountyId, uint32 indexed entry, address indexed owner, uint256 share);
    event Credited(BountyId indexed bountyId, address indexed account, uint256 amount);
    event CreditWithdrawn(address indexed account, uint256 amount);

    /// @notice `parameter` must be from `least` to `most`.
    error Bounty_ParameterOutOfRange(string parameter, uint256 value, uint256 least, uint256 most);
    /// @notice The poster has such a bounty already: take another salt.
    error Bounty_Exists(BountyId bountyId);
    error Bounty_Unknown(BountyId bountyId);
    /// @notice The bounty is in `stage`, where this cannot be done.
    error Bounty_WrongStage(BountyId bountyId, Stage stage);
    error Bounty_NotThePoster(address caller, address poster);
    /// @notice Models have been committed: the bounty stands.
    error Bounty_HasEntries(BountyId bountyId, uint32 entries);
    /// @notice Who posts the bounty, or made the entry, may not do this.
    error Bounty_ConflictOfInterest(BountyId bountyId, address account);
    /// @notice The account announced a false loss once.
    error Bounty_Banned(address account);
    /// @notice The entry belongs to `owner`, zero if there is none.
    error Bounty_NotTheOwner(BountyId bountyId, uint32 entry, address caller, address owner);
    error Bounty_WrongStatus(BountyId bountyId, uint32 entry, EntryStatus status);
    /// @notice What was revealed gives `computed`, not what was committed to.
    error Bounty_WrongOpening(bytes32 committed, bytes32 computed);
    error Bounty_NoCredit(address account);

    // --- posters

    /// @notice Takes a bounty back that nobody has entered.
    function cancel(BountyId bountyId) external;

    // --- who trains

    /// @notice Commits to a model and locks the entry's stake. An account may make any number of entries.
    /// @param commitment keccak256(abi.encode(bountyId, sender, modelHash, salt))
    function enter(BountyId bountyId, bytes32 commitment) external returns (uint32 entry);

    /// @notice Frees the stake of an entry that was not struck, and credits its share if the poster withheld the set. For
    /// anyone, once the bounty is in a terminal stage.
    function release(BountyId bountyId, uint32 entry) external;

    // --- anyone

    /// @notice Carries out what is due. Each call strikes one silent or banned candidate at most.
    function advance(BountyId bountyId) external returns (Stage);

    /// @notice Pays out what the caller was credited.
    function withdraw() external returns (uint256 amount);

    // --- views

    /// @notice How many announced entries wait behind the candidate, and the best of them.
    function leaderOf(BountyId bountyId) external view returns (uint256 waiting, uint32 entry);

    function creditOf(address account) external view returns (uint256);

    function isBanned(address account) external view returns (bool);
}
