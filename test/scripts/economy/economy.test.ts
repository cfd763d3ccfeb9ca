import { expect } from "chai";
import { readFileSync } from "node:fs";

import { SEED, withTables } from "../../../scripts/economy.ts";
import { type Row, simulateEconomy } from "../../../scripts/economy/report.ts";
import { dealWithItself, drawn, poisson } from "../../../scripts/economy/season.ts";
import { SeededRandom } from "../../../scripts/simulate/random.ts";

describe("the simulated economy", function () {
  this.timeout(60_000);
  let rows: Row[];

  before(() => {
    rows = simulateEconomy(SEED);
  });

  it("gives the tables of docs/ECONOMY.md", () => {
    const document = readFileSync(new URL("../../../docs/ECONOMY.md", import.meta.url), "utf8");
    expect(withTables(document, rows), "run `npm run economy -- --write`").to.equal(document);
  });

  it("pays no deviation as much as honesty, at any share, unless nothing but claims were run again", () => {
    for (const { role, name, isHonest, outcomes } of rows) {
      if (isHonest || name.includes("if nothing but claims")) continue;
      const honest = rows.find((row) => row.role === role && row.isHonest);
      for (const [at, { net }] of outcomes.entries())
        expect(net, `${role} that ${name}`).to.be.below(honest?.outcomes[at]!.net ?? 0);
    }
  });

  it("shows what audits are for: without them whoever copies and claims nothing earns more than the honest", () => {
    const [honest, copier] = ["honest", "the same, if nothing but claims were run again"].map(
      (name) => rows.find((row) => row.name === name)!.outcomes,
    );
    expect(copier![0]!.net).to.be.above(honest![0]!.net);
  });

  it("costs whoever is its own client at least a tenth of what it burns, though it were all verifiers as well", () => {
    const { fees, minted } = dealWithItself(new SeededRandom("all"), 1, 50);
    expect(fees + minted).to.be.at.most(fees / 10 + 1e-9);
  });

  it("draws as often as it should", () => {
    const random = new SeededRandom("draws");
    const mean = (play: () => number) => Array.from({ length: 4_000 }, play).reduce((sum, n) => sum + n, 0) / 4_000;
    // Hardhat's chai, where it is loaded in the same process, has a closeTo of its own, for integers.
    const within = (expected: number, by: number) => (found: number) => Math.abs(found - expected) <= by;
    expect(mean(() => poisson(random, 16))).to.satisfy(within(16, 0.3));
    expect(mean(() => drawn(random, 20, 0.3))).to.satisfy(within(6, 0.15));
  });
});
