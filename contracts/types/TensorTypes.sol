// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Element types of tensors (DESIGN section 2). The numbers are the tags that a tensorId hashes. 32-bit elements are
/// little-endian.
enum ElementType {
    None,
    I8,
    U8,
    I32,
    U32
}

/// @dev One leaf of a tensor, that is up to 1,024 consecutive elements of one row as they are hashed, with the siblings on
/// its way to the root of the tensor's leaves, lowest first. Which leaf of which tensor it is, its reader knows. Where one
/// element of an i32 operand is read, all of the leaf may be given as int16 if its elements allow it: half the calldata.
struct Opening {
    bytes leaf;
    bytes32[] proof;
}

/// @dev What an update list S says of one flat index: the row that holds the index' entry, or the place where it would
/// have to stand. Two neighbouring rows are needed only where that place is between them.
struct ListOpening {
    uint32 rows; // of S, which its id binds
    uint32 row; // of the first opening
    Opening[] leaves; // rows `row` and, where needed, `row` + 1
}
