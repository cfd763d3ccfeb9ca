import { expect } from "chai";

import { renderPage } from "../../../scripts/simulate/page.ts";
import { SeededRandom } from "../../../scripts/simulate/random.ts";
import type { Scenario } from "../../../scripts/simulate/scenario.ts";
import fiveStrategies from "../../../scripts/simulate/scenarios/five-strategies.ts";
import naiveBayes from "../../../scripts/simulate/scenarios/naive-bayes.ts";
import nearestCentroid from "../../../scripts/simulate/scenarios/nearest-centroid.ts";
import sparsePerceptron from "../../../scripts/simulate/scenarios/sparse-perceptron.ts";
import { type Simulation, simulate } from "../../../scripts/simulate/simulate.ts";

/** Fewer samples, of which accuracy is measured less often. */
function short(scenario: Scenario, training = 48): Scenario {
  return { ...scenario, data: { ...scenario.data, training, test: 60 }, measureEvery: 10 * scenario.measureEvery };
}

function totals({ agents }: Simulation): { readonly start: number; readonly end: number } {
  const sum = (key: "start" | "end") => agents.reduce((total, agent) => total + agent[key], 0);
  return { start: sum("start"), end: sum("end") };
}

describe("npm run simulate", function () {
  this.timeout(60_000);

  describe("finds under deposit, refund, take, as published,", () => {
    for (const scenario of [sparsePerceptron, naiveBayes, nearestCentroid]) {
      it(`that the good agent gains, the bad one loses and accuracy holds, for a ${scenario.model}`, async () => {
        const result = await simulate(short(scenario), "1");
        const [good, bad] = result.agents;
        expect(good!.end).to.be.above(good!.start);
        expect(bad!.end).to.be.below(bad!.start);
        expect(result.accuracy.at(-1)!.accuracy).to.be.at.least(result.accuracy[0]!.accuracy - 0.1);
        // Nobody's money is created, or left in the trainer.
        const { start, end } = totals(result);
        expect(Math.abs(end - start)).to.be.below(1e-9);
      });
    }
  });

  it("gives the same result for the same seed, and another for another", async () => {
    const scenario = short(sparsePerceptron, 12);
    const [first, second, other] = [
      await simulate(scenario, "1"),
      await simulate(scenario, "1"),
      await simulate(scenario, "2"),
    ];
    expect(second).to.deep.equal(first);
    expect(other.balances).to.not.deep.equal(first.balances);
  });

  it("has agents of all strategies act, and draws them on a page that needs no other file", async () => {
    const simulation = await simulate(short(fiveStrategies, 30), "1");
    for (const { name, contributed } of simulation.agents) expect(contributed, name).to.be.above(0);
    const page = await renderPage([{ label: "seed <1>", simulation }], "npm run simulate -- x");
    expect(page.match(/<svg/g)).to.have.lengthOf(2);
    expect(page)
      .to.contain("seed &#60;1&#62;")
      .and.not.match(/<script|<link|@import|url\(|src=/);
    expect(page.replaceAll("http://www.w3.org/", "")).to.not.contain("http");
  });
});

describe("SeededRandom", () => {
  it("draws what its name says, whatever other streams draw", () => {
    const draw = (random: SeededRandom) => Array.from({ length: 20 }, () => random.uniform());
    const root = new SeededRandom("seed");
    const first = draw(root.fork("a"));
    draw(root);
    expect(draw(root.fork("a"))).to.deep.equal(first);
    expect(draw(root.fork("b"))).to.not.deep.equal(first);
    expect(new SeededRandom("x").shuffled([1, 2, 3, 4]).sort()).to.deep.equal([1, 2, 3, 4]);
  });

  it("draws uniform and normal numbers", () => {
    const random = new SeededRandom("moments");
    const numbers = Array.from({ length: 4_000 }, () => random.normal());
    const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
    const variance = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / numbers.length;
    expect(Math.abs(mean)).to.be.below(0.05);
    expect(Math.abs(variance - 1)).to.be.below(0.1);
    expect(Math.max(...Array.from({ length: 1_000 }, () => random.below(7)))).to.equal(6);
  });
});
