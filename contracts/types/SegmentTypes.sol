// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TaskId} from "./TaskTypes.sol";

/// @dev One signed statement over up to 64 consecutive iterations of a slot (DESIGN section 5). EIP-712 type:
/// Segment(bytes32 taskId,uint32 slot,uint32 first,uint32 last,bytes32 previous,bytes32 recordsRoot,bytes32 stateId,
/// bytes32 residualId,bytes32 work), domain {name "Gristmill", version "1", chainId, verifyingContract: TaskRegistry}.
struct Segment {
    TaskId taskId;
    uint32 slot; // of the task, from 0
    uint32 first; // iteration, the predecessor's last + 1 or 0
    uint32 last; // iteration, inclusive
    bytes32 previous; // id of the slot's preceding segment, 0 if none
    bytes32 recordsRoot; // Merkle root over the records of first..last
    bytes32 stateId; // of the weights after `last`
    bytes32 residualId; // of the residuals after `last`
    bytes32 work; // of the work chain after `last`
}

/// @dev One iteration's record, a leaf of `recordsRoot`.
struct Record {
    uint32 index; // iteration of the slot, from 0
    uint32 batch; // scheduled batch
    bytes32 clockHash; // what the slot had taken in from its peers
    bytes32 updateId; // tensorId of the sparse update list
    uint32 correct; // right answers in the batch
    uint32 loss; // missing probability mass of the batch, in 1/127
    bytes32 work; // H(0x0a || work before || batchLeaf || clockHash || updateId)
}
