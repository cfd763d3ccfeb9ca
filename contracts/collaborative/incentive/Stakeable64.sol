// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {SampleKey} from "../libraries/SampleKey.sol";
import {IncentiveMechanism64} from "./IncentiveMechanism64.sol";

/// @title Stakeable64
/// @notice Deposit, refund, take: a sample is added with a deposit, which its author gets back if the model agrees with it
/// after a while, and which reporters share, in proportion to the good samples of their own, if it disagrees.
///
/// The price of a sample is `costWeight` times an hour over the square root of the seconds since `lastUpdateTimeS`.
///
/// Upstream's interface; mended behind it:
///
/// - **The price cannot be made to jump.** Upstream set `lastUpdateTimeS` to now with each sample, which raised the price
///   from 60 to 3,600 weights after an idle hour: one sample just before another reverted it, whatever it offered in
///   reason. Here a sample moves `lastUpdateTimeS` so far that the square root halves, so each sample at most doubles the
///   price, and driving it beyond what others offer costs deposits that double likewise. Offer twice the quote for each
///   sample that may come before; what is not needed returns.
/// - **One moment decides nothing.** Upstream paid a report as soon as the model disagreed, so one sample that flips the
///   model, and a report right after it, took an honest deposit. Here a report is public first ({admitReport}) and paid
///   `reportGraceS` later, if the model disagrees then as well. In between the author may have the refund at any moment
///   at which the model agrees, and flipping it back is up to everybody. Clients report as they did, but twice.
/// - **Copying a report pays nothing.** While reports are judged, a reporter's part depends on its own good samples only,
///   not on who comes first. When anybody may take the rest, only a report that was announced, in public or by a
///   commitment that shows neither sample nor author ({commitReport}), and has waited, is paid: whoever sees it in the
///   mempool is too late.
/// - **A sample counts once.** `numValid` goes up only with the first refund of a sample and label, whoever makes it.
///   Refunding one known sample again and again, from any number of accounts, returns the deposits and no more.
/// - **Free samples are refunded**: with `costWeight` 0 a refund pays 0 and counts, where it reverted.
///
/// @dev Storage beyond {IncentiveMechanism64}: a word for each pending report, freed when it is paid, and one for each
/// sample found good. `addData` writes one word, which is warm by then. Configuration is in the code.
contract Stakeable64 is IncentiveMechanism64 {
    /// @notice A deposit returned to its author.
    event Refund(address recipient, uint256 amount);
    /// @notice A part of a deposit went to a reporter.
    event Report(address recipient, uint256 amount);
    /// @notice A report waits until `payableFrom`, when the reporter makes it again.
    event ReportAnnounced(
        bytes32 indexed dataKey,
        address indexed reporter,
        address indexed author,
        uint256 payableFrom
    );
    /// @notice A commitment can be opened from `payableFrom` on.
    event ReportCommitted(bytes32 indexed commitment, uint256 payableFrom);

    /// @notice The times must not decrease.
    error Stakeable64_WaitTimesDecrease(uint256 refundWait, uint256 ownerClaimWait, uint256 anyAddressClaimWait);
    /// @notice Time went backwards: the price is of no time before `lastUpdateTimeS`.
    error Stakeable64_TimeBeforeLastUpdate(uint256 currentTimeS, uint256 lastUpdateTimeS);
    /// @notice The deposit is `cost` now: offer more, what is not needed returns.
    error Stakeable64_DepositTooLow(uint256 offered, uint256 cost);
    error Stakeable64_AlreadyClaimed(address claimer);
    /// @notice Nothing of the deposit is left.
    error Stakeable64_NothingLeft();
    /// @notice The deposit cannot be claimed before `claimableFrom`.
    error Stakeable64_TooEarly(uint256 claimableFrom);
    /// @notice The model says `prediction`, so there is no refund now.
    error Stakeable64_ModelDisagrees(uint64 prediction, uint64 classification);
    /// @notice The model says what the contribution says, so there is nothing to report now.
    error Stakeable64_ModelAgrees(uint64 classification);
    /// @notice Authors cannot report their own samples.
    error Stakeable64_OwnDeposit(address author);
    /// @notice Only accounts with good samples of their own can report.
    error Stakeable64_NoGoodData(address reporter);
    /// @notice The report is announced and is decided from `payableFrom` on.
    error Stakeable64_ReportPending(uint256 payableFrom);
    /// @notice No commitment of this reporter opens with this salt: commit first.
    error Stakeable64_NotCommitted(bytes32 commitment);
    /// @notice Commitments count from `anyAddressClaimWaitTimeS` on; before, a report is public.
    error Stakeable64_CommitmentTooEarly(uint256 claimableFrom);

    /// @notice Factor of the price: wei for a sample one hour squared after the last.
    uint256 public immutable costWeight;
    /// @notice How long a report waits: as long as a refund, at most half of the time in which reports are judged, and
    /// at least a second, so that announcement and payment are never in one block.
    uint256 public immutable reportGraceS;

    mapping(bytes32 announcement => uint256 time) private _announcedAt;
    mapping(bytes32 commitment => uint256 time) private _committedAt;
    mapping(bytes32 sample => bool) private _isCredited;

    /// @param costWeight_ wei; 0 makes samples free
    constructor(
        uint32 refundWaitTimeS_,
        uint32 ownerClaimWaitTimeS_,
        uint32 anyAddressClaimWaitTimeS_,
        uint80 costWeight_
    ) IncentiveMechanism64(refundWaitTimeS_, ownerClaimWaitTimeS_, anyAddressClaimWaitTimeS_) {
        require(
            refundWaitTimeS_ <= ownerClaimWaitTimeS_ && ownerClaimWaitTimeS_ <= anyAddressClaimWaitTimeS_,
            Stakeable64_WaitTimesDecrease(refundWaitTimeS_, ownerClaimWaitTimeS_, anyAddressClaimWaitTimeS_)
        );
        costWeight = costWeight_;
        reportGraceS = Math.max(1, Math.min(refundWaitTimeS_, (anyAddressClaimWaitTimeS_ - refundWaitTimeS_) / 2));
        _lastUpdateTimeS = uint40(block.timestamp);
    }

    // --- reporters

    /// @notice Announces a report without showing of what, for the time when anybody may take the rest of a deposit.
    /// @param commitment what {reportCommitment} gives
    /// @dev Somebody else who commits to the same first does no harm: only the reporter named inside can open it.
    function commitReport(bytes32 commitment) external {
        if (_committedAt[commitment] == 0) _committedAt[commitment] = block.timestamp;
        emit ReportCommitted(commitment, _committedAt[commitment] + reportGraceS);
    }

    // --- owner

    /// @inheritdoc IncentiveMechanism64
    function handleAddData(
        uint256 msgValue,
        int64[] calldata,
        uint64
    ) external override onlyOwner returns (uint256 cost) {
        uint256 divisor = _divisorAt(block.timestamp);
        cost = _costAt(divisor);
        require(msgValue >= cost, Stakeable64_DepositTooLow(msgValue, cost));

        uint256 halved = Math.ceilDiv(divisor, 2);
        // A divisor of at least 2 is the root of its time, so its half squared is no longer than that.
        if (divisor > 1) _lastUpdateTimeS = uint40(block.timestamp - halved * halved);
        ++_totalSubmitted;
    }

    /// @inheritdoc IncentiveMechanism64
    function handleRefund(
        address submitter,
        int64[] calldata data,
        uint64 classification,
        uint256 addedTime,
        uint256 claimableAmount,
        bool claimedBySubmitter,
        uint64 prediction,
        uint256 numClaims
    ) external override onlyOwner returns (uint256 refundAmount) {
        require(!claimedBySubmitter, Stakeable64_AlreadyClaimed(submitter));
        // Nothing left and nobody claimed: the sample was free.
        require(claimableAmount != 0 || numClaims == 0, Stakeable64_NothingLeft());
        _requireWaited(addedTime, refundWaitTimeS);
        require(prediction == classification, Stakeable64_ModelDisagrees(prediction, classification));

        refundAmount = claimableAmount;
        bytes32 sample = SampleKey.ofSample(data, classification);
        if (!_isCredited[sample]) {
            _isCredited[sample] = true;
            ++addressStats[submitter].numValid;
            ++_totalGoodDataCount;
        }
        emit Refund(submitter, refundAmount);
    }

    /// @inheritdoc IncentiveMechanism64
    /// @dev Whoever's turn it is by time alone needs no judgement: the model's owner is paid at once, anybody who announced
    /// or committed as well. All others announce while the model disagrees.
    function admitReport(
        bytes32 dataKey,
        address reporter,
        address originalAuthor,
        uint256 addedTime,
        uint64 classification,
        uint64 prediction,
        bytes32 salt
    ) external override onlyOwner returns (bool) {
        uint256 age = block.timestamp - addedTime;
        if (age >= ownerClaimWaitTimeS && reporter == modelOwner) return true;
        bool isAnybodys = age >= anyAddressClaimWaitTimeS;

        if (salt != bytes32(0)) {
            require(isAnybodys, Stakeable64_CommitmentTooEarly(addedTime + anyAddressClaimWaitTimeS));
            bytes32 commitment = reportCommitment(dataKey, reporter, salt);
            require(_committedAt[commitment] != 0, Stakeable64_NotCommitted(commitment));
            _takeWaited(_committedAt, commitment);
            return true;
        }

        bytes32 announcement = keccak256(abi.encode(dataKey, reporter));
        if (_announcedAt[announcement] != 0) {
            _takeWaited(_announcedAt, announcement);
            return true;
        }
        if (!isAnybodys) {
            require(reporter != originalAuthor, Stakeable64_OwnDeposit(originalAuthor));
            _requireWaited(addedTime, refundWaitTimeS);
            require(prediction != classification, Stakeable64_ModelAgrees(classification));
            require(addressStats[reporter].numValid != 0, Stakeable64_NoGoodData(reporter));
        }
        _announcedAt[announcement] = block.timestamp;
        emit ReportAnnounced(dataKey, reporter, originalAuthor, block.timestamp + reportGraceS);
        return false;
    }

    /// @inheritdoc IncentiveMechanism64
    function handleReport(
        address reporter,
        int64[] calldata,
        uint64 classification,
        uint256 addedTime,
        address originalAuthor,
        uint256 initialDeposit,
        uint256 claimableAmount,
        bool claimedByReporter,
        uint64 prediction,
        uint256
    ) external override onlyOwner returns (uint256 rewardAmount) {
        require(claimableAmount != 0, Stakeable64_NothingLeft());
        uint256 age = block.timestamp - addedTime;
        if (age >= anyAddressClaimWaitTimeS || (age >= ownerClaimWaitTimeS && reporter == modelOwner)) {
            rewardAmount = claimableAmount;
        } else {
            require(reporter != originalAuthor, Stakeable64_OwnDeposit(originalAuthor));
            require(!claimedByReporter, Stakeable64_AlreadyClaimed(reporter));
            _requireWaited(addedTime, refundWaitTimeS);
            require(prediction != classification, Stakeable64_ModelAgrees(classification));
            uint256 numValid = addressStats[reporter].numValid;
            require(numValid != 0, Stakeable64_NoGoodData(reporter));

            // The parts of all reporters together are at most the deposit. What rounds to nothing is dust, as is the rest.
            rewardAmount = (initialDeposit * numValid) / _totalGoodDataCount;
            if (rewardAmount == 0 || rewardAmount > claimableAmount) rewardAmount = claimableAmount;
        }
        emit Report(reporter, rewardAmount);
    }

    // --- views

    /// @inheritdoc IncentiveMechanism64
    function getNextAddDataCost() external view override returns (uint256) {
        return _costAt(_divisorAt(block.timestamp));
    }

    /// @inheritdoc IncentiveMechanism64
    function getNextAddDataCost(uint256 currentTimeS) external view override returns (uint256) {
        return _costAt(_divisorAt(currentTimeS));
    }

    /// @inheritdoc IncentiveMechanism64
    /// @dev All samples cost the same.
    function getNextAddDataCost(int64[] calldata, uint64) external view override returns (uint256) {
        return _costAt(_divisorAt(block.timestamp));
    }

    /// @notice The time from which the price falls: the last sample's, or before it if the price was low then.
    function lastUpdateTimeS() external view returns (uint256) {
        return _lastUpdateTimeS;
    }

    /// @notice When the announced report of `reporter` is decided, 0 if it announced none.
    function reportPayableFrom(bytes32 dataKey, address reporter) external view returns (uint256) {
        uint256 time = _announcedAt[keccak256(abi.encode(dataKey, reporter))];
        return time == 0 ? 0 : time + reportGraceS;
    }

    /// @notice What a reporter hands to {commitReport}.
    /// @param salt of the reporter's choice: random, not zero, and secret until the report
    function reportCommitment(bytes32 dataKey, address reporter, bytes32 salt) public pure returns (bytes32) {
        return keccak256(abi.encode(dataKey, reporter, salt));
    }

    /// @dev The square root of the seconds since the last update, at least 1.
    function _divisorAt(uint256 time) private view returns (uint256) {
        uint256 last = _lastUpdateTimeS;
        require(time >= last, Stakeable64_TimeBeforeLastUpdate(time, last));
        return Math.max(1, Math.sqrt(time - last));
    }

    function _costAt(uint256 divisor) private view returns (uint256) {
        return (costWeight * 1 hours) / divisor;
    }

    function _requireWaited(uint256 addedTime, uint256 wait) private view {
        require(block.timestamp >= addedTime + wait, Stakeable64_TooEarly(addedTime + wait));
    }

    /// @dev Uses up an announcement or commitment that has waited.
    function _takeWaited(mapping(bytes32 => uint256) storage times, bytes32 id) private {
        uint256 payableFrom = times[id] + reportGraceS;
        require(block.timestamp >= payableFrom, Stakeable64_ReportPending(payableFrom));
        delete times[id];
    }
}
