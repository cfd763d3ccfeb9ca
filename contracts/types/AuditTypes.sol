// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TaskId} from "./TaskTypes.sol";

/// @dev keccak256(abi.encode("gristmill.Audit", taskId, slot, first)). A slot commits at most one segment that begins with
/// an iteration, and does so before the seed that may draw it exists, so these name one computation.
type AuditId is bytes32;

/// @dev A segment that is drawn for an audit.
struct AuditDetails {
    TaskId taskId;
    uint32 slot;
    uint64 epoch; // in which the segment was committed, and whose seed draws
    uint32 first; // its first iteration
    bytes32 segmentId;
}

using AuditDetailsLib for AuditDetails global;

/// @title AuditDetailsLib
/// @notice The two names of an audit: its place among all possible ones, and what stands there.
library AuditDetailsLib {
    string private constant DOMAIN = "gristmill.Audit";

    function idOf(TaskId taskId, uint32 slot, uint32 first) internal pure returns (AuditId) {
        return AuditId.wrap(keccak256(abi.encode(DOMAIN, taskId, slot, first)));
    }

    function id(AuditDetails memory details) internal pure returns (AuditId) {
        return idOf(details.taskId, details.slot, details.first);
    }

    /// @notice As many bits as an address has.
    function digest(AuditDetails memory details) internal pure returns (bytes20) {
        return bytes20(keccak256(abi.encode(details)));
    }
}
