// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DisputeId, DisputeState, Place, Side} from "../types/DisputeTypes.sol";

/// @title Court
/// @notice What all disputes have in common: who may challenge, in which order, at what price, within what time, and what
/// an outcome means. The games ({ISegmentGame}, {IEvaluationGame}, {ITensHashGame}) know the legal moves, and the direct
/// proofs ({IMisconduct}, {IDemands}) need no game; both are wired once, and nobody else can decide anything (DESIGN section 7).
///
/// **Order.** One dispute is open per place at a time. Further challengers wait in the order of their arrival; nobody in
/// the queue can be overtaken, blocked or made to pay for another's game, and a waiting challenger may retract with
/// everything it brought. From the first challenge until the queue is empty all windows of the place stand still.
///
/// **Time.** A side that is to move has `moveSeconds` for the move and `clockSeconds` for all its moves together, as on a
/// chess clock: so both sides' clocks are the overall bound. Who lets time run out loses; anyone may crank {expire}.
///
/// **Price.** A challenger bonds GRIST from its free stake. The bond doubles with every challenge against the place that
/// was lost or is waiting, up to the place's own stake: so nobody holds up a place for the price of gas, and nobody is
/// priced out, because whoever wins gets the bond back. Each move deposits ether for the gas of the other side's answer
/// at twice the current base fee; the winner gets both sides' deposits.
///
/// **Outcome.** If the challenger wins, the place is convicted: the registry destroys at least half of its stake and
/// gives the rest to the challenger and to the task's honest. If the defender wins, half of the bond is burned, the rest
/// is the defender's, and nothing else is settled: the same claim may be challenged again, by anybody else too.
interface ICourt {
    struct Parameters {
        uint32 moveSeconds; // for one move
        uint32 clockSeconds; // for all moves of a side in one dispute, at least moveSeconds
        uint128 bond; // GRIST wei, of the first challenger of a place
    }

    struct DisputeView {
        DisputeState state;
        Place place;
        address game;
        address challenger;
        bytes32 claim; // hash of what is disputed, as the game defines it
        Side turn; // who is to move; the winner once Decided
        uint64 movesUntil; // unix seconds, the deadline of the present move; 0 unless Open
        uint32 moves; // made so far
        bool proven; // decided by what the game showed, not by time
        uint32[2] clocks; // seconds left, by Side, as of the last move
        uint128[2] deposits; // wei, by Side
        uint128 bond; // GRIST wei
    }

    event CourtWired(address registry, address[] games, address[] prosecutors);
    event DisputeOpened(
        DisputeId indexed disputeId,
        bytes32 indexed taskId,
        address indexed challenger,
        Place place,
        address game,
        bytes32 claim,
        uint256 bond
    );
    event DisputeStarted(DisputeId indexed disputeId, uint64 movesUntil);
    event DisputeMoved(DisputeId indexed disputeId, Side indexed side, uint32 move, uint64 movesUntil);
    event DisputeDecided(DisputeId indexed disputeId, Side winner, bool byTimeout);
    event DisputeClosed(DisputeId indexed disputeId, Side winner, uint256 deposits);
    event DisputeWithdrawn(DisputeId indexed disputeId);
    event PlaceConvicted(bytes32 indexed taskId, Place place, address indexed accuser);
    event DelegateSet(address indexed operator, address indexed delegate, bool allowed);
    event EtherWithdrawn(address indexed account, uint256 amount);

    error Court_ParameterOutOfRange(string parameter, uint256 value, uint256 least, uint256 most);
    /// @notice Only a wired game may call this, and only for disputes that it opened.
    error Court_NotAGame(address caller);
    /// @notice Only a wired contract of direct proofs may call this.
    error Court_NotAProsecutor(address caller);
    /// @notice Nobody to accuse: the place is not taken, or was convicted already.
    error Court_NotAccusable(Place place);
    error Court_WrongState(DisputeId disputeId, DisputeState state);
    error Court_NotYourTurn(DisputeId disputeId, Side turn);
    /// @notice The time for this move ran out at `movesUntil`: {expire} the dispute.
    error Court_TooLate(DisputeId disputeId, uint64 movesUntil);
    error Court_NotExpired(DisputeId disputeId, uint64 movesUntil);
    /// @notice `expected` wei must come with this move, for the other side's gas.
    error Court_DepositTooLow(uint256 given, uint256 expected);
    error Court_NotTheChallenger(DisputeId disputeId, address caller);
    /// @notice Answers come from the place's owner, its operator or a delegate, or carry a signature of the latter two.
    error Court_NotTheDefender(DisputeId disputeId, address caller, address signer);
    error Court_NothingToWithdraw(address account);
    error Court_SendFailed(address account, uint256 amount);

