// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title TrainingWallet
/// @notice A contract that contributes to shared models, and does with ether that it is paid what a test tells it. Used by
/// tests only.
contract TrainingWallet {
    enum OnPayment {
        Book,
        Refuse,
        CallBack
    }

    event CalledBack(bool success, bytes result);

    error TrainingWallet_Refused();

    OnPayment private _onPayment;
    bytes private _callback;
    uint256 public received;

    /// @dev More than the 2,300 gas of `transfer` in any case.
    receive() external payable {
        require(_onPayment != OnPayment.Refuse, TrainingWallet_Refused());
        received += msg.value;
        if (_onPayment != OnPayment.CallBack) return;
        (bool success, bytes memory result) = msg.sender.call(_callback);
        emit CalledBack(success, result);
    }

    function whenPaid(OnPayment onPayment, bytes calldata callback) external {
        (_onPayment, _callback) = (onPayment, callback);
    }

    function execute(address target, uint256 value, bytes calldata data) external payable {
        (bool success, bytes memory result) = target.call{value: value}(data);
        if (success) return;
        // Safe: passes the reason on, from memory that holds it.
        assembly ("memory-safe") {
            revert(add(result, 32), mload(result))
        }
    }
}
