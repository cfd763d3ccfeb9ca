// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {SampleKey} from "../libraries/SampleKey.sol";

/// @title DataHandler64
/// @notice The book of contributions to a shared model: who added what, when, for which deposit, what of it can still be
/// claimed and who claimed. Its owner, the trainer, writes; everybody reads. Samples themselves are in the trainer's
/// `AddData` events. Amounts are wei, times unix seconds.
///
/// Upstream's interface, with one fault mended behind it: a record is written once. The same sample of the same account
/// a second time in one block is refused, where upstream overwrote a record without a claimable rest but kept who had
/// claimed on it.
///
/// @dev Storage: two words a record, where upstream has up to six, and no word for the author's own claim.
///
///     word 0   sender 160 | classification 64
///     word 1   time 40 | initialDeposit 96 | claimableAmount 96 | numClaims 16 | claimedByAuthor 8
///
/// Sender, label and time are part of the key, so only word 1 is read or written after the record is made: a refund costs
/// one cold word, a report one and the reporter's mark. 96 bits hold 79 billion ether.
contract DataHandler64 is Ownable {
    struct Record {
        address sender;
        uint64 classification;
        uint40 time;
        uint96 initialDeposit;
        uint96 claimableAmount;
        uint16 numClaims;
        bool claimedByAuthor;
    }

    /// @notice The contribution exists: the same account added the same sample in this block.
    error DataHandler64_Duplicate(bytes32 dataKey);
    /// @notice There is no such contribution: sample, label, time and author must be those of the `AddData` event.
    error DataHandler64_NotFound(bytes32 dataKey);
    /// @notice Only `claimable` of the deposit is left.
    error DataHandler64_NotEnoughLeft(bytes32 dataKey, uint256 claimable, uint256 amount);

    mapping(bytes32 dataKey => Record) private _records;
    /// @dev For everyone but the author, whose mark is in the record.
    mapping(bytes32 dataKey => mapping(address claimer => bool)) private _claimedBy;

    constructor() Ownable(msg.sender) {}

    // --- owner

    /// @notice Records a contribution.
    /// @param msgSender who adds it
    /// @param cost the deposit that stands behind it
    /// @return time of this block
    function handleAddData(
        address msgSender,
        uint256 cost,
        int64[] calldata data,
        uint64 classification
    ) external onlyOwner returns (uint256 time) {
        time = block.timestamp;
        bytes32 dataKey = SampleKey.ofContribution(data, classification, time, msgSender);
        Record storage record = _records[dataKey];
        require(record.time == 0, DataHandler64_Duplicate(dataKey));

        uint96 deposit = SafeCast.toUint96(cost);
        record.sender = msgSender;
        record.classification = classification;
        record.time = uint40(time);
        record.initialDeposit = deposit;
        record.claimableAmount = deposit;
    }

    /// @notice Takes all that is left of the deposit for its author.
    /// @return claimableAmount what was left of the deposit
    /// @return claimedBySubmitter whether the author had claimed before
    /// @return numClaims how many claims there were before this one
    function handleRefund(
        address submitter,
        int64[] calldata data,
        uint64 classification,
        uint256 addedTime
    ) external onlyOwner returns (uint256 claimableAmount, bool claimedBySubmitter, uint256 numClaims) {
        Record storage record = _find(SampleKey.ofContribution(data, classification, addedTime, submitter));
        (claimableAmount, claimedBySubmitter, numClaims) = (
            record.claimableAmount,
            record.claimedByAuthor,
            record.numClaims
        );
        record.claimableAmount = 0;
        record.claimedByAuthor = true;
        _countClaim(record);
    }

    /// @notice Marks the contribution as claimed by `reporter`; {updateClaimableAmount} follows with the amount.
    /// @return initialDeposit the deposit as it was made
    /// @return claimableAmount what is left of it
    /// @return claimedByReporter whether `reporter` had claimed before
    /// @return numClaims how many claims there were before this one
    /// @return dataKey the record's key
    function handleReport(
        address reporter,
        int64[] calldata data,
        uint64 classification,
        uint256 addedTime,
        address originalAuthor
    )
        external
        onlyOwner
        returns (
            uint256 initialDeposit,
            uint256 claimableAmount,
            bool claimedByReporter,
            uint256 numClaims,
            bytes32 dataKey
        )
    {
        dataKey = SampleKey.ofContribution(data, classification, addedTime, originalAuthor);
        Record storage record = _find(dataKey);
        (initialDeposit, claimableAmount, numClaims) = (
            record.initialDeposit,
            record.claimableAmount,
            record.numClaims
        );
        _countClaim(record);
        if (reporter == originalAuthor) {
            claimedByReporter = record.claimedByAuthor;
            record.claimedByAuthor = true;
        } else {
            claimedByReporter = _claimedBy[dataKey][reporter];
            _claimedBy[dataKey][reporter] = true;
        }
    }

    /// @notice Takes `rewardAmount` off what is left of the deposit.
    function updateClaimableAmount(bytes32 dataKey, uint256 rewardAmount) external onlyOwner {
        Record storage record = _records[dataKey];
        uint256 claimable = record.claimableAmount;
        require(rewardAmount <= claimable, DataHandler64_NotEnoughLeft(dataKey, claimable, rewardAmount));
        // Below `claimable`, so it fits.
        record.claimableAmount = uint96(claimable - rewardAmount);
    }

    // --- views

    /// @notice A record by its key: the hash of values, label, time and author, packed. Zeros if there is none.
    /// @return c label
    /// @return t when it was added
    /// @return sender who added it
    /// @return initialDeposit the deposit as it was made
    /// @return claimableAmount what is left of it
    /// @return numClaims refunds and reports so far, at most 65,535
    function addedData(
        bytes32 dataKey
    )
        external
        view
        returns (
            uint64 c,
            uint256 t,
            address sender,
            uint256 initialDeposit,
            uint256 claimableAmount,
            uint256 numClaims
        )
    {
        Record storage record = _records[dataKey];
        return (
            record.classification,
            record.time,
            record.sender,
            record.initialDeposit,
            record.claimableAmount,
            record.numClaims
        );
    }

    /// @notice What can still be claimed of a contribution's deposit.
    function getClaimableAmount(
        int64[] calldata data,
        uint64 classification,
        uint256 addedTime,
        address originalAuthor
    ) external view returns (uint256) {
        return _find(SampleKey.ofContribution(data, classification, addedTime, originalAuthor)).claimableAmount;
    }

    /// @notice The deposit that a contribution was made with.
    function getInitialDeposit(
        int64[] calldata data,
        uint64 classification,
        uint256 addedTime,
        address originalAuthor
    ) external view returns (uint256) {
        return _find(SampleKey.ofContribution(data, classification, addedTime, originalAuthor)).initialDeposit;
    }

    /// @notice How many refunds and reports of a contribution succeeded.
    function getNumClaims(
        int64[] calldata data,
        uint64 classification,
        uint256 addedTime,
        address originalAuthor
    ) external view returns (uint256) {
        return _find(SampleKey.ofContribution(data, classification, addedTime, originalAuthor)).numClaims;
    }

    /// @notice Whether `claimer` was paid for a contribution, as its author or as a reporter.
    function hasClaimed(
        int64[] calldata data,
        uint64 classification,
        uint256 addedTime,
        address originalAuthor,
        address claimer
    ) external view returns (bool) {
        bytes32 dataKey = SampleKey.ofContribution(data, classification, addedTime, originalAuthor);
        Record storage record = _find(dataKey);
        return claimer == originalAuthor ? record.claimedByAuthor : _claimedBy[dataKey][claimer];
    }

    /// @notice Whether two samples are the same.
    function isDataEqual(int64[] calldata d1, int64[] calldata d2) external pure returns (bool) {
        return keccak256(abi.encode(d1)) == keccak256(abi.encode(d2));
    }

    function _find(bytes32 dataKey) private view returns (Record storage record) {
        record = _records[dataKey];
        require(record.time != 0, DataHandler64_NotFound(dataKey));
    }

    /// @dev Stops counting at what 16 bits hold: the count is for readers, and must never refuse a claim.
    function _countClaim(Record storage record) private {
        uint16 numClaims = record.numClaims;
        if (numClaims != type(uint16).max) record.numClaims = numClaims + 1;
    }
}
