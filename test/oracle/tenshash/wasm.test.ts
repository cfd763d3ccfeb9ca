import { setImmediate as nextTurn } from "node:timers/promises";

import { expect } from "chai";

import { deriveMatrix } from "../../../oracle/src/tenshash/matrices.ts";
import { HASH_BYTES, matrixShape } from "../../../oracle/src/tenshash/shape.ts";
import { Kernel } from "../../../oracle/src/tenshash/wasm/kernel.ts";
import {
  COMPACTION_TABLE,
  compactionTable,
  HEADER_BYTES,
  memoryPages,
  PLANE_BYTES,
  rowTableOffset,
  slotAddress,
  ZERO_PLANE,
} from "../../../oracle/src/tenshash/wasm/layout.ts";
import { WasmTensHasher } from "../../../oracle/src/tenshash/wasm/wasm-tens-hasher.ts";
import { WebAssembly } from "../../../oracle/src/tenshash/wasm/web-assembly.ts";
import { rejection } from "../../rejection.ts";
import { hex, random32, randomInputs } from "./backends.ts";

/** Columns of the negative and the positive weights of a row, as its list names them. */
function readRow(buffer: SharedArrayBuffer, k: number, row: number): { negative: number[]; positive: number[] } {
  const words = new Uint32Array(buffer);
  const list = slotAddress(0) + words[(slotAddress(0) + rowTableOffset(k)) / 4 + row]!;
  const [negativeGroups, positiveGroups] = [words[list / 4]!, words[list / 4 + 1]!];
  const entries = [...new Uint16Array(buffer, list + HEADER_BYTES, 8 * (negativeGroups + positiveGroups))];
  const columns = (part: number[]) =>
    part
      .filter((entry) => entry !== ZERO_PLANE)
      .map((entry) => entry / PLANE_BYTES)
      .sort((a, b) => a - b);
  return {
    negative: columns(entries.slice(0, 8 * negativeGroups)),
    positive: columns(entries.slice(8 * negativeGroups)),
  };
}

describe("the WebAssembly kernel", function () {
  this.timeout(60_000);

  it("lists exactly the weights of every matrix, and the residual's column", () => {
    const pages = memoryPages(1);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    new Uint16Array(memory.buffer, COMPACTION_TABLE, 2048).set(compactionTable());
    const seed = random32("lists", 0);
    expect(new Kernel(memory, 0, 1).derive(seed, 0)).to.equal(true);
    for (const k of [0, 1, 37, 64, 65]) {
      const [rows, columns] = matrixShape(k);
      const { nonzero, negative } = deriveMatrix(seed, k);
      for (const row of [0, 1, 100, rows - 1]) {
        const expected: { negative: number[]; positive: number[] } = { negative: [], positive: [] };
        for (let i = 0; i < columns; i++) {
          const [word, bit] = [(row * columns + i) >> 5, 0x80000000 >>> (i & 31)];
          if ((nonzero[word]! & bit) !== 0)
            ((negative[word]! & bit) !== 0 ? expected.negative : expected.positive).push(i);
        }
        if (rows === columns) expected.positive = [...expected.positive, row].sort((a, b) => a - b);
        expect(readRow(memory.buffer, k, row), `matrix ${String(k)}, row ${String(row)}`).to.deep.equal(expected);
      }
    }
  });
});

describe("WasmTensHasher", function () {
  this.timeout(120_000);

  it("gives the same outputs whatever the number of threads", async () => {
    const inputs = randomInputs("threads", 700);
    const outputs = [];
    for (const threads of [1, 2, 3]) {
      const hasher = new WasmTensHasher(threads);
      await hasher.setSeed(random32("threads", 1));
      outputs.push((await hasher.hash(inputs)).map(hex));
      await hasher.dispose();
    }
    expect(outputs[1]).to.deep.equal(outputs[0]);
    expect(outputs[2]).to.deep.equal(outputs[0]);
  });

  it("hashes with the seed it had when it was asked, while others are derived", async () => {
    const hasher = new WasmTensHasher(2);
    const input = [random32("overlap", 0)];
    const expected: string[] = [];
    for (const s of [1, 2, 3]) {
      await hasher.setSeed(random32("overlap", s));
      expected.push(hex((await hasher.hash(input))[0]!));
    }
    const asked: Promise<Uint8Array[]>[] = [];
    for (const s of [1, 2, 3]) {
      await hasher.setSeed(random32("overlap", s));
      asked.push(hasher.hash(input));
    }
    expect((await Promise.all(asked)).map(([output]) => hex(output!))).to.deep.equal(expected);
    await hasher.dispose();
  });

  it("lets go of those who wait when it is disposed of", async () => {
    const hasher = new WasmTensHasher(1);
    await hasher.setSeed(new Uint8Array(HASH_BYTES));
    const waiting = [hasher.hash(randomInputs("waiting", 2000)), hasher.setSeed(random32("waiting", 0))].map(rejection);
    await hasher.dispose();
    for (const error of await Promise.all(waiting)) expect(error).to.have.property("code", "TENSHASH_DISPOSED");
  });

  it("holds its memory over 200 seeds, one hash and one abandoned derivation each", async () => {
    const hasher = new WasmTensHasher(2);
    const resident: number[] = [];
    for (let i = 0; i < 200; i++) {
      const controller = new AbortController();
      const abandoned = rejection(hasher.setSeed(random32("abandoned", i), controller.signal));
      await nextTurn();
      controller.abort();
      await abandoned;
      await hasher.setSeed(random32("leak", i));
      await hasher.hash([random32("leak", i)]);
      resident.push(process.memoryUsage.rss());
    }
    await hasher.dispose();
    const growth = Math.max(...resident.slice(150)) - Math.max(...resident.slice(20, 50));
    expect(growth).to.be.lessThan(48 * 2 ** 20);
  });

  it("returns its memory and threads when it is disposed of", async () => {
    const threads = () => process.getActiveResourcesInfo().filter((kind) => kind === "MessagePort").length;
    const before = threads();
    for (let i = 0; i < 5; i++) {
      const hasher = new WasmTensHasher(2);
      await hasher.setSeed(new Uint8Array(HASH_BYTES));
      await hasher.dispose();
    }
    expect(threads()).to.equal(before);
  });
});
