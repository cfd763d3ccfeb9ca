// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {Classifier64} from "./classification/Classifier64.sol";
import {DataHandler64} from "./data/DataHandler64.sol";
import {IncentiveMechanism64} from "./incentive/IncentiveMechanism64.sol";
import {SampleKey} from "./libraries/SampleKey.sol";
import {Samples} from "./libraries/Samples.sol";

/// @title CollaborativeTrainer64
/// @notice A shared model that anybody may train: add a sample with a deposit, get the deposit back if the model comes to
/// agree, take part of others' if it does not. This contract holds the deposits and asks its parts: the classifier learns
/// and predicts, the data handler keeps the book, the incentive mechanism decides about money.
///
/// To set one up, deploy the parts, then this contract with their addresses, then hand every part over to it with
/// `transferOwnership`. Nobody can change anything afterwards; until then {addData} refuses.
///
/// Upstream's interface; mended behind it:
///
/// - **It owns its parts or takes no money**: every {addData} checks, upstream none did.
/// - **Ether gets out.** Payments are calls with all gas, so that contract wallets can be paid; one that fails becomes a
///   claim on {withdraw}, to any address. A classifier that cannot predict blocks judgement but not the claims by time:
///   {report} then takes its silence for agreement, which helps nobody before the model's owner's time.
/// - **No re-entrance**: books first, payment last, and a guard around both.
/// - **A report may have to wait** (see {Stakeable64}); the call then succeeds without a payment.
///
/// @dev Storage: the three texts and what is owed after failed payments; nothing that a training transaction writes. The
/// parts' addresses are in the code, the guard in transient storage. Samples are passed on as the words they came in
/// ({Samples-raw}), so requests are encoded by selector and not by `abi.encodeCall`, which would want `int64[]` again.
contract CollaborativeTrainer64 is ReentrancyGuardTransient {
    using Samples for int64[];

    /// @notice The model was trained with a sample.
    /// @param d the sample
    /// @param c its label
    /// @param t when, unix seconds
    /// @param sender its author
    /// @param cost its deposit, wei
    event AddData(int64[] d, uint64 c, uint256 t, address indexed sender, uint256 cost);
    /// @notice A payment failed: `recipient` can {withdraw} it.
    event PaymentDeferred(address indexed recipient, uint256 amount);
    event Withdrawn(address indexed account, address indexed recipient, uint256 amount);

    /// @notice A part must be a deployed contract.
    error CollaborativeTrainer64_NotAContract(address part);
    /// @notice The part belongs to `owner`, who has to hand it over first.
    error CollaborativeTrainer64_NotOwned(address part, address owner);
    /// @notice Zero is no salt: use {report}.
    error CollaborativeTrainer64_ZeroSalt();
    /// @notice The account has nothing to withdraw.
    error CollaborativeTrainer64_NothingOwed(address account);
    /// @notice The recipient refused the ether: name another.
    error CollaborativeTrainer64_PaymentRefused(address recipient, uint256 amount);

    string public name;
    string public description;
    /// @notice How samples are encoded, as clients know it.
    string public encoder;

    DataHandler64 public immutable dataHandler;
    IncentiveMechanism64 public immutable incentiveMechanism;
    Classifier64 public immutable classifier;

    /// @notice Of payments that failed, what the account can {withdraw}, in wei.
    mapping(address account => uint256) public owed;

    constructor(
        string memory name_,
        string memory description_,
        string memory encoder_,
        DataHandler64 dataHandler_,
        IncentiveMechanism64 incentiveMechanism_,
        Classifier64 classifier_
    ) {
        name = name_;
        description = description_;
        encoder = encoder_;
        dataHandler = DataHandler64(_requireContract(address(dataHandler_)));
        incentiveMechanism = IncentiveMechanism64(_requireContract(address(incentiveMechanism_)));
        classifier = Classifier64(_requireContract(address(classifier_)));
    }

    // --- contributors

    /// @notice Trains the model with a sample. Offer at least what `incentiveMechanism.getNextAddDataCost` quotes, and
    /// more in case others come first: what is not needed returns.
    function addData(int64[] calldata data, uint64 classification) external payable nonReentrant {
        _requireOwned(dataHandler);
        _requireOwned(incentiveMechanism);
        _requireOwned(classifier);

        uint256[] calldata raw = data.raw();
        uint256 cost = _uint(
            address(incentiveMechanism),
            abi.encodeWithSelector(IncentiveMechanism64.handleAddData.selector, msg.value, raw, classification)
        );
        uint256 time = _uint(
            address(dataHandler),
            abi.encodeWithSelector(DataHandler64.handleAddData.selector, msg.sender, cost, raw, classification)
        );
        Address.functionCall(
            address(classifier),
            abi.encodeWithSelector(Classifier64.update.selector, raw, classification)
        );
        _emitAddData(raw, classification, time, cost);
        _pay(msg.sender, msg.value - cost);
    }

    /// @notice Asks for the deposit of a sample of the caller's back.
    /// @param addedTime when it was added, as in `AddData`
    function refund(int64[] calldata data, uint64 classification, uint256 addedTime) external nonReentrant {
        uint256[] calldata raw = data.raw();
        (uint256 claimable, bool claimedBySubmitter, uint256 numClaims) = abi.decode(
            Address.functionCall(
                address(dataHandler),
                abi.encodeWithSelector(DataHandler64.handleRefund.selector, msg.sender, raw, classification, addedTime)
            ),
            (uint256, bool, uint256)
        );
        uint64 prediction = abi.decode(
            Address.functionStaticCall(address(classifier), abi.encodeWithSelector(Classifier64.predict.selector, raw)),
            (uint64)
        );
        uint256 amount = _uint(
            address(incentiveMechanism),
            abi.encodeWithSelector(
                IncentiveMechanism64.handleRefund.selector,
                msg.sender,
                raw,
                classification,
                addedTime,
                claimable,
                claimedBySubmitter,
                prediction,
                numClaims
            )
        );
        _pay(msg.sender, amount);
    }

    /// @notice Reports a sample as bad or old. If the incentive mechanism has reports wait, the first call announces it
    /// and a second one is paid.
    /// @param addedTime when it was added, as in `AddData`
    /// @param originalAuthor who added it
    function report(
        int64[] calldata data,
        uint64 classification,
        uint256 addedTime,
        address originalAuthor
    ) external nonReentrant {
        _report(data, classification, addedTime, originalAuthor, bytes32(0));
    }

    /// @notice Reports a sample that the caller has committed to (see {Stakeable64-commitReport}).
    /// @param salt that opens the commitment
    function reportCommitted(
        int64[] calldata data,
        uint64 classification,
        uint256 addedTime,
        address originalAuthor,
        bytes32 salt
    ) external nonReentrant {
        require(salt != bytes32(0), CollaborativeTrainer64_ZeroSalt());
        _report(data, classification, addedTime, originalAuthor, salt);
    }

    /// @notice Pays out what the caller is owed after failed payments.
    /// @param recipient of the ether, any account
    function withdraw(address recipient) external nonReentrant {
        uint256 amount = owed[msg.sender];
        require(amount != 0, CollaborativeTrainer64_NothingOwed(msg.sender));
        delete owed[msg.sender];
        emit Withdrawn(msg.sender, recipient, amount);
        require(
            LowLevelCall.callNoReturn(recipient, amount, ""),
            CollaborativeTrainer64_PaymentRefused(recipient, amount)
        );
    }

    // --- views

    /// @notice Whether every part is handed over, so that samples are accepted.
    function isReady() external view returns (bool) {
        return
            dataHandler.owner() == address(this) &&
            incentiveMechanism.owner() == address(this) &&
            classifier.owner() == address(this);
    }

    function _report(
        int64[] calldata data,
        uint64 classification,
        uint256 addedTime,
        address originalAuthor,
        bytes32 salt
    ) private {
        uint64 prediction = _predictionOr(data, classification);
        bool isDecided = incentiveMechanism.admitReport(
            SampleKey.ofContribution(data, classification, addedTime, originalAuthor),
            msg.sender,
            originalAuthor,
            addedTime,
            classification,
            prediction,
            salt
        );
        if (!isDecided) {
            // Refuses to announce a report of what does not exist.
            Address.functionStaticCall(
                address(dataHandler),
                abi.encodeWithSelector(
                    DataHandler64.getClaimableAmount.selector,
                    data.raw(),
                    classification,
                    addedTime,
                    originalAuthor
                )
            );
            return;
        }
        uint256 amount = _takeReported(data, classification, addedTime, originalAuthor, prediction);
        _pay(msg.sender, amount);
    }

    /// @dev Books a report that may be decided now.
    /// @return amount that the reporter gets
    function _takeReported(
        int64[] calldata data,
        uint64 classification,
        uint256 addedTime,
        address originalAuthor,
        uint64 prediction
    ) private returns (uint256 amount) {
        (uint256 deposit, uint256 claimable, bool claimedByReporter, uint256 numClaims, bytes32 dataKey) = abi.decode(
            Address.functionCall(
                address(dataHandler),
                abi.encodeWithSelector(
                    DataHandler64.handleReport.selector,
                    msg.sender,
                    data.raw(),
                    classification,
                    addedTime,
                    originalAuthor
                )
            ),
            (uint256, uint256, bool, uint256, bytes32)
        );
        amount = _uint(
            address(incentiveMechanism),
            abi.encodeWithSelector(
                IncentiveMechanism64.handleReport.selector,
                msg.sender,
                data.raw(),
                classification,
                addedTime,
                originalAuthor,
                deposit,
                claimable,
                claimedByReporter,
                prediction,
                numClaims
            )
        );
        dataHandler.updateClaimableAmount(dataKey, amount);
    }

    /// @dev What the model says, or `otherwise` if it fails. Whoever makes it fail, by too little gas for instance, only
    /// makes the model agree with what it reports.
    function _predictionOr(int64[] calldata data, uint64 otherwise) private view returns (uint64) {
        bytes memory request = abi.encodeWithSelector(Classifier64.predict.selector, data.raw());
        (bool success, bytes32 prediction, ) = LowLevelCall.staticcallReturn64Bytes(address(classifier), request);
        bool isAnswer = success && LowLevelCall.returnDataSize() >= 32;
        return isAnswer ? uint64(uint256(prediction)) : otherwise;
    }

    /// @dev A call that returns one number.
    function _uint(address part, bytes memory request) private returns (uint256) {
        return abi.decode(Address.functionCall(part, request), (uint256));
    }

    /// @dev `emit AddData(data, classification, time, msg.sender, cost)`, with the data as it came.
    function _emitAddData(uint256[] calldata raw, uint64 classification, uint256 time, uint256 cost) private {
        bytes memory content = abi.encode(raw, classification, time, cost);
        bytes32 signature = AddData.selector;
        // Safe: logs memory that was just written, and writes none.
        assembly ("memory-safe") {
            log2(add(content, 32), mload(content), signature, caller())
        }
    }

    /// @dev Everything is booked when this is called. A recipient that fails, by spending its gas for instance, is owed.
    function _pay(address recipient, uint256 amount) private {
        if (amount == 0 || LowLevelCall.callNoReturn(recipient, amount, "")) return;
        owed[recipient] += amount;
        emit PaymentDeferred(recipient, amount);
    }

    function _requireOwned(Ownable part) private view {
        address owner = part.owner();
        require(owner == address(this), CollaborativeTrainer64_NotOwned(address(part), owner));
    }

    function _requireContract(address part) private view returns (address) {
        require(part.code.length != 0, CollaborativeTrainer64_NotAContract(part));
        return part;
    }
}
