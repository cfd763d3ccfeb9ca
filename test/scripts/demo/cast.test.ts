import { expect } from "chai";

import { castOf } from "../../../scripts/demo/cast.ts";
import { readOptions } from "../../../scripts/demo/options.ts";

/** The cast of `npm start -- ...`, for a task that asks for so many supervisors. */
const cast = (args: readonly string[], supervisors = 1) =>
  castOf(readOptions(["node", "main.ts", ...args]), supervisors);

describe("the cast of a run", () => {
  it("is what the task and the options ask for", () => {
    const { supervisors, miners, evaluators, verifiers } = cast(["--miners", "2", "--verifiers", "2"], 3);
    expect(supervisors.map(({ name }) => name)).to.deep.equal(["supervisor-1", "supervisor-2", "supervisor-3"]);
    expect(miners.map(({ name }) => name)).to.deep.equal(["miner-1", "miner-2"]);
    expect(evaluators.map(({ name }) => name)).to.deep.equal(["evaluator"]);
    expect(verifiers.map(({ name }) => name)).to.deep.equal(["verifier-1", "verifier-2"]);
  });

  it("gives each cheat to another one of its role, the last ones", () => {
    const cheats = ["--cheat", "wrong-gradient", "--cheat", "wrong-score", "--cheat", "wrong-step"];
    const { miners, evaluators } = cast(["--miners", "3", ...cheats]);
    expect(miners.map(({ cheat }) => cheat)).to.deep.equal([undefined, "wrong-gradient", "wrong-step"]);
    expect(evaluators.map(({ cheat }) => cheat)).to.deep.equal([undefined, "wrong-score"]);
  });

  it("refuses more cheats than there are to run them", () => {
    expect(() => cast(["--miners", "1", "--cheat", "wrong-step", "--cheat", "wrong-batch"])).to.throw(
      "2 cheats are for miners",
    );
  });
});
