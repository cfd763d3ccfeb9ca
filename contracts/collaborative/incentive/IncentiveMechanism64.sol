// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// @title IncentiveMechanism64
/// @notice Says what adding a sample costs, when a contributor gets it back, and what reporters get of it. It only
/// decides: the money is in the trainer, its owner, which asks at every step. Amounts are wei, times unix seconds.
///
/// A contribution passes three times, counted from when it was added: from `refundWaitTimeS` on its author may have the
/// deposit back while the model agrees with it, and others may report it while the model disagrees; from
/// `ownerClaimWaitTimeS` on the model's owner may take what is left; from `anyAddressClaimWaitTimeS` on anybody may.
///
/// Upstream's interface, with one fault mended behind it: the model's owner is not the owner of this contract, which is
/// the trainer from the hand-over on, but whoever handed it over ({modelOwner}). So the early claim, which nobody could
/// make upstream, works.
///
/// @dev Storage: what each `addData` writes shares the owner's word, which it reads anyway.
///
///     word 0   owner 160 | lastUpdateTimeS 40 | totalSubmitted 56
///     word 1   modelOwner 160 | totalGoodDataCount 96
abstract contract IncentiveMechanism64 is Ownable {
    struct AddressStats {
        uint128 numValid;
        uint128 numSubmitted;
    }

    /// @notice The right to the early claim went from one account to another.
    event ModelOwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    /// @notice Only the model's owner may pass its right on.
    error IncentiveMechanism64_NotModelOwner(address caller, address modelOwner);
    /// @notice The right cannot go to nobody.
    error IncentiveMechanism64_ZeroModelOwner();

    uint40 internal _lastUpdateTimeS;
    uint56 internal _totalSubmitted;

    /// @notice Whom the owner's early claim belongs to: the account that handed this contract over to the trainer, or
    /// the one that it passed its right on to.
    address public modelOwner;
    uint96 internal _totalGoodDataCount;

    /// @notice Of each account, the samples found good, `numValid`; `numSubmitted` stays 0, as upstream.
    mapping(address account => AddressStats) public addressStats;

    /// @notice From when on a deposit can be refunded or reported.
    uint32 public immutable refundWaitTimeS;
    /// @notice From when on the model's owner can take what is left of a deposit.
    uint32 public immutable ownerClaimWaitTimeS;
    /// @notice From when on anybody can.
    uint32 public immutable anyAddressClaimWaitTimeS;

    constructor(
        uint32 refundWaitTimeS_,
        uint32 ownerClaimWaitTimeS_,
        uint32 anyAddressClaimWaitTimeS_
    ) Ownable(msg.sender) {
        refundWaitTimeS = refundWaitTimeS_;
        ownerClaimWaitTimeS = ownerClaimWaitTimeS_;
        anyAddressClaimWaitTimeS = anyAddressClaimWaitTimeS_;
        modelOwner = msg.sender;
    }

    // --- hand-over

    /// @notice Hands this contract over, to the trainer as a rule; who did keeps the early claim.
    function transferOwnership(address newOwner) public override {
        super.transferOwnership(newOwner);
        _setModelOwner(msg.sender);
    }

    /// @notice Passes the right to the early claim on. For the model's owner.
    function transferModelOwnership(address newModelOwner) external {
        require(msg.sender == modelOwner, IncentiveMechanism64_NotModelOwner(msg.sender, modelOwner));
        require(newModelOwner != address(0), IncentiveMechanism64_ZeroModelOwner());
        _setModelOwner(newModelOwner);
    }

    // --- owner

    /// @notice Accepts a sample.
    /// @param msgValue what its contributor offers at most
    /// @return cost what it has to deposit, at most `msgValue`
    function handleAddData(
        uint256 msgValue,
        int64[] calldata data,
        uint64 classification
    ) external virtual returns (uint256 cost);

    /// @notice Decides on a refund.
    /// @param submitter who added the sample and wants its deposit back
    /// @param claimableAmount what is left of the deposit
    /// @param claimedBySubmitter whether it had claimed before
    /// @param prediction what the model says of `data` now
    /// @param numClaims refunds and reports of the contribution so far
    /// @return refundAmount to pay to `submitter`
    function handleRefund(
        address submitter,
        int64[] calldata data,
        uint64 classification,
        uint256 addedTime,
        uint256 claimableAmount,
        bool claimedBySubmitter,
        uint64 prediction,
        uint256 numClaims
    ) external virtual returns (uint256 refundAmount);

    /// @notice Says whether a report may be decided now, and takes note of it if it has to wait. The trainer asks before
    /// {handleReport}.
    /// @param dataKey the contribution's key
    /// @param originalAuthor who added it
    /// @param classification its label
    /// @param prediction what the model says of the sample now
    /// @param salt of a commitment that the reporter opens with this report, or zero
    function admitReport(
        bytes32 dataKey,
        address reporter,
        address originalAuthor,
        uint256 addedTime,
        uint64 classification,
        uint64 prediction,
        bytes32 salt
    ) external virtual returns (bool);

    /// @notice Decides on a report.
    /// @param reporter who says that the sample is bad or old
    /// @param originalAuthor who added it
    /// @param initialDeposit what was deposited with it
    /// @param claimableAmount what is left of that
    /// @param claimedByReporter whether `reporter` had claimed before
    /// @param prediction what the model says of `data` now
    /// @param numClaims refunds and reports of the contribution so far
    /// @return rewardAmount to pay to `reporter`
    function handleReport(
        address reporter,
        int64[] calldata data,
        uint64 classification,
        uint256 addedTime,
        address originalAuthor,
        uint256 initialDeposit,
        uint256 claimableAmount,
        bool claimedByReporter,
        uint64 prediction,
        uint256 numClaims
    ) external virtual returns (uint256 rewardAmount);

    // --- views

    /// @notice What adding a sample costs now.
    function getNextAddDataCost() external view virtual returns (uint256);

    /// @notice What adding a sample costs at `currentTimeS` if none is added before.
    function getNextAddDataCost(uint256 currentTimeS) external view virtual returns (uint256);

    /// @notice What adding this sample costs now.
    function getNextAddDataCost(int64[] calldata data, uint64 classification) external view virtual returns (uint256);

    /// @notice Samples added so far.
    function totalSubmitted() external view returns (uint256) {
        return _totalSubmitted;
    }

    /// @notice Samples found good so far: the sum of `numValid` over all accounts.
    function totalGoodDataCount() external view returns (uint256) {
        return _totalGoodDataCount;
    }

    /// @notice Samples of `submitter` found good so far.
    function numValidForAddress(address submitter) external view returns (uint128) {
        return addressStats[submitter].numValid;
    }

    function _setModelOwner(address newModelOwner) private {
        emit ModelOwnershipTransferred(modelOwner, newModelOwner);
        modelOwner = newModelOwner;
    }
}
