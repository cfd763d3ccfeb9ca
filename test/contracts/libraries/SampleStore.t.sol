// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BlobStore} from "../../../contracts/libraries/BlobStore.sol";
import {SampleStore} from "../../../contracts/libraries/SampleStore.sol";

contract SampleStoreTest {
    /// hardhat-config: fuzz.runs = 64
    function testFuzz_blobsReadAsWritten(bytes calldata content) external {
        if (content.length > BlobStore.MOST) return;
        require(keccak256(BlobStore.read(BlobStore.write(content))) == keccak256(content), "the blob changed");
    }

    /// hardhat-config: fuzz.runs = 64
    function testFuzz_samplesReadAsWritten(
        int64[][8] calldata data,
        uint64[8] calldata labels,
        uint256 count
    ) external {
        count %= 9;
        int64[][] memory someData = new int64[][](count);
        uint64[] memory someLabels = new uint64[](count);
        for (uint256 i = 0; i < count; ++i) (someData[i], someLabels[i]) = (data[i], labels[i]);
        (int64[][] memory read, uint64[] memory readLabels) = SampleStore.read(SampleStore.write(someData, someLabels));
        require(
            keccak256(abi.encode(read, readLabels)) == keccak256(abi.encode(someData, someLabels)),
            "the samples changed"
        );
    }

    function test_theLongestBlobIsWrittenAndALongerOneRefused() external {
        require(BlobStore.read(BlobStore.write(new bytes(BlobStore.MOST))).length == BlobStore.MOST, "not whole");
        try this.write(BlobStore.MOST + 1) {
            revert("a longer blob was written");
        } catch (bytes memory reason) {
            bytes memory expected = abi.encodeWithSelector(
                BlobStore.BlobStore_TooLong.selector,
                BlobStore.MOST + 1,
                BlobStore.MOST
            );
            require(keccak256(reason) == keccak256(expected), "refused with another error");
        }
    }

    function test_theLongestSampleIsWritten() external {
        int64[] memory values = new int64[](3_064);
        values[3_063] = type(int64).min;
        (int64[][] memory data, uint64[] memory labels) = SampleStore.read(SampleStore.write(values, type(uint64).max));
        require(data[0].length == 3_064 && data[0][3_063] == type(int64).min, "the values changed");
        require(labels[0] == type(uint64).max, "the label changed");
    }

    function write(uint256 length) external returns (address) {
        return BlobStore.write(new bytes(length));
    }
}
