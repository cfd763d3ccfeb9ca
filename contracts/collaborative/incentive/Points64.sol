// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IncentiveMechanism64} from "./IncentiveMechanism64.sol";

/// @title Points64
/// @notice Contributions are free and earn points instead of money: a refund counts a sample as good, a report says
/// publicly that the model disagrees with one.
///
/// Upstream's interface, with one fault mended behind it: a report does not take a refund away. Upstream counted both as
/// claims and allowed one, so one report while the model was flipped lost a good sample its point for good. Here an author
/// gets the point whenever the model agrees, once.
///
/// @dev Storage: as {IncentiveMechanism64}; a refund writes the word of totals and the author's.
contract Points64 is IncentiveMechanism64 {
    /// @notice A sample was found good.
    event Refund(address recipient);
    /// @notice The model disagrees with a sample, says `recipient`.
    event Report(address recipient);

    error Points64_AlreadyClaimed(address claimer);
    /// @notice It cannot be claimed before `claimableFrom`.
    error Points64_TooEarly(uint256 claimableFrom);
    /// @notice The model says `prediction`, so there is no point now.
    error Points64_ModelDisagrees(uint64 prediction, uint64 classification);
    /// @notice The model says what the contribution says, so there is nothing to report now.
    error Points64_ModelAgrees(uint64 classification);
    /// @notice Authors cannot report their own samples.
    error Points64_OwnSample(address author);

    constructor(
        uint32 refundWaitTimeS_,
        uint32 ownerClaimWaitTimeS_,
        uint32 anyAddressClaimWaitTimeS_
    ) IncentiveMechanism64(refundWaitTimeS_, ownerClaimWaitTimeS_, anyAddressClaimWaitTimeS_) {}

    /// @inheritdoc IncentiveMechanism64
    function handleAddData(uint256, int64[] calldata, uint64) external override onlyOwner returns (uint256 cost) {
        ++_totalSubmitted;
        return 0;
    }

    /// @inheritdoc IncentiveMechanism64
    function handleRefund(
        address submitter,
        int64[] calldata,
        uint64 classification,
        uint256 addedTime,
        uint256 claimableAmount,
        bool claimedBySubmitter,
        uint64 prediction,
        uint256
    ) external override onlyOwner returns (uint256 refundAmount) {
        require(!claimedBySubmitter, Points64_AlreadyClaimed(submitter));
        uint256 claimableFrom = addedTime + refundWaitTimeS;
        require(block.timestamp >= claimableFrom, Points64_TooEarly(claimableFrom));
        require(prediction == classification, Points64_ModelDisagrees(prediction, classification));

        ++addressStats[submitter].numValid;
        ++_totalGoodDataCount;
        emit Refund(submitter);
        return claimableAmount;
    }

    /// @inheritdoc IncentiveMechanism64
    /// @dev No report waits: it moves nothing.
    function admitReport(
        bytes32,
        address,
        address,
        uint256,
        uint64,
        uint64,
        bytes32
    ) external view override onlyOwner returns (bool) {
        return true;
    }

    /// @inheritdoc IncentiveMechanism64
    function handleReport(
        address reporter,
        int64[] calldata,
        uint64 classification,
        uint256 addedTime,
        address originalAuthor,
        uint256,
        uint256 claimableAmount,
        bool claimedByReporter,
        uint64 prediction,
        uint256 numClaims
    ) external override onlyOwner returns (uint256 rewardAmount) {
        uint256 claimableFrom = addedTime + _waitOf(reporter);
        require(block.timestamp >= claimableFrom, Points64_TooEarly(claimableFrom));
        require(numClaims == 0 && !claimedByReporter, Points64_AlreadyClaimed(reporter));
        require(reporter != originalAuthor, Points64_OwnSample(originalAuthor));
        require(prediction != classification, Points64_ModelAgrees(classification));

        emit Report(reporter);
        return claimableAmount;
    }

    /// @inheritdoc IncentiveMechanism64
    function getNextAddDataCost() external pure override returns (uint256) {
        return 0;
    }

    /// @inheritdoc IncentiveMechanism64
    function getNextAddDataCost(uint256) external pure override returns (uint256) {
        return 0;
    }

    /// @inheritdoc IncentiveMechanism64
    function getNextAddDataCost(int64[] calldata, uint64) external pure override returns (uint256) {
        return 0;
    }

    /// @dev The times need not increase here, so the shortest that applies counts.
    function _waitOf(address reporter) private view returns (uint256 wait) {
        wait = refundWaitTimeS < anyAddressClaimWaitTimeS ? refundWaitTimeS : anyAddressClaimWaitTimeS;
        if (reporter == modelOwner && ownerClaimWaitTimeS < wait) wait = ownerClaimWaitTimeS;
    }
}
