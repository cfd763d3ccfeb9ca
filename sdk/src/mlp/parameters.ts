/**
 * Parameters of the exact multi-layer perceptron (DESIGN section 3). Layer l = 1..L of the text is index l - 1 of the
 * per-layer arrays. `back[0]` is unused and 0.
 */
export interface MlpParameters {
  /** n_0..n_L: inputs, hidden layers, classes. */
  readonly sizes: readonly number[];
  /** Right shift of each layer's dot product, 0 to 12; the last is the softmax's. */
  readonly shift: readonly number[];
  /** Right shift of each layer's back-propagated error, 0 to 12. */
  readonly back: readonly number[];
  /** Threshold at which an accumulated gradient becomes an update, 1 to 2^30. */
  readonly tau: readonly number[];
  /** Initial weights are uniform in [-initBound, initBound], at most 2^20. */
  readonly initBound: readonly number[];
  /** B, rows of a batch, 1 to 1,024. */
  readonly batch: number;
  /** n, number of batches in the training set. */
  readonly batches: number;
  /** q of iteration 0, 1 to 2^20. */
  readonly q0: number;
  /** Iterations after which q halves; 0 means never. */
  readonly halveEvery: number;
}
