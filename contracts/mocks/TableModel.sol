// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {IUpdatableModel} from "../interfaces/IUpdatableModel.sol";

/// @title TableModel
/// @notice A model that learns by heart: it answers with the last label that it was given for a sample's first value, 0 if
/// there was none. So a test decides what a contribution does to the accuracy. Used by tests only.
contract TableModel is IUpdatableModel, Ownable {
    /// @notice Neither trains nor predicts on samples that begin with this value.
    int64 public constant POISON = type(int64).min;

    error TableModel_Poisoned();
    /// @notice Calling back did not fail.
    error TableModel_Reentered();

    uint256 public immutable override getNumClassifications;
    mapping(int64 value => uint64) private _labels;
    address private _target;
    bytes private _callback;

    constructor(uint256 classes) Ownable(msg.sender) {
        getNumClassifications = classes;
    }

    function initialize(int64 value, uint64 label) external onlyOwner {
        _labels[value] = label;
    }

    /// @notice From now on every update calls `target`, and fails unless that call does.
    function arm(address target, bytes calldata callback) external {
        (_target, _callback) = (target, callback);
    }

    function update(int64[] calldata data, uint64 classification) external onlyOwner {
        require(data[0] != POISON, TableModel_Poisoned());
        _labels[data[0]] = classification;
        if (_target == address(0)) return;
        (bool entered, ) = _target.call(_callback);
        require(!entered, TableModel_Reentered());
    }

    function predict(int64[] calldata data) external view returns (uint64) {
        require(data[0] != POISON, TableModel_Poisoned());
        return _labels[data[0]];
    }

    function transferOwnership(address newOwner) public override(IUpdatableModel, Ownable) {
        super.transferOwnership(newOwner);
    }
}
