/**
 * The one operation that training takes from a float library: products of small integers in float32, exact as long as
 * `inner` is at most 1,040 and elements lie in [-127, 127] (DESIGN section 3).
 */
export interface MatrixEngine {
  /** Name of the backend, for logs and checks. */
  readonly name: string;

  /**
   * @param a row-major [rows][inner]
   * @param b row-major [inner][cols]
   * @returns a . b, row-major [rows][cols], a fresh array
   */
  multiply(a: Float32Array, rows: number, inner: number, b: Float32Array, cols: number): Float32Array;
}
