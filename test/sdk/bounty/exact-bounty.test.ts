import { readFile } from "node:fs/promises";

import {
  batchChunks,
  callsOf,
  compileExactBounty,
  evaluate,
  GristmillError,
  initialWeights,
  isJudgedByDispute,
  narrowWeights,
  readBatchChunks,
  readWeightChunks,
  ScoringMode,
  stateId,
  weightChunks,
} from "@gristmill/sdk";
import { expect } from "chai";
import type { Hex } from "viem";
import { size } from "viem";

import { rejection } from "../../rejection.ts";
import { program, randomBatch, seededRandom } from "../fixtures/programs.ts";

const EXAMPLE = "examples/bounties/digits-exact.yaml";
const SEED: Hex = `0x${"07".repeat(32)}`;

function compile(text: string) {
  const readFile = () => Promise.reject(new GristmillError("NO_FILE", "synthetic data has no files"));
  return compileExactBounty(text, { baseDir: ".", readFile });
}

describe("exact bounties", () => {
  it("compile from their example, to a spec that compiles to itself", async () => {
    const compiled = await compile(await readFile(EXAMPLE, "utf8"));
    expect(compiled.terms).to.include({ scoring: ScoringMode.Sealed, bounty: 100n * 10n ** 18n });
    expect(compiled.parameters.sizes).to.deep.equal([256, 32, 10]);
    expect(compiled.scoring.batches.reduce((sum, { y }) => sum + y.cols, 0)).to.equal(500);
    const again = await compile(new TextDecoder().decode(compiled.specBytes));
    expect(again.specHash).to.equal(compiled.specHash);
    expect(again.parameters).to.deep.equal(compiled.parameters);
  });

  it("are told from those with a vote by their spec, which says what is wrong in it", async () => {
    expect(isJudgedByDispute(await readFile(EXAMPLE, "utf8"))).to.equal(true);
    expect(isJudgedByDispute(await readFile("examples/bounties/digits.yaml", "utf8"))).to.equal(false);
    const text = (await readFile(EXAMPLE, "utf8")).replace("challenge: 600", "vote: 600");
    const error = await rejection(compile(text));
    expect(error).to.include({ code: "SPEC_INVALID" });
    expect((error as GristmillError).message).to.include("durations");
  });

  it("clip a state to int16 without changing any score", () => {
    const p = program({
      sizes: [6, 5, 3],
      shift: [6, 5],
      tau: [9, 9],
      back: [0, 3],
      initBound: [60_000, 60_000],
      batch: 4,
    });
    const random = seededRandom(3);
    const batches = [randomBatch(p, random), randomBatch(p, random)];
    const weights = initialWeights(p, SEED);
    const narrow = narrowWeights(weights);
    expect(stateId(p, narrow)).to.not.equal(stateId(p, weights));
    expect(evaluate(p, narrow, batches)).to.deep.equal(evaluate(p, weights, batches));
    expect(() => weightChunks(p, weights)).to.throw("layer 1 has weights that are no int16");
  });

  it("read a model and a set back from what is published, in calls that fit a block", () => {
    const p = program({
      sizes: [1_100, 70, 3],
      shift: [6, 5],
      tau: [9, 9],
      back: [0, 3],
      initBound: [30_000, 30_000],
      batch: 4,
    });
    const weights = narrowWeights(initialWeights(p, SEED));
    const chunks = weightChunks(p, weights);
    // 70 rows of two leaves are five chunks of up to 32.
    expect(chunks).to.have.length(6);
    expect(chunks.map(({ proof }) => proof.length)).to.deep.equal([3, 3, 3, 3, 3, 0]);
    const calls = callsOf(chunks);
    expect(calls.flat()).to.deep.equal(chunks);
    for (const call of calls) expect(call.reduce((sum, chunk) => sum + size(chunk.weights), 0)).to.be.below(200_000);
    expect(readWeightChunks(p, chunks)).to.deep.equal(weights);
    expect(() => readWeightChunks(p, chunks.slice(1))).to.throw("weights are published");

    const random = seededRandom(4);
    const batches = [randomBatch(p, random), randomBatch(p, random, 1)];
    expect(readBatchChunks(p, batchChunks(batches))).to.deep.equal(batches);
  });
});
