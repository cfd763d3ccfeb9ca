import { expect } from "chai";

import { tableOf } from "../../../oracle/src/cli/tenshash.ts";
import { benchmarkTensHash } from "../../../oracle/src/tenshash/benchmark.ts";
import { run } from "./run.ts";

const SEED = "663711af38b4b55920fd4599af6d6a16af4ce30cd6ea022055abea2709988cc9";
const INPUT = "a0a1fa0100000000000000000000000000000000000000000000000000000000";
const OUTPUT = "97b612472f9d657393274f3cd54520dfd64d4f2219478396430ba267be000000";

describe("oracle-miner tenshash", function () {
  this.timeout(60_000);

  for (const backend of ["auto", "reference", "wasm"]) {
    it(`prints the hash of robocoin's genesis block: ${backend}`, async () => {
      const result = await run("tenshash", "hash", "--seed", SEED, "--input", `0x${INPUT}`, "--backend", backend);
      expect(result).to.deep.equal({ code: 0, out: OUTPUT, err: "" });
    });
  }

  it("names the flag whose value is not 32 bytes of hexadecimal", async () => {
    const { code, err } = await run("tenshash", "hash", "--seed", SEED, "--input", "abc");
    expect(code).to.equal(1);
    expect(err).to.include("TENSHASH_HEX").and.to.include("--input");
  });
});

describe("oracle-miner bench tenshash", function () {
  this.timeout(60_000);

  it("refuses a number of threads that is none", async () => {
    const { code, err } = await run("bench", "tenshash", "--threads", "half");
    expect(code).to.equal(1);
    expect(err).to.include("BENCH_THREADS");
  });

  it("measures the reference beside what is asked, and puts both into the table", async () => {
    const result = await benchmarkTensHash({ backends: ["wasm"], threads: [2], limit: 200 });
    expect(result.figures.map(({ backend, device }) => `${backend}, ${device}`)).to.deep.equal([
      "reference, 1 thread",
      "wasm, 2 threads",
    ]);
    const [reference, wasm] = result.figures;
    expect(reference!.ratio).to.equal(1);
    expect(wasm!.ratio).to.equal(wasm!.hashes.median / reference!.hashes.median);
    expect(tableOf(result)).to.include("2 threads");
  });
});
