// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";

import {IModelRecipe} from "../../interfaces/IModelRecipe.sol";
import {IUpdatableModel} from "../../interfaces/IUpdatableModel.sol";
import {BlobStore} from "../../libraries/BlobStore.sol";

/// @title ModelRecipe
/// @notice See {IModelRecipe}. Code and calls lie in blobs ({BlobStore}), so that they cost 200 gas a byte.
contract ModelRecipe is IModelRecipe, Ownable {
    /// @dev A model in the making.
    struct Progress {
        address maker;
        uint64 next; // call to be made
    }

    bool public override isSealed;
    uint256 private _created;
    address[] private _code;
    address[] private _calls;
    mapping(IUpdatableModel model => Progress) private _progress;

    modifier whileOpen() {
        require(!isSealed, ModelRecipe_Sealed());
        _;
    }

    constructor() Ownable(msg.sender) {}

    /// @inheritdoc IModelRecipe
    function addCode(bytes calldata part) external onlyOwner whileOpen {
        _code.push(BlobStore.write(part));
    }

    /// @inheritdoc IModelRecipe
    function addCall(bytes calldata call) external onlyOwner whileOpen {
        _calls.push(BlobStore.write(call));
    }

    /// @inheritdoc IModelRecipe
    function seal() external onlyOwner whileOpen {
        isSealed = true;
        emit Sealed(_code.length, _calls.length);
    }

    /// @inheritdoc IModelRecipe
    function create() external returns (IUpdatableModel model) {
        require(isSealed, ModelRecipe_NotSealed());
        bytes memory code;
        for (uint256 i = 0; i < _code.length; ++i) code = bytes.concat(code, BlobStore.read(_code[i]));
        model = IUpdatableModel(Create2.deploy(0, bytes32(++_created), code));
        _progress[model].maker = msg.sender;
        emit ModelCreated(address(model), msg.sender);
    }

    /// @inheritdoc IModelRecipe
    function build(IUpdatableModel model) external returns (bool done) {
        Progress storage progress = _progress[model];
        require(progress.maker == msg.sender, ModelRecipe_NotTheMaker(address(model), progress.maker));
        uint256 next = progress.next++;
        if (next < _calls.length) Address.functionCall(address(model), BlobStore.read(_calls[next]));
        done = next + 1 >= _calls.length;
        if (!done) return false;
        delete _progress[model];
        model.transferOwnership(msg.sender);
    }

    /// @inheritdoc IModelRecipe
    function steps() external view returns (uint256) {
        return _calls.length == 0 ? 1 : _calls.length;
    }
}
