// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Samples} from "./Samples.sol";

/// @title SampleKey
/// @notice The names of contributions: upstream's hash, so that its clients find records of ours.
library SampleKey {
    using Samples for int64[];

    /// @notice Names one contribution. `data` is packed into 32 bytes a value without its length; contributions of
    /// different length differ in the length of what is hashed, so no two share a preimage.
    function ofContribution(
        int64[] calldata data,
        uint64 classification,
        uint256 addedTime,
        address author
    ) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(data.raw(), classification, addedTime, author));
    }

    /// @notice Names what was taught, whoever taught it and when.
    function ofSample(int64[] calldata data, uint64 classification) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(data.raw(), classification));
    }
}
