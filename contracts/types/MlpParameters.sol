// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Parameters of the exact multi-layer perceptron (DESIGN section 3), `program` of a task being their abi.encode as
/// one struct. Layer l = 1..L of the text is index l - 1 of the arrays, except in `sizes`. All are 32 bits wide, so that
/// whatever breaks a bound is refused by its name and not by the decoder.
struct MlpParameters {
    uint32[] sizes; // n_0..n_L: inputs, hidden layers, classes
    uint32[] shift; // right shift of each layer's dot product; the last is the softmax's
    uint32[] back; // right shift of each layer's back-propagated error; the first is unused and 0
    uint32[] tau; // threshold at which an accumulated gradient becomes an update
    uint32[] initBound; // initial weights are uniform in [-initBound, initBound]
    uint32 batch; // B, rows of a batch
    uint32 batches; // n, number of batches in the training set
    uint32 q0; // q of iteration 0
    uint32 halveEvery; // iterations after which q halves; 0 means never
}
