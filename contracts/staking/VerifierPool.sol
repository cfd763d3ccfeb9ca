// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IEpochBeacon} from "../interfaces/IEpochBeacon.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {IVerifierPool} from "../interfaces/IVerifierPool.sol";
import {EpochTrace} from "../libraries/EpochTrace.sol";
import {Wired} from "../libraries/Wired.sol";

/// @title VerifierPool
/// @notice See {IVerifierPool}.
/// @dev The weights stand in a Fenwick tree over the places 1 to CAPACITY: node i holds the sum of the weights of the
/// `lowbit(i)` places that end with place i. Every node keeps its history over epochs, so that the tree of a past epoch
/// can be read: a change touches at most 11 nodes, a draw reads as many.
///
/// A place that was resigned in epoch e is given away only when e has settled: until then the draws of the epochs up to e
/// must find the verifier that held it. That does not depend on the verifier calling `release`.
contract VerifierPool is IVerifierPool, Wired {
    using EpochTrace for EpochTrace.Trace;

    struct Verifier {
        address operator;
        uint16 place; // 1 to CAPACITY; 0: not in the pool
        uint64 releasableAt; // block; 0: not resigned
        // --- one word
        uint128 weight;
        uint64 bondedUntil; // unix seconds; 0: not resigned
    }

    struct Retired {
        uint16 place;
        uint64 reusableAt; // block
    }

    uint256 private constant CAPACITY = 1 << 10;
    /// @dev One part in four of a slashed stake is the accuser's, the rest is burnt.
    uint256 private constant PART = 4;
    bytes32 private constant LOCK_ID = keccak256("gristmill.VerifierPool");

    IStakeManager private immutable _stakes;
    IEpochBeacon private immutable _beacon;
    uint256 public immutable override minimumWeight;
    address private _prosecutor;

    mapping(address account => Verifier) private _verifiers;
    mapping(uint256 place => address verifier) private _holders;
    mapping(uint256 node => EpochTrace.Trace) private _sums;
    mapping(address account => EpochTrace.Trace) private _weights;
    Retired[] private _retired; // a queue: places before _reused have been given away again
    uint256 private _reused;
    uint16 private _placesUsed;

    /// @param minimumWeight_ GRIST wei, positive
    constructor(IStakeManager stakes, IEpochBeacon beacon, uint256 minimumWeight_) {
        require(minimumWeight_ != 0, VerifierPool_ZeroMinimum());
        _stakes = stakes;
        _beacon = beacon;
        minimumWeight = minimumWeight_;
    }

    /// @inheritdoc IVerifierPool
    function wire(address prosecutor) external onlyOnce {
        _prosecutor = _requireContract(prosecutor);
        emit VerifierPoolWired(prosecutor);
    }

    /// @inheritdoc IVerifierPool
    function enlist(uint256 amount, address operator) external {
        Verifier storage verifier = _verifiers[msg.sender];
        uint256 weight = verifier.weight + amount;
        require(operator != address(0), VerifierPool_ZeroOperator());
        require(verifier.releasableAt == 0, VerifierPool_Resigned(msg.sender));
        require(weight >= minimumWeight, VerifierPool_BelowMinimum(weight, minimumWeight));

        if (verifier.place == 0) {
            verifier.place = _takePlace();
            _holders[verifier.place] = msg.sender;
        }
        verifier.operator = operator;
        verifier.weight = SafeCast.toUint128(weight);
        _setWeight(msg.sender, verifier.place, weight - amount, weight);
        emit VerifierEnlisted(msg.sender, operator, weight);
        _stakes.lock(msg.sender, LOCK_ID, amount);
    }

    /// @inheritdoc IVerifierPool
    function resign() external {
        Verifier storage verifier = _verifiers[msg.sender];
        require(verifier.place != 0, VerifierPool_NotEnlisted(msg.sender));
        require(verifier.releasableAt == 0, VerifierPool_Resigned(msg.sender));

        emit VerifierResigned(msg.sender, _retire(msg.sender, verifier));
    }

    /// @inheritdoc IVerifierPool
    function release() external {
        Verifier memory verifier = _verifiers[msg.sender];
        require(verifier.releasableAt != 0, VerifierPool_NotResigned(msg.sender));
        require(block.number >= verifier.releasableAt, VerifierPool_StillBonded(msg.sender, verifier.releasableAt));
        require(block.timestamp >= verifier.bondedUntil, VerifierPool_StillLiable(msg.sender, verifier.bondedUntil));

        delete _verifiers[msg.sender];
        emit VerifierReleased(msg.sender, verifier.weight);
        _stakes.unlock(msg.sender, LOCK_ID, verifier.weight);
    }

    // --- who proves that an attestation is false

    /// @inheritdoc IVerifierPool
    function slash(address account, address accuser) external {
        require(msg.sender == _prosecutor, VerifierPool_NotTheProsecutor(msg.sender));
        Verifier storage verifier = _verifiers[account];
        uint256 weight = verifier.weight;
        require(weight != 0, VerifierPool_NotEnlisted(account));

        // Whoever accuses itself gets nothing back.
        uint256 reward = accuser == account || accuser == verifier.operator ? 0 : weight / PART;
        if (verifier.releasableAt == 0) _retire(account, verifier);
        (verifier.weight, verifier.operator) = (0, address(0));
        emit VerifierSlashed(account, accuser, weight, reward);
        _stakes.slash(account, LOCK_ID, weight, accuser, reward, 0);
    }

    /// @inheritdoc IVerifierPool
    function weightOf(address verifier) external view returns (uint256) {
        return _verifiers[verifier].releasableAt == 0 ? _verifiers[verifier].weight : 0;
    }

    /// @inheritdoc IVerifierPool
    function operatorOf(address verifier) external view returns (address) {
        return _verifiers[verifier].operator;
    }

    /// @inheritdoc IVerifierPool
    function releasableAt(address verifier) external view returns (uint64) {
        return _verifiers[verifier].releasableAt;
    }

    /// @inheritdoc IVerifierPool
    function capacity() external pure returns (uint256) {
        return CAPACITY;
    }

    /// @inheritdoc IVerifierPool
    function lockId() external pure returns (bytes32) {
        return LOCK_ID;
    }

    /// @inheritdoc IVerifierPool
    function totalWeightAt(uint64 epoch) public view returns (uint256) {
        return _sumAt(CAPACITY, epoch);
    }

    /// @inheritdoc IVerifierPool
    function weightAt(address verifier, uint64 epoch) external view returns (uint256) {
        return _weights[verifier].read(epoch);
    }

    /// @inheritdoc IVerifierPool
    function draw(uint64 epoch, bytes32 random) external view returns (address verifier) {
        uint64 currentEpoch = _beacon.currentEpoch();
        require(epoch <= currentEpoch, VerifierPool_SnapshotNotFinal(epoch, currentEpoch));
        uint256 total = totalWeightAt(epoch);
        if (total == 0) return address(0);

        // Finds the last place whose predecessors weigh `rest` or less in all; the drawn one is the next. From the last
        // place that was ever taken on, predecessors weigh the total, which is more: their nodes need not be read.
        uint256 rest = uint256(random) % total;
        uint256 place = 0;
        uint256 used = _placesUsed;
        for (uint256 step = CAPACITY / 2; step != 0; step /= 2) {
            if (place + step >= used) continue;
            uint256 sum = _sumAt(place + step, epoch);
            if (sum <= rest) {
                rest -= sum;
                place += step;
            }
        }
        return _holders[place + 1];
    }

    /// @dev Takes a verifier out of the draws of later epochs.
    function _retire(address account, Verifier storage verifier) private returns (uint64 settledAt) {
        settledAt = _beacon.settlesAt(_beacon.currentEpoch());
        verifier.releasableAt = settledAt;
        verifier.bondedUntil = SafeCast.toUint64(block.timestamp + _stakes.unbondingDelay());
        // Places are queued in the order of their epochs, so the first is always the first to be reusable.
        _retired.push(Retired(verifier.place, settledAt));
        _setWeight(account, verifier.place, verifier.weight, 0);
    }

    function _takePlace() private returns (uint16) {
        if (_reused < _retired.length && block.number >= _retired[_reused].reusableAt) return _retired[_reused++].place;
        require(_placesUsed < CAPACITY, VerifierPool_Full(CAPACITY));
        return ++_placesUsed;
    }

    /// @dev Changes the weight of an account and its place from the next epoch on. `from` is its latest weight.
    function _setWeight(address account, uint256 place, uint256 from, uint256 to) private {
        uint64 next = _beacon.currentEpoch() + 1;
        _weights[account].write(next, SafeCast.toUint192(to));
        // place & (~place + 1) is its lowest set bit: the next node that covers it is that much further.
        for (uint256 node = place; node <= CAPACITY; node += node & (~node + 1)) {
            _sums[node].write(next, SafeCast.toUint192(_sums[node].latest() + to - from));
        }
    }

    function _sumAt(uint256 node, uint64 epoch) private view returns (uint256) {
        return _sums[node].read(epoch);
    }
}
