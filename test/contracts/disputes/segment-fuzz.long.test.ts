import { type Matrix, matrix, type MlpParameters, UPDATE_PADDING, weightCount } from "@gristmill/sdk";
import { expect } from "chai";

import type { SegmentTruth } from "../../../oracle/src/disputes/segment-truth.ts";
import { withLie, withTensors } from "../../../scripts/demo/cheats/cheat.ts";
import { program, type Random, seededRandom } from "../../sdk/fixtures/programs.ts";
import { networkHelpers } from "../tasks/scenario.ts";
import { type Arena, arenaFor, type Chain, honestChain, logOf, playSegment, SEGMENT_LENGTH, sign } from "./arena.ts";

/** 500 in all. */
const MUTATIONS_EACH = 125;

/** Small networks of different shapes: one to three layers, wide and narrow, thresholds that keep weights moving. */
const PROGRAMS: readonly Partial<MlpParameters>[] = [
  { sizes: [3, 2], tau: [60], shift: [4], initBound: [5_000], batch: 2, batches: 3 },
  { sizes: [6, 5, 3], tau: [200, 150], shift: [6, 5], back: [0, 3], initBound: [20_000, 20_000], batch: 4, batches: 3 },
  { sizes: [4, 9, 2, 4], tau: [80, 90, 70], shift: [5, 5, 4], back: [0, 2, 2], initBound: [9e3, 9e3, 9e3], batch: 3 },
  { sizes: [40, 3, 2], tau: [400, 100], shift: [8, 4], back: [0, 2], initBound: [8_000, 30_000], batch: 1, batches: 5 },
];

describe("SegmentGame against one altered element", function () {
  // Some ten transactions for each alteration.
  this.timeout(300_000);

  PROGRAMS.forEach((changes, p) => {
    const shape = changes.sizes!.join("-");
    it(`finds it ${MUTATIONS_EACH} times in traces of the network ${shape}`, async () => {
      const random = seededRandom(100 + p);
      const where = await arenaFor(program({ q0: 64, ...changes }), `fuzz ${p}`);
      const slot1 = await honestChain(where, 1, 2, logOf(where, []));
      const log = logOf(where, [slot1.messages]);
      const slot0 = await honestChain(where, 0, 2, log);
      const start = await networkHelpers.takeSnapshot();
      for (let run = 0; run < MUTATIONS_EACH; run++) {
        await mutateAndPlay(where, slot0, log, random);
        await start.restore();
      }
    });
  });
});

async function mutateAndPlay(where: Arena, slot0: Chain, log: ReturnType<typeof logOf>, random: Random): Promise<void> {
  const truth = slot0.truths[random(0, 1)]!;
  const iteration = random(0, SEGMENT_LENGTH - 1);
  const { lie, what } = mutated(truth, iteration, where.mlp, random);
  const message = await sign(where, lie.message);
  const { winner } = await playSegment(where, message, {
    defender: lie,
    challenger: truth,
    log,
    // Where the outcome is the same in spite of the altered element, the challenger looks into that iteration anyway.
    override: (side, state, call) =>
      side === "challenger" && state.stage === 1 ? { functionName: "chooseIteration", args: [iteration] } : call,
  });
  expect(winner, what).to.equal("challenger");
}

/** A truth with one element of one tensor of one iteration's trace altered. */
function mutated(
  truth: SegmentTruth,
  iteration: number,
  p: MlpParameters,
  random: Random,
): { readonly lie: SegmentTruth; readonly what: string } {
  const trace = truth.trace(iteration);
  const k = random(0, trace.tensors.length - 1);
  const tensor = trace.tensors[k]!;
  const at = random(0, tensor.data.length - 1);
  const value = otherElement(tensor, at, weightCount(p), random);
  const data = tensor.data.slice();
  data[at] = value;
  const altered = matrix(tensor.type, tensor.rows, tensor.cols, data);
  const { op, layer } = trace.instructions[k]!;
  return {
    lie: withLie(truth, iteration, withTensors(trace, new Map([[k, altered]]))),
    what: `${op} of layer ${layer}, element ${at}: ${tensor.data[at]} altered to ${value}`,
  };
}

/** Another value for an element, near or far; an entry of an update list stays one that the network has, or padding. */
function otherElement({ type, data }: Matrix, at: number, weights: number, random: Random): number {
  const now = data[at]!;
  for (;;) {
    const near = now + (random(0, 1) === 0 ? 1 : -1);
    const value = {
      i8: () => (random(0, 1) === 0 ? near : random(-128, 127)),
      u8: () => random(0, 255),
      i32: () => (random(0, 1) === 0 ? near : random(-(2 ** 31), 2 ** 31 - 1)),
      u32: () => (random(0, 3) === 0 ? UPDATE_PADDING : random(0, 2 * weights - 1)),
    }[type]();
    if (value !== now && (type !== "i8" || Math.abs(value) <= 128)) return value === 128 ? -128 : value;
  }
}
