import { GristmillError } from "../errors.ts";
import { layerShapes } from "./layers.ts";
import type { MlpParameters } from "./parameters.ts";

const MAX_U32 = 2 ** 32 - 1;

/**
 * Checks every bound that the registry checks (DESIGN section 3).
 *
 * @throws GristmillError PARAMETER_RANGE naming the field
 */
export function validateParameters(p: MlpParameters): void {
  const layers = p.sizes.length - 1;
  if (layers < 1) {
    throw new GristmillError("PARAMETER_RANGE", "sizes needs at least an input and an output size.", {
      hints: ["Give n_0..n_L, for example [784, 128, 10]."],
    });
  }
  p.sizes.forEach((size, l) => {
    if (l < layers) check(`sizes[${l}]`, size, 1, 65_535);
    else check(`sizes[${l}]`, size, 2, 256);
  });
  const perLayer: readonly (readonly [keyof MlpParameters, readonly number[], number, number])[] = [
    ["shift", p.shift, 0, 12],
    ["back", p.back, 0, 12],
    ["tau", p.tau, 1, 2 ** 30],
    ["initBound", p.initBound, 0, 2 ** 20],
  ];
  for (const [field, values, lo, hi] of perLayer) {
    if (values.length !== layers) {
      throw new GristmillError(
        "PARAMETER_RANGE",
        `${field} has ${values.length} entries, but sizes makes ${layers} layers.`,
        { hints: [`Give one entry of ${field} per layer.`] },
      );
    }
    values.forEach((value, l) => {
      check(`${field}[${l}]`, value, lo, hi);
    });
  }
  check("back[0]", p.back[0]!, 0, 0);
  check("batch", p.batch, 1, 1024);
  check("batches", p.batches, 1, MAX_U32);
  check("q0", p.q0, 1, 2 ** 20);
  check("halveEvery", p.halveEvery, 0, MAX_U32);
  const weights = layerShapes(p).reduce((sum, { rows, cols }) => sum + rows * cols, 0);
  if (weights >= 2 ** 31) {
    throw new GristmillError("PARAMETER_RANGE", `sizes makes ${weights} weights; fewer than 2^31 are allowed.`);
  }
}

function check(field: string, value: number, lo: number, hi: number): void {
  if (!Number.isInteger(value) || value < lo || value > hi) {
    const range = lo === hi ? String(lo) : `an integer from ${lo} to ${hi}`;
    throw new GristmillError("PARAMETER_RANGE", `${field} is ${value}; it must be ${range}.`);
  }
}
