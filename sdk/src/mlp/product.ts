import { GristmillError } from "../errors.ts";
import type { Matrix } from "../tensor/matrix.ts";
import { element, fill, matrix } from "../tensor/matrix.ts";

/** The exact product a . b^T of i8 [m][k] and i8 [n][k], i32 [m][n]: the one operation that backends speed up. */
export type Product = (a: Matrix<"i8">, b: Matrix<"i8">) => Matrix<"i32">;

/** The product as the text has it, every term in integers. */
export const referenceProduct: Product = (a, b) => {
  if (a.cols !== b.cols) {
    throw new GristmillError("PRODUCT_SHAPE", `Rows of ${a.cols} and of ${b.cols} elements have no dot product.`);
  }
  return fill(matrix("i32", a.rows, b.rows), (row, col) => {
    let sum = 0;
    for (let k = 0; k < a.cols; k++) sum += element(a, row, k) * element(b, col, k);
    return sum;
  });
};
