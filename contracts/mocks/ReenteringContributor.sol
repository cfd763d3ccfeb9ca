// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPredictionMarket64} from "../interfaces/IPredictionMarket64.sol";

/// @title ReenteringContributor
/// @notice A contract that contributes, and asks for its balance again while it is being paid. Used by tests only.
contract ReenteringContributor {
    event Tried(bool succeeded);

    IPredictionMarket64 private immutable _market;

    constructor(IPredictionMarket64 market) {
        _market = market;
    }

    function contribute(int64[] calldata data, uint64 classification) external payable {
        _market.addData{value: msg.value}(data, classification);
    }

    function refund(uint256 id) external {
        _market.refund(id);
    }

    receive() external payable {
        (bool succeeded, ) = address(_market).call(abi.encodeCall(_market.refund, (_market.latest())));
        emit Tried(succeeded);
    }
}
