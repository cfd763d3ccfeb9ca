// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MlpTemplate} from "../../../contracts/templates/MlpTemplate.sol";
import {MlpParameters} from "../../../contracts/types/MlpParameters.sol";

/// @notice {MlpTemplate} against the plain formula of DESIGN section 4 and the plain list of bounds of section 3.
contract MlpTemplateTest {
    MlpTemplate private immutable _template = new MlpTemplate();

    /// @dev Sizes, batch and layers anywhere within their bounds: the count is the formula's.
    function testFuzz_macsEqualTheFormula(
        uint16[6] memory sizes,
        uint8 layers,
        uint16 batch,
        uint32 batches
    ) public view {
        MlpParameters memory mlp = _valid(sizes, layers, batch, batches);
        if (_weights(mlp) >= 2 ** 31) return;
        (uint64 macs, uint32 counted) = _template.check(abi.encode(mlp));
        require(macs == _macs(mlp), "macs");
        require(counted == mlp.batches, "batches");
    }

    /// @dev Any value in any field: accepted exactly if it is within its bounds.
    function testFuzz_acceptsExactlyWhatIsInBounds(uint16[6] memory sizes, uint8 field, uint32 value) public view {
        MlpParameters memory mlp = _valid(sizes, 2, 16, 5); // three layers
        bool inBounds = _set(mlp, field % 12, value);
        bool accepted = true;
        try _template.check(abi.encode(mlp)) {} catch {
            accepted = false;
        }
        require(accepted == (inBounds && _weights(mlp) < 2 ** 31), "bounds");
    }

    /// @dev Sets one field and says whether the value is within that field's bounds.
    function _set(MlpParameters memory mlp, uint8 field, uint32 value) private pure returns (bool) {
        // Half of the values near the bounds, where the mistakes are.
        if (value % 2 == 0) value = value % 70_000;
        if (field == 0) return _in(mlp.sizes[0] = value, 1, 65_535);
        if (field == 1) return _in(mlp.sizes[1] = value, 1, 65_535);
        if (field == 2) return _in(mlp.sizes[3] = value % 600, 2, 256);
        if (field == 3) return _in(mlp.shift[1] = value % 30, 0, 12);
        if (field == 4) return _in(mlp.back[0] = value % 3, 0, 0);
        if (field == 5) return _in(mlp.back[2] = value % 30, 0, 12);
        if (field == 6) return _in(mlp.tau[0] = value, 1, 2 ** 30);
        if (field == 7) return _in(mlp.initBound[2] = value, 0, 2 ** 20);
        if (field == 8) return _in(mlp.batch = value % 2_000, 1, 1_024);
        if (field == 9) return _in(mlp.batches = value, 1, type(uint32).max);
        if (field == 10) return _in(mlp.q0 = value, 1, 2 ** 20);
        return _in(mlp.halveEvery = value, 0, type(uint32).max);
    }

    function _in(uint256 value, uint256 least, uint256 most) private pure returns (bool) {
        return value >= least && value <= most;
    }

    function _valid(
        uint16[6] memory sizes,
        uint8 layers,
        uint16 batch,
        uint32 batches
    ) private pure returns (MlpParameters memory mlp) {
        uint256 count = 1 + (layers % 5);
        mlp.sizes = new uint32[](count + 1);
        mlp.shift = new uint32[](count);
        mlp.back = new uint32[](count);
        mlp.tau = new uint32[](count);
        mlp.initBound = new uint32[](count);
        for (uint256 i = 0; i <= count; ++i) mlp.sizes[i] = 1 + (uint32(sizes[i]) % 65_535);
        mlp.sizes[count] = 2 + (uint32(sizes[count]) % 255);
        for (uint256 i = 0; i < count; ++i) mlp.tau[i] = 1;
        mlp.batch = 1 + (uint32(batch) % 1_024);
        mlp.batches = batches == 0 ? 1 : batches;
        mlp.q0 = 1;
    }

    function _weights(MlpParameters memory mlp) private pure returns (uint256 weights) {
        for (uint256 l = 1; l < mlp.sizes.length; ++l) weights += _layer(mlp, l);
    }

    function _macs(MlpParameters memory mlp) private pure returns (uint256 macs) {
        for (uint256 l = 1; l < mlp.sizes.length; ++l) macs += mlp.batch * _layer(mlp, l) * (l > 1 ? 3 : 2);
    }

    function _layer(MlpParameters memory mlp, uint256 l) private pure returns (uint256) {
        return uint256(mlp.sizes[l]) * (uint256(mlp.sizes[l - 1]) + 1);
    }
}
