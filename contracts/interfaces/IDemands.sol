// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DemandId, DemandKind, DemandState} from "../types/DemandTypes.sol";
import {Place} from "../types/DisputeTypes.sol";
import {ClockEntry} from "../types/GameTypes.sol";
import {Record} from "../types/SegmentTypes.sol";
import {Naming, RecordOpening, SignedSegment} from "../types/StatementTypes.sol";
import {TaskId} from "../types/TaskTypes.sol";
import {Opening} from "../types/TensorTypes.sol";

/// @title Demands
/// @notice Naming is vouching (DESIGN section 5): a slot that names a segment in a clock must produce it when somebody
/// asks and pays for it, first the signed statement with its records, then any row of any of its update lists, then the
/// segments that it descends from, one after the other. Everything is known by its hash, so anybody may answer; an honest
/// slot always can, because it stores what it took in. Unanswered for `ICourt.moveSeconds`, the slot is convicted.
///
/// Committing is vouching as well: any segment under a root that the slot committed it produces on demand, with its records
/// and its clock, so that nobody escapes an audit ({IAudits}) by serving nothing, or by committing a root of nothing.
///
/// **Price.** A demand deposits `ICourt.depositFor` the gas of its answer, doubled for each demand that is open against the
/// same place. Whoever answers gets it; it returns if nobody does. What was produced once is public, and nobody is asked
/// for it again: neither the same slot, nor another one that names the same.
///
/// **Windows.** From the demand to its end the place's windows stand still, so that it cannot get away with its stake. All
/// demands against a place may hold it for `ICourt.clockSeconds` together, each reckoned with its whole time while it is
/// open: so a slot that answers its friends at the last second cannot hold up the task for ever. Beyond that demands
/// convict as before, but hold nothing: they have to be made `moveSeconds` before the settlement.
interface IDemands {
    struct DemandView {
        DemandState state;
        DemandKind kind;
        Place place; // the slot that has to answer
        uint8 peer; // whose segment it named
        bytes32 content; // see DemandKind
        uint32 row; // of the list, else 0
        address demander;
        uint64 until; // unix seconds
        uint256 deposit; // wei
        bool holds; // the place's windows
    }

    event Demanded(
        DemandId indexed demandId,
        TaskId indexed taskId,
        uint8 indexed slot,
        address demander,
        DemandKind kind,
        uint8 peer,
        bytes32 content,
        uint32 row,
        uint256 deposit,
        uint64 until
    );
    event SegmentProduced(DemandId indexed demandId, SignedSegment signed, Record[] records);
    /// @notice The segment at the demanded place of a commit, with the clock that its records name.
    event CommittedProduced(DemandId indexed demandId, SignedSegment signed, Record[] records, ClockEntry[] clock);
    /// @notice Row `row` of a list of `rows`; where the demanded row lies beyond, the last one, which shows that.
    event ListRowProduced(DemandId indexed demandId, uint32 rows, uint32 row, bytes leaf);
    event DemandEnded(DemandId indexed demandId, DemandState state, address indexed payee, uint256 deposit);

    /// @notice The entry names nothing: there is no segment before a peer's first.
    error Demands_NothingNamed(uint8 peer);
    /// @notice The clock has no such entry.
    error Demands_NoSuchPeer(uint8 peer, uint256 slots);
    /// @notice The slot's commit of the epoch has `segments` segments, numbered from 0.
    error Demands_NothingCommitted(uint64 epoch, uint32 place, uint256 segments);
    /// @notice The demanded segment stands in another commit, or at another place of it, or is none.
    error Demands_NotAtThePlace(DemandId demandId);
    /// @notice The clock is not the one that the segment's first record names.
    error Demands_WrongClock(bytes32 given, bytes32 named);
    /// @notice A chain has at most 256 segments, a row's at least the one with its list. For what is further back take an
    /// earlier segment of the slot.
    error Demands_ChainLength(uint256 given);
    /// @notice `expected` wei must come along, see {gasOf}.
    error Demands_DepositTooLow(uint256 given, uint256 expected);
    /// @notice This was produced already: see the events.
    error Demands_ProducedAlready(bytes32 content, uint32 row);
    /// @notice The place was asked for this before, or, for a demand in the state None, never.
    error Demands_WrongState(DemandId demandId, DemandState state);
    error Demands_WrongKind(DemandId demandId, DemandKind kind);
    error Demands_TooLate(DemandId demandId, uint64 until);
    error Demands_NotExpired(DemandId demandId, uint64 until);
    /// @notice Asked for was a segment of slot `peer` in the demand's task.
    error Demands_WrongSlot(DemandId demandId, uint8 peer);
    /// @notice The records are not those of the segment, all of them and in order.
    error Demands_WrongRecords(bytes32 given, bytes32 recordsRoot);

    // --- anyone

    /// @notice Asks a slot for the segment that it named: the one in the clock's entry, or the predecessor of the last in
    /// the chain.
    function demandSegment(Naming calldata naming) external payable returns (DemandId);

    /// @notice Asks a slot for a row of an update list of the last segment in the chain.
    /// @param record of that segment, which names the list
    function demandListRow(
        Naming calldata naming,
        RecordOpening calldata record,
        uint32 row
    ) external payable returns (DemandId);

    /// @notice Asks a slot for a segment that it committed.
    /// @param place of the segment among those of the slot's commit in `epoch`, from 0
    function demandCommitted(TaskId taskId, uint8 slot, uint64 epoch, uint32 place) external payable returns (DemandId);

    /// @notice Produces a demanded segment and takes the deposit.
    /// @param records all of the segment's
    function answerSegment(DemandId demandId, SignedSegment calldata signed, Record[] calldata records) external;

    /// @notice Produces a demanded segment of a commit and takes the deposit.
    /// @param epoch of the commit
    /// @param records all of the segment's
    /// @param clock that the first of them names
    /// @param proof of the segment's id in the commit's segmentsRoot
    function answerCommitted(
        DemandId demandId,
        uint64 epoch,
        SignedSegment calldata signed,
        Record[] calldata records,
        ClockEntry[] calldata clock,
        bytes32[] calldata proof
    ) external;

    /// @notice Produces a demanded row and takes the deposit.
    /// @param rows of the list
    /// @param opening the demanded row, the last one if the list has no such row
    function answerListRow(DemandId demandId, uint32 rows, Opening calldata opening) external;

    /// @notice Ends a demand that needs no answer any more: for one whose content was produced for another the caller
    /// gets the deposit; one that ran out of time convicts the place; for a place without stake the deposit returns.
    function close(DemandId demandId) external;

    // --- views

    function demandOf(DemandId demandId) external view returns (DemandView memory);

    /// @notice Gas whose {ICourt-depositFor} must come with a demand against the place.
    /// @dev Not in wei, since a call outside of a transaction sees no base fee.
    function gasOf(Place calldata place, DemandKind kind) external view returns (uint256);

    /// @notice Demands against the place that are open.
    function openAgainst(Place calldata place) external view returns (uint256);
}
