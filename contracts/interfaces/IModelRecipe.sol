// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IUpdatableModel} from "./IUpdatableModel.sol";

/// @title A model that can be made again from its beginning
/// @notice Creation code and calls that initialise what it creates, so that models of any size are made in as many
/// transactions as they need. The owner writes them down and seals them; from then on everybody can have the same model
/// made, and nobody can change it. It is what {IPredictionMarket64} trains anew in each reward round, and what
/// `npx hardhat deploy-model` writes for a model file.
interface IModelRecipe {
    event Sealed(uint256 codeParts, uint256 calls);
    event ModelCreated(address indexed model, address indexed maker);

    /// @notice A sealed recipe stays what it is.
    error ModelRecipe_Sealed();
    /// @notice The owner has not finished the recipe.
    error ModelRecipe_NotSealed();
    /// @notice Only `maker`, who had the model created, may go on with it; zero for what is no model of this recipe.
    error ModelRecipe_NotTheMaker(address model, address maker);

    // --- owner, until sealed

    /// @notice Appends a part of the creation code, constructor arguments included.
    /// @param part at most {BlobStore.MOST} bytes
    function addCode(bytes calldata part) external;

    /// @notice Appends a call that {build} will make to each new model.
    /// @param call at most {BlobStore.MOST} bytes
    function addCall(bytes calldata call) external;

    function seal() external;

    // --- anyone, once sealed

    /// @notice Creates a model, not initialised yet and owned by this contract.
    function create() external returns (IUpdatableModel model);

    /// @notice Makes the next call to a model that the caller had created; after the last, hands it over to the caller.
    /// @return done whether the model is complete and the caller's
    function build(IUpdatableModel model) external returns (bool done);

    // --- views

    function isSealed() external view returns (bool);

    /// @notice How often {build} is to be called, at least once.
    function steps() external view returns (uint256);
}