    // --- anyone

    /// @notice Ends a dispute in which the side to move ran out of time.
    function expire(DisputeId disputeId) external;

    /// @notice Carries out a decision: convicts or settles the bond, credits deposits, starts the next that waits.
    function close(DisputeId disputeId) external;

    /// @notice Starts the next waiting dispute of a place whose docket has none open, and lets the windows of a place run
    /// again that has none left or was convicted. {close} and {retract} do this by themselves, except behind very many
    /// withdrawn disputes, and for evaluators that fell with another one's score.
    function callNext(Place calldata place) external;

    // --- challengers and defenders

    /// @notice Takes a waiting dispute back: bond and deposit return in full. Once its place was convicted anybody may do
    /// this for the challenger.
    function retract(DisputeId disputeId) external;

    /// @notice Lets `delegate` answer, or sign answers, for places that the caller operates.
    function setDelegate(address delegate, bool allowed) external;

    /// @notice Sends the ether that the caller was credited.
    function withdraw() external returns (uint256 amount);

    // --- games

    /// @notice Opens a dispute, or queues it behind those of the same place. The defender is to move first. `msg.value`
    /// is the challenger's deposit.
    /// @param challenger whose bond is taken from its free stake
    /// @param claim hash of what is disputed
    /// @param answerGas gas of the defender's answer, which the deposit must cover
    function open(
        Place calldata place,
        address challenger,
        bytes32 claim,
        uint256 answerGas
    ) external payable returns (DisputeId);

    /// @notice Makes the challenger's move and gives the turn to the defender. `msg.value` is the deposit.
    function challengerMoves(DisputeId disputeId, address mover, uint256 answerGas) external payable;

    /// @notice Makes the defender's move and gives the turn to the challenger. `msg.value` is the deposit.
    /// @param answer hash of the move's data, what a signature signs: EIP-712
    /// Answer(bytes32 disputeId,uint32 move,bytes32 answer), domain {name "Gristmill Court", version "1", chainId, court}
    /// @param signature of operator or delegate; empty if the mover itself is owner, operator or delegate
    function defenderMoves(
        DisputeId disputeId,
        address mover,
        bytes32 answer,
        bytes calldata signature,
        uint256 answerGas
    ) external payable;

    /// @notice Ends the dispute for the challenger, who is to move, whoever brought the proof.
    function decideForChallenger(DisputeId disputeId) external;

    // --- direct proofs

    /// @notice Convicts a place without a game.
    function convict(Place calldata place, address accuser) external;

    /// @notice Lets the place's windows stand still until as many {release} as `hold` were called, disputes or not.
    function hold(Place calldata place) external;

    function release(Place calldata place) external;

    /// @notice Credits the ether that comes along to `account`, to be withdrawn here.
    function credit(address account) external payable;

    // --- views

    function disputeOf(DisputeId disputeId) external view returns (DisputeView memory);

    /// @notice The dispute that is open on the place, 0 if none.
    function currentOf(Place calldata place) external view returns (DisputeId);

    /// @notice Disputes that wait behind it, in order.
    function waitingOn(Place calldata place) external view returns (DisputeId[] memory);

    /// @notice GRIST wei that the next challenger of the place must have as free stake.
    function bondFor(Place calldata place) external view returns (uint256);

    /// @notice Wei that must come with a move whose answer takes `answerGas`, in this block: `answerGas` times the base fee
    /// times {depositFactor}. Nodes answer a call without a gas price as if the base fee were 0: callers multiply by that
    /// of the last header, with a margin for its growth.
    function depositFor(uint256 answerGas) external view returns (uint256);

    /// @notice Whether `account` may answer, or sign answers, for the operator.
    function isDelegate(address operator, address account) external view returns (bool);

    function creditOf(address account) external view returns (uint256);

    function depositFactor() external pure returns (uint256);

    function moveSeconds() external view returns (uint32);

    function clockSeconds() external view returns (uint32);
}
