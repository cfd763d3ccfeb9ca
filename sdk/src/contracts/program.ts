import type { Hex } from "viem";
import { decodeAbiParameters, encodeAbiParameters } from "viem";

import { GristmillError } from "../errors.ts";
import type { MlpParameters } from "../mlp/parameters.ts";
import { validateParameters } from "../mlp/validate-parameters.ts";

/** The struct of `contracts/types/MlpParameters.sol`, field by field. */
const structure = [
  {
    type: "tuple",
    components: [
      { name: "sizes", type: "uint32[]" },
      { name: "shift", type: "uint32[]" },
      { name: "back", type: "uint32[]" },
      { name: "tau", type: "uint32[]" },
      { name: "initBound", type: "uint32[]" },
      { name: "batch", type: "uint32" },
      { name: "batches", type: "uint32" },
      { name: "q0", type: "uint32" },
      { name: "halveEvery", type: "uint32" },
    ],
  },
] as const;

/**
 * A task's `program` as `MlpTemplate` takes it: abi.encode of the parameters as one struct.
 * @throws GristmillError PARAMETER_RANGE
 */
export function encodeProgram(parameters: MlpParameters): Hex {
  validateParameters(parameters);
  return encodeAbiParameters(structure, [parameters]);
}

/**
 * The parameters of a task's `program`.
 * @throws GristmillError PROGRAM_MALFORMED, PARAMETER_RANGE
 */
export function decodeProgram(program: Hex): MlpParameters {
  let parameters: MlpParameters;
  try {
    [parameters] = decodeAbiParameters(structure, program);
  } catch (cause) {
    throw new GristmillError("PROGRAM_MALFORMED", "The program is not an encoding of a perceptron's parameters.", {
      cause,
    });
  }
  validateParameters(parameters);
  return parameters;
}
