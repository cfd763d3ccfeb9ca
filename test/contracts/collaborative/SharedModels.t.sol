// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Classifier64} from "../../../contracts/collaborative/classification/Classifier64.sol";
import {SparsePerceptron} from "../../../contracts/collaborative/classification/SparsePerceptron.sol";
import {CollaborativeTrainer64} from "../../../contracts/collaborative/CollaborativeTrainer64.sol";
import {DataHandler64} from "../../../contracts/collaborative/data/DataHandler64.sol";
import {Stakeable64} from "../../../contracts/collaborative/incentive/Stakeable64.sol";
import {MuteClassifier} from "../../../contracts/mocks/MuteClassifier.sol";
import {TrainingWallet} from "../../../contracts/mocks/TrainingWallet.sol";
import {vm} from "../helpers/Vm.sol";

/// @dev Does with two shared models, one of which cannot predict, what the fuzzer picks, as one of a few accounts, of which
/// one refuses every payment. Refusals of refunds and reports are part of the game; `drain` must always get all ether out.
contract TrainingActions {
    struct Sample {
        uint256 model;
        int64[] data;
        uint64 label;
        uint256 time;
        address author;
    }

    uint256 public constant ACCOUNTS = 4;
    uint256 public constant MODELS = 2;
    uint80 private constant COST_WEIGHT = 1e9;
    uint32 private constant REFUND_WAIT = 100;
    uint32 private constant OWNER_WAIT = 1_000;
    uint32 private constant ANY_WAIT = 2_000;

    CollaborativeTrainer64[MODELS] public trainers;
    DataHandler64[MODELS] public handlers;
    Stakeable64[MODELS] public stakeables;
    TrainingWallet private _refusing = new TrainingWallet();
    Sample[] private _samples;
    /// @dev The compiler takes `block.timestamp` for constant within a call, and warps are not.
    uint256 private _now = block.timestamp;

    constructor() {
        string[] memory classes = new string[](2);
        (classes[0], classes[1]) = ("no", "yes");
        for (uint256 i = 0; i < MODELS; ++i) {
            Classifier64 classifier =
                i == 0
                    ? Classifier64(new SparsePerceptron(classes, new int80[](4), 0, 1e9))
                    : Classifier64(new MuteClassifier(classes));
            handlers[i] = new DataHandler64();
            stakeables[i] = new Stakeable64(REFUND_WAIT, OWNER_WAIT, ANY_WAIT, COST_WEIGHT);
            trainers[i] = new CollaborativeTrainer64("", "", "", handlers[i], stakeables[i], classifier);
            handlers[i].transferOwnership(address(trainers[i]));
            stakeables[i].transferOwnership(address(trainers[i]));
            classifier.transferOwnership(address(trainers[i]));
        }
        _refusing.whenPaid(TrainingWallet.OnPayment.Refuse, "");
        for (uint256 i = 0; i < ACCOUNTS; ++i) vm.deal(account(i), 1e24);
    }

    function add(uint256 model, uint256 who, uint256 feature, uint64 label) external {
        model %= MODELS;
        label %= 2;
        int64[] memory data = new int64[](1);
        data[0] = int64(uint64(feature % 4));
        // One account adds one sample once in a block.
        pass(0);
        uint256 offer = 3_600 * uint256(COST_WEIGHT);
        vm.prank(account(who));
        trainers[model].addData{value: offer}(data, label);
        _samples.push(Sample(model, data, label, _now, account(who)));
    }

    function refund(uint256 which) external {
        if (_samples.length == 0) return;
        Sample memory sample = _samples[which % _samples.length];
        vm.prank(sample.author);
        try trainers[sample.model].refund(sample.data, sample.label, sample.time) {} catch {}
    }

    function report(uint256 which, uint256 who) external {
        if (_samples.length == 0) return;
        _report(_samples[which % _samples.length], account(who));
    }

    function pass(uint256 time) public {
        _now += 1 + (time % (2 * uint256(ANY_WAIT)));
        vm.warp(_now);
    }

    /// @dev Anybody gets the rest of every deposit after the last wait, and the refusing account what it is owed.
    function drain() external {
        pass(ANY_WAIT);
        for (uint256 round = 0; round < 2; ++round) {
            for (uint256 i = 0; i < _samples.length; ++i) _report(_samples[i], account(0));
            pass(REFUND_WAIT);
        }
        for (uint256 i = 0; i < MODELS; ++i) {
            if (trainers[i].owed(address(_refusing)) != 0) {
                vm.prank(address(_refusing));
                trainers[i].withdraw(account(0));
            }
            require(address(trainers[i]).balance == 0, "ether that nobody can claim");
        }
        delete _samples;
    }

    function account(uint256 who) public view returns (address) {
        who %= ACCOUNTS;
        return who == ACCOUNTS - 1 ? address(_refusing) : address(uint160(0x3000 + who));
    }

    /// @dev What the accounts can still get out of a model: the rests of deposits, and failed payments.
    function claimable(uint256 model) external view returns (uint256 sum) {
        for (uint256 i = 0; i < _samples.length; ++i) {
            Sample memory sample = _samples[i];
            if (sample.model != model) continue;
            sum += handlers[model].getClaimableAmount(sample.data, sample.label, sample.time, sample.author);
        }
        for (uint256 i = 0; i < ACCOUNTS; ++i) sum += trainers[model].owed(account(i));
    }

    /// @dev What reporters can claim in proportion to must not be less than what they have together.
    function numValid(uint256 model) external view returns (uint256 sum) {
        for (uint256 i = 0; i < ACCOUNTS; ++i) sum += stakeables[model].numValidForAddress(account(i));
    }

    function _report(Sample memory sample, address reporter) private {
        vm.prank(reporter);
        try trainers[sample.model].report(sample.data, sample.label, sample.time, sample.author) {} catch {}
    }
}

contract SharedModelsInvariants {
    TrainingActions private immutable _actions;

    /// @dev Not in `setUp`: the creation code of all contracts would make this contract's own code too long.
    constructor() {
        _actions = new TrainingActions();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_actions);
    }

    /// hardhat-config: invariant.runs = 30
    /// hardhat-config: invariant.depth = 60
    /// hardhat-config: invariant.failOnRevert = true
    function invariant_allEtherCanBeClaimed() external view {
        for (uint256 i = 0; i < _actions.MODELS(); ++i) {
            require(
                address(_actions.trainers(i)).balance == _actions.claimable(i),
                "the balance is not the sum of what can be claimed"
            );
        }
    }

    /// hardhat-config: invariant.runs = 15
    /// hardhat-config: invariant.depth = 60
    /// hardhat-config: invariant.failOnRevert = true
    function invariant_goodSamplesAddUp() external view {
        for (uint256 i = 0; i < _actions.MODELS(); ++i) {
            require(_actions.numValid(i) == _actions.stakeables(i).totalGoodDataCount(), "good samples do not add up");
        }
    }
}
