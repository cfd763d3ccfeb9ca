// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ElementType, ListOpening} from "../types/TensorTypes.sol";
import {TensorMerkle} from "./TensorMerkle.sol";

/// @title Update lists (DESIGN section 3, `sparse`)
/// @notice A list S is a u32 tensor of rows of 256 entries 2 f + (1 if negative), f being the flat index of a weight over
/// the concatenated layers. Flat indices strictly ascend; what the last row has left is padding. So two neighbours show
/// that a weight between them is not in the list.
library SparseList {
    /// @notice Entries in a row.
    uint256 internal constant ROW = 256;
    /// @notice What fills the last row; no weight's entry, as there are fewer than 2^31.
    uint256 internal constant PADDING = type(uint32).max;

    /// @notice The opened row neither has the weight's entry nor shows where it is missing.
    error SparseList_ElsewhereInList(bytes32 listId, uint256 flat, uint256 row);
    /// @notice `expected` rows are to be opened.
    error SparseList_WrongOpenings(bytes32 listId, uint256 given, uint256 expected);

    /// @notice What the list says of a weight: +1, -1, or 0 where it does not name it.
    /// @dev Right for a list that is well-formed. Of another one it may say several things, each of them with a proof.
    /// @param list the row with the entry; where there is none, the row with the entries around its place, or the rows with
    /// one of them each; a weight beyond the last entry is shown by the last row
    function valueAt(bytes32 listId, uint256 flat, ListOpening calldata list) internal pure returns (int256) {
        bytes calldata row = _row(listId, list, 0);
        uint256 place = _firstFrom(row, flat);
        if (place == ROW && list.row + 1 < list.rows) {
            _requireOpenings(listId, list, 2);
            uint256 next = entryAt(_row(listId, list, 1), 0);
            require(next >> 1 >= flat, SparseList_ElsewhereInList(listId, flat, list.row));
            return _signIf(next, flat);
        }
        _requireOpenings(listId, list, 1);
        if (place == ROW) return 0;
        uint256 entry = entryAt(row, place);
        require(place != 0 || list.row == 0 || entry >> 1 == flat, SparseList_ElsewhereInList(listId, flat, list.row));
        return _signIf(entry, flat);
    }

    /// @notice Whether the entry in column `col` of the opened row breaks the list's form: it names a weight that the
    /// network has not, is not below the entry after it, or is padding before an entry or at the start of a row that is not
    /// the first.
    /// @param weights number of weights of the network
    /// @param list the entry's row, and the row after it, if there is one, where the entry is the last of its row
    function isMalformed(
        bytes32 listId,
        uint256 weights,
        uint256 col,
        ListOpening calldata list
    ) internal pure returns (bool) {
        bytes calldata row = _row(listId, list, 0);
        uint256 entry = entryAt(row, col);
        uint256 next = PADDING;
        if (col + 1 < ROW) {
            _requireOpenings(listId, list, 1);
            next = entryAt(row, col + 1);
        } else if (list.row + 1 < list.rows) {
            _requireOpenings(listId, list, 2);
            next = entryAt(_row(listId, list, 1), 0);
        }
        if (entry == PADDING) return next != PADDING || (col == 0 && list.row != 0);
        return entry >> 1 >= weights || (next != PADDING && next >> 1 <= entry >> 1);
    }

    /// @notice Entry in column `col` of a row.
    function entryAt(bytes calldata row, uint256 col) internal pure returns (uint256) {
        return uint256(TensorMerkle.element(row, ElementType.U32, col));
    }

    /// @dev Row `list.row` + `i`, proven against the list's id.
    function _row(bytes32 listId, ListOpening calldata list, uint256 i) private pure returns (bytes calldata) {
        require(i < list.leaves.length, SparseList_WrongOpenings(listId, list.leaves.length, i + 1));
        uint256 row = list.row + i;
        TensorMerkle.requireLeaf(listId, ElementType.U32, list.rows, ROW, row, 0, list.leaves[i]);
        return list.leaves[i].leaf;
    }

    /// @dev First column with a flat index of at least `flat`, {ROW} if there is none: a binary search.
    function _firstFrom(bytes calldata row, uint256 flat) private pure returns (uint256 first) {
        uint256 end = ROW;
        while (first < end) {
            uint256 middle = (first + end) / 2;
            if (entryAt(row, middle) >> 1 < flat) first = middle + 1;
            else end = middle;
        }
    }

    function _signIf(uint256 entry, uint256 flat) private pure returns (int256) {
        if (entry >> 1 != flat) return 0;
        return entry & 1 == 1 ? -1 : int256(1);
    }

    function _requireOpenings(bytes32 listId, ListOpening calldata list, uint256 expected) private pure {
        require(list.leaves.length == expected, SparseList_WrongOpenings(listId, list.leaves.length, expected));
    }
}
