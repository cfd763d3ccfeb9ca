import { matrix } from "@gristmill/sdk";
import { expect } from "chai";

import { withLie, withTensors } from "../../../scripts/demo/cheats/cheat.ts";
import { snapshot } from "../../gas/snapshot.ts";
import { program } from "../../sdk/fixtures/programs.ts";
import { arenaFor, honestChain, logOf, type Outcome, playSegment, sign } from "./arena.ts";

/** A lie in one element of the first tensor of an operation, played to its end. */
async function lieIn(op: string, changes: Parameters<typeof program>[0]): Promise<Outcome> {
  const where = await arenaFor(program(changes), op);
  const { truths } = await honestChain(where, 0, 1, logOf(where, []));
  const truth = truths[0]!;
  const trace = truth.trace(1);
  const k = trace.instructions.findIndex((instruction) => instruction.op === op);
  const { type, rows, cols, data } = trace.tensors[k]!;
  const lied = data.slice();
  lied[0] = data[0] === 1 ? 0 : 1;
  const lie = withLie(truth, 1, withTensors(trace, new Map([[k, matrix(type, rows, cols, lied)]])));
  const outcome = await playSegment(where, await sign(where, lie.message), {
    defender: lie,
    challenger: truth,
    override: (side, state, call) =>
      side === "challenger" && state.stage === 1 ? { functionName: "chooseIteration", args: [1] } : call,
  });
  expect(outcome.winner).to.equal("challenger");
  return outcome;
}

function gasOf({ moves }: Outcome, name: string): bigint {
  return moves.find((move) => move.name === name)!.gas;
}

function totalOf({ moves }: Outcome): bigint {
  return moves.reduce((sum, { gas }) => sum + gas, 0n);
}

describe("gas of a segment dispute", () => {
  it("decides a dense element of 1,024 terms within 150,000", async () => {
    const wide = { sizes: [1023, 40, 4], tau: [900, 300], shift: [10, 6], back: [0, 3], initBound: [30_000, 30_000] };
    const outcome = await lieIn("Activate", { ...wide, batch: 4, batches: 3 });
    snapshot("disputes: dense element of 1,024 terms, deciding move", gasOf(outcome, "refuteElement"), 150_000n, 8_000);
    snapshot("disputes: dense element of 1,024 terms, both sides together", totalOf(outcome), 3_500_000n, 60_000);
  });

  it("decides an accumulated element of 1,024 terms within 260,000", async () => {
    const long = { sizes: [3, 2], tau: [40_000], shift: [4], back: [0], initBound: [9_000], batch: 1024, batches: 2 };
    const outcome = await lieIn("Update", long);
    snapshot(
      "disputes: accumulated element of 1,024 terms, deciding move",
      gasOf(outcome, "refuteElement"),
      260_000n,
      8_000,
    );
    snapshot("disputes: accumulated element of 1,024 terms, both sides together", totalOf(outcome), 3_500_000n, 60_000);
  });
});
