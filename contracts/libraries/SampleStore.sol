// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BlobStore} from "./BlobStore.sol";

/// @title Labelled samples, packed
/// @notice For each sample one word with the number of its values and its label, then its values, four to a word:
///
/// ```
///   | 128 bits 0 | length 64 | label 64 |   | v3 64 | v2 64 | v1 64 | v0 64 |   ...   next sample
/// ```
///
/// A blob takes 767 words, which is 3,064 values of one sample, or 153 samples of 16.
library SampleStore {
    function write(int64[][] memory data, uint64[] memory labels) internal returns (address blob) {
        uint256 size = 0;
        for (uint256 i = 0; i < data.length; ++i) size += 1 + (data[i].length + 3) / 4;
        uint256[] memory words = new uint256[](size);
        uint256 place = 0;
        for (uint256 i = 0; i < data.length; ++i) {
            int64[] memory values = data[i];
            words[place++] = (values.length << 64) | labels[i];
            for (uint256 j = 0; j < values.length; ++j) {
                words[place + j / 4] |= uint256(uint64(values[j])) << (64 * (j % 4));
            }
            place += (values.length + 3) / 4;
        }
        return BlobStore.write(abi.encodePacked(words));
    }

    /// @dev Writes one sample.
    function write(int64[] memory values, uint64 label) internal returns (address blob) {
        int64[][] memory data = new int64[][](1);
        uint64[] memory labels = new uint64[](1);
        (data[0], labels[0]) = (values, label);
        return write(data, labels);
    }

    function read(address blob) internal view returns (int64[][] memory data, uint64[] memory labels) {
        bytes memory content = BlobStore.read(blob);
        uint256[] memory words = abi.decode(
            bytes.concat(abi.encode(uint256(32), content.length / 32), content),
            (uint256[])
        );
        uint256 count = 0;
        for (uint256 begin = 0; begin < words.length; begin = _after(words, begin)) ++count;
        data = new int64[][](count);
        labels = new uint64[](count);
        uint256 place = 0;
        for (uint256 i = 0; i < count; ++i) {
            labels[i] = uint64(words[place]);
            data[i] = _values(words, place);
            place = _after(words, place);
        }
    }

    function _values(uint256[] memory words, uint256 begin) private pure returns (int64[] memory values) {
        values = new int64[](words[begin] >> 64);
        for (uint256 j = 0; j < values.length; ++j) {
            values[j] = int64(uint64(words[begin + 1 + j / 4] >> (64 * (j % 4))));
        }
    }

    /// @dev Where the sample after the one at `begin` begins.
    function _after(uint256[] memory words, uint256 begin) private pure returns (uint256) {
        return begin + 1 + ((words[begin] >> 64) + 3) / 4;
    }
}
