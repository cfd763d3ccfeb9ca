// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Rank, Standing} from "../types/AssignmentTypes.sol";
import {Role, TaskId} from "../types/TaskTypes.sol";

/// @title How a task's places are assigned
/// @notice Accounts keep a profile of preferences. They apply for a role of a task while it is in Registration, in any
/// number; a seed that nobody chose is proven in Seeding; applicants submit the ranks that it gives them in Drawing; the
/// lowest ranks may join in Joining, which locks their stake (DESIGN section 8). {ITaskRegistry} has the phases.
///
/// An applicant's draw is keccak256(seed, role, owner). It is eligible if the cosine of its preferences and the task's
/// properties is at least its draw, both read as fractions of one. All the eligible come before all others, who are the
/// reserve. The preferences that count are those of the last block before the one in which the task was created: nobody
/// can suit them to a task, and an account without any by then is a reserve.
///
/// One account can get one place of a role, and needs the role's stake free when it applies, when it draws and when it
/// joins: so an owner of ten accounts draws like ten only with ten stakes. Nothing is locked before it joins, and it may
/// decline without a cost, since only then has it seen the data.
///
/// Joining has three rounds of equal length. In the first, so many of the lowest ranks may join as places are wanted,
/// and each one that declines lets the next in. From the second on ({passOn}), so many more may join as places are still
/// free. In the third everybody who drew may. Who may join and finds a place free gets it.
interface ITaskAssignment {
    struct AssignmentView {
        bytes8 properties; // see {Similarity}
        uint64 createdIn; // block; preferences of earlier ones count
        bytes32 seed; // 0 until proven
        uint8 wanted; // places
        uint8 joined;
        uint32 applied;
        uint32 drawn;
        uint32 declined;
        address cutoff; // the last in the order of ranks that may join before the third round, 0 if nobody may
    }

    struct ApplicantView {
        Standing standing;
        Rank rank; // 0 unless drawn
        bool admitted; // may join, in Joining, if a place is free
    }

    event ProfileSet(address indexed account, bytes8 preferences);
    event Applied(TaskId indexed taskId, Role indexed role, address indexed owner);
    /// @notice The seed of the task's assignment and training is known.
    event TaskSeeded(TaskId indexed taskId, bytes32 seed);
    event RankDrawn(TaskId indexed taskId, Role indexed role, address indexed owner, Rank rank);
    event Declined(TaskId indexed taskId, Role indexed role, address indexed owner);
    /// @notice All that drew and rank no higher than `cutoff` may join.
    event PlacesPassedOn(TaskId indexed taskId, Role indexed role, address cutoff);
    event MemberJoined(
        TaskId indexed taskId,
        Role indexed role,
        uint8 index,
        address indexed owner,
        address operator,
        uint256 stake
    );
    /// @notice The account was convicted: it can take no place any more.
    event Banned(address indexed account);

    /// @notice A profile without a preference suits no task: weigh at least one pole.
    error Registry_NoPreference(address account);
    /// @notice The account was convicted of a lie: it can take no place any more.
    error Registry_IsBanned(address account);
    /// @notice The account needs `stake` of free stake to take part, and has `free`.
    error Registry_StakeNotFree(address account, uint256 free, uint256 stake);
    /// @notice The task wants nobody in this role.
    error Registry_RoleNotWanted(TaskId taskId, Role role);
    /// @notice The account stands otherwise in the role's assignment than this call takes.
    error Registry_WrongStanding(TaskId taskId, Role role, address owner, Standing standing);
    /// @notice `previous` has not drawn, or ranks above the caller: name the last one below it, or zero for none.
    error Registry_NotBefore(TaskId taskId, Role role, address previous);
    /// @notice More than 6 ranks are between `previous` and the caller's: name one that is closer.
    error Registry_TooFarBefore(TaskId taskId, Role role, address previous);
    /// @notice The places are others' for now: the account may join in a later round, unless they take them.
    error Registry_NotAdmitted(TaskId taskId, Role role, address owner);
    /// @notice The places of this role are passed on once, from the second round of Joining on.
    error Registry_NothingToPassOn(TaskId taskId, Role role);
    /// @notice So many have applied, which is not enough: wait, or cancel the task.
    error Registry_TooFewApplicants(TaskId taskId, uint256 miners, uint256 supervisors, uint256 evaluators);

    // --- workers

    /// @notice Sets the caller's preferences, for tasks that are created in later blocks.
    /// @param preferences a weight for each pole of each property, in the order of {Similarity}; not all zero
    function setProfile(bytes8 preferences) external;

    /// @notice Applies for a role, in Registration. The caller will own the place.
    function applyFor(TaskId taskId, Role role) external;

    /// @notice Submits the rank that the caller drew, in Drawing.
    /// @param previous who ranks closest below the caller among those that drew, 0 if nobody does; where others came in
    /// between meanwhile, up to 6 of them are passed over
    function drawRank(TaskId taskId, Role role, address previous) external;

    /// @notice Takes the next free place of a role for the caller, in Joining, and locks the role's stake out of its free
    /// stake at the StakeManager. For who drew a rank that is admitted by now.
    /// @dev No account, as owner or operator, may evaluate in a task that it mines in or is the client of. That keeps
    /// honest parties apart; it cannot see through several accounts of one person, for which the stakes are there. Naming
    /// somebody else's key as operator takes no more from it than the place: use a fresh key.
    /// @param operator signs and commits for the place, may be the caller; once per role and task
    /// @return index of the place, counted from 0
    function join(TaskId taskId, Role role, address operator) external returns (uint8 index);

    /// @notice Gives up the caller's rank, in Joining; if it was admitted, the next one is.
    function decline(TaskId taskId, Role role) external;

    // --- anyone

    /// @notice Proves the task's seed, in Seeding. Drawing begins.
    /// @param header RLP of the header of block `beacon.randomnessBlock(seedBase)`
    function proveTaskSeed(TaskId taskId, bytes calldata header) external;

    /// @notice Lets so many more join as places are free, from the second round of Joining on, once for each role.
    function passOn(TaskId taskId, Role role) external;

    // --- views

    /// @notice The preferences that `account` had at the end of a block; zero if none.
    function preferencesOf(address account, uint48 blockNumber) external view returns (bytes8);

    function assignmentOf(TaskId taskId, Role role) external view returns (AssignmentView memory);

    function applicantOf(TaskId taskId, Role role, address owner) external view returns (ApplicantView memory);

    function isBanned(address account) external view returns (bool);
}
