// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

import {ModelRecipe} from "../../../../contracts/collaborative/market/ModelRecipe.sol";
import {PredictionMarket64} from "../../../../contracts/collaborative/market/PredictionMarket64.sol";
import {IEpochBeacon} from "../../../../contracts/interfaces/IEpochBeacon.sol";
import {TableModel} from "../../../../contracts/mocks/TableModel.sol";
import {MarketPhase, MarketTerms, MarketWindows} from "../../../../contracts/types/PredictionMarketTypes.sol";
import {vm} from "../../helpers/Vm.sol";

/// @dev Accepts every header.
contract BeaconDouble {
    function proveRandomness(uint256, bytes calldata header) external pure returns (bytes32) {
        return keccak256(header);
    }
}

/// @dev Does with one market contract what the fuzzer picks, as its provider and as four contributors, one of which stays
/// away for ever. Calls that belong in another phase are left out.
contract MarketActions {
    uint256 public constant ACCOUNTS = 4;
    uint256 private constant PORTIONS = 2;
    bytes32 private constant SALT = keccak256("salt");

    PredictionMarket64 public immutable MARKET;
    /// @notice Wei that went in, and wei that came out.
    uint256 public paidIn;
    uint256 public paidOut;

    constructor() payable {
        ModelRecipe recipe = new ModelRecipe();
        recipe.addCode(abi.encodePacked(type(TableModel).creationCode, abi.encode(uint256(3))));
        recipe.seal();
        MARKET = new PredictionMarket64(
            recipe,
            IEpochBeacon(address(new BeaconDouble())),
            MarketWindows({reveal: 100, scoring: 1_000, claim: 500})
        );
    }

    receive() external payable {}

    function open(uint80 bounty, uint64 stake) external {
        if (MARKET.latest() != 0 && !isOver(_phase())) return;
        bytes32[] memory commitments = new bytes32[](PORTIONS);
        for (uint256 i = 0; i < PORTIONS; ++i) {
            (int64[][] memory data, uint64[] memory labels) = portion(i);
            commitments[i] = keccak256(abi.encode(data, labels, SALT));
        }
        uint256 value = 1 + uint256(bounty);
        paidIn += value;
        MARKET.open{value: value}(MarketTerms(1 + uint128(stake), 1_000, 1, 1), commitments);
    }

    /// @dev Most of the time, so that markets get to their scoring.
    function prepare(bytes calldata header) external {
        if (_phase() == MarketPhase.Drawing) {
            MARKET.draw(header);
            MARKET.build(9);
        }
        if (_phase() != MarketPhase.Revealing) return;
        (, uint256 first) = MARKET.drawOf(MARKET.latest());
        _reveal(first);
    }

    function addData(uint256 who, int8 value, uint64 label) external {
        if (_phase() != MarketPhase.Participation) return;
        int64[] memory data = new int64[](1);
        data[0] = int64(value % 6);
        uint256 cost = MARKET.getNextAddDataCost();
        paidIn += cost;
        Address.sendValue(payable(account(who)), cost);
        vm.prank(account(who));
        MARKET.addData{value: cost}(data, label % 3);
    }

    function unseal(bool all) external {
        uint256 id = MARKET.latest();
        (uint256 contributions, , ) = MARKET.countsOf(id);
        if (_phase() == MarketPhase.Participation && contributions != 0) MARKET.close();
        if (_phase() != MarketPhase.Unsealing || !all) return;
        (, uint256 first) = MARKET.drawOf(id);
        _reveal(1 - first);
    }

    function score(uint8 steps) external {
        if (_phase() == MarketPhase.Scoring) MARKET.score(steps);
    }

    function wait(uint16 time) external {
        vm.warp(block.timestamp + (time % 600));
    }

    function refund(uint256 id, uint256 who) external {
        if (MARKET.latest() == 0) return;
        id = 1 + (id % MARKET.latest());
        who %= ACCOUNTS;
        address to = who == 0 ? address(this) : account(who);
        uint256 amount = MARKET.claimOf(id, to);
        if (amount == 0) return;
        paidOut += amount;
        vm.prank(to);
        require(MARKET.refund(id) == amount, "paid another amount than promised");
    }

    /// @dev What all accounts could fetch at the latest when every deadline is over, and somebody reports the rest.
    function fetchAll() external returns (uint256 fetched) {
        uint256 count = MARKET.latest();
        vm.warp(block.timestamp + 10_000);
        for (uint256 id = 1; id <= count; ++id) {
            for (uint256 who = 0; who <= ACCOUNTS; ++who) {
                address owner = who == ACCOUNTS ? address(this) : account(who);
                if (MARKET.claimOf(id, owner) != 0) fetched += MARKET.report(id, owner);
            }
        }
        paidOut += fetched;
    }

    function account(uint256 who) public pure returns (address) {
        return address(uint160(0x3000 + (who % ACCOUNTS)));
    }

    function portion(uint256 number) public pure returns (int64[][] memory data, uint64[] memory labels) {
        data = new int64[][](3);
        labels = new uint64[](3);
        for (uint256 i = 0; i < 3; ++i) {
            data[i] = new int64[](1);
            data[i][0] = int64(uint64(3 * number + i));
            labels[i] = uint64(i);
        }
    }

    function isOver(MarketPhase phase) public pure returns (bool) {
        return phase >= MarketPhase.Settled;
    }

    function _reveal(uint256 number) private {
        (int64[][] memory data, uint64[] memory labels) = portion(number);
        MARKET.reveal(number, data, labels, SALT);
    }

    function _phase() private view returns (MarketPhase phase) {
        (phase, ) = MARKET.phaseOf(MARKET.latest());
    }
}

contract PredictionMarket64Invariants {
    MarketActions private immutable _actions;

    /// @dev Not in `setUp`: the creation code of all contracts would make this contract's own code too long.
    constructor() {
        _actions = new MarketActions();
    }

    function setUp() external {
        Address.sendValue(payable(address(_actions)), 2 ** 90);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_actions);
    }

    /// @dev At any moment: what is here is what went in less what came out, and once all deadlines are over every wei of it
    /// can be fetched.
    /// hardhat-config: invariant.runs = 40
    /// hardhat-config: invariant.depth = 60
    /// hardhat-config: invariant.failOnRevert = true
    function invariant_everyWeiCanBeFetchedInTheEnd() external {
        PredictionMarket64 market = _actions.MARKET();
        require(address(market).balance == _actions.paidIn() - _actions.paidOut(), "ether came or went unaccounted");
        uint256 balance = address(market).balance;
        require(_actions.fetchAll() == balance, "somebody has more or less coming than there is");
        require(address(market).balance == 0, "ether stays behind");
    }
}
