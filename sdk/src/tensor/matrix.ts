import { GristmillError } from "../errors.ts";

/** The typed array behind each element type. */
export interface ElementArrays {
  i8: Int8Array;
  u8: Uint8Array;
  i32: Int32Array;
  u32: Uint32Array;
}

/** Element type of a tensor (DESIGN section 2). */
export type ElementType = keyof ElementArrays;

/** A tensor of the protocol: two-dimensional and row-major. */
export interface Matrix<T extends ElementType = ElementType> {
  readonly type: T;
  readonly rows: number;
  readonly cols: number;
  /** rows * cols elements, row by row. */
  readonly data: ElementArrays[T];
}

const constructors: { readonly [T in ElementType]: new (length: number) => ElementArrays[T] } = {
  i8: Int8Array,
  u8: Uint8Array,
  i32: Int32Array,
  u32: Uint32Array,
};

/**
 * A matrix over `data`, which is not copied; of zeros if left out.
 *
 * @throws GristmillError MATRIX_SHAPE if a dimension is not a positive integer or `data` has another length
 */
export function matrix<T extends ElementType>(
  type: T,
  rows: number,
  cols: number,
  data: ElementArrays[T] = new constructors[type](rows * cols),
): Matrix<T> {
  if (!Number.isInteger(rows) || !Number.isInteger(cols) || rows < 1 || cols < 1 || data.length !== rows * cols) {
    throw new GristmillError(
      "MATRIX_SHAPE",
      `${data.length} elements do not make a matrix of ${rows} rows and ${cols} columns.`,
    );
  }
  return { type, rows, cols, data };
}

/** The element in `row` and `col`, both from 0. */
export function element(m: Matrix, row: number, col: number): number {
  if (row < 0 || row >= m.rows || col < 0 || col >= m.cols) {
    throw new GristmillError("MATRIX_INDEX", `(${row}, ${col}) lies outside a matrix of ${m.rows} x ${m.cols}.`);
  }
  return m.data[row * m.cols + col]!;
}

/** A matrix of the same type with rows and columns exchanged. */
export function transpose<T extends ElementType>(m: Matrix<T>): Matrix<T> {
  return fill(matrix(m.type, m.cols, m.rows), (row, col) => element(m, col, row));
}

/** Sets every element of `m` to `value(row, col)`, in row-major order, and returns `m`. */
export function fill<T extends ElementType>(m: Matrix<T>, value: (row: number, col: number) => number): Matrix<T> {
  for (let row = 0; row < m.rows; row++) {
    for (let col = 0; col < m.cols; col++) m.data[row * m.cols + col] = value(row, col);
  }
  return m;
}
