// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputableTemplate} from "../interfaces/IDisputableTemplate.sol";
import {Instruction, Iteration, Witness} from "../types/ProgramTypes.sol";

/// @title TemplateDecisions
/// @notice What a game does in its deciding move, and nothing else of a game: derives the instruction, has the element
/// recomputed, and compares. Used by tests only, to measure it as a transaction.
contract TemplateDecisions {
    event Decided(bool agrees);

    IDisputableTemplate private immutable _template;

    constructor(IDisputableTemplate template) {
        _template = template;
    }

    function decide(
        bytes calldata parameters,
        Iteration calldata iteration,
        uint256 k,
        bytes32[] calldata operandIds,
        uint256 row,
        uint256 col,
        Witness calldata witness,
        int256 claimed
    ) external {
        Instruction memory instruction = _template.instructionAt(parameters, iteration, k);
        emit Decided(_template.elementAt(instruction, operandIds, row, col, witness) == claimed);
    }
}
