import { expect } from "chai";
import { type BatchSet, decodeBatchSet, encodeBatchSet } from "../../../sdk/src/spec/batch-set.ts";
import { matrix } from "../../../sdk/src/tensor/matrix.ts";
import { expectRefusal, thrown } from "./spec-fixtures.ts";

/** Batches of rows of 2 inputs and the bias. */
function setOf(...rowsOfBatches: readonly number[]): BatchSet {
  const batches = rowsOfBatches.map((rows, batch) => ({
    x: matrix(
      "i8",
      rows,
      3,
      Int8Array.from({ length: 3 * rows }, (_, i) => (i % 3 === 2 ? 127 : batch - i)),
    ),
    y: matrix(
      "u8",
      1,
      rows,
      Uint8Array.from({ length: rows }, (_, i) => (batch + i) % 4),
    ),
  }));
  return { inputs: 2, classes: 4, batchRows: 3, batches };
}

describe("batch set codec", () => {
  it("gives back full batches and a shorter last one", () => {
    for (const set of [setOf(3), setOf(3, 3, 1), setOf(2)]) {
      const blob = encodeBatchSet(set);
      expect(decodeBatchSet(blob)).to.deep.equal(set);
      expect(encodeBatchSet(decodeBatchSet(blob))).to.deep.equal(blob);
    }
  });

  it("reads a blob that lies inside a larger buffer, and keeps none of its memory", () => {
    const blob = encodeBatchSet(setOf(3, 1));
    const larger = new Uint8Array(blob.length + 7);
    larger.set(blob, 5);
    const decoded = decodeBatchSet(larger.subarray(5, 5 + blob.length));
    larger.fill(0);
    expect(decoded).to.deep.equal(setOf(3, 1));
  });

  it("refuses to encode what could not be decoded again", () => {
    const good = setOf(3, 1);
    const reordered = { ...good, batches: good.batches.toReversed() };
    const wide = { ...good, inputs: 3 };
    const few = { ...good, classes: 2 };
    for (const set of [reordered, wide, few, { ...good, batches: [] }]) {
      expectRefusal(
        thrown(() => encodeBatchSet(set)),
        "BATCH_SET_MALFORMED",
      );
    }
  });

  it("refuses a blob over the limit before it looks inside", () => {
    const blob = encodeBatchSet(setOf(3));
    expectRefusal(
      thrown(() => decodeBatchSet(blob, blob.length - 1)),
      "BATCH_SET_TOO_LARGE",
      String(blob.length),
    );
    expect(decodeBatchSet(blob, blob.length)).to.deep.equal(setOf(3));
  });

  const header = (word: number, value: number) => (blob: Uint8Array) => {
    new DataView(blob.buffer).setUint32(4 * word, value);
    return blob;
  };
  const hostile: readonly (readonly [string, (blob: Uint8Array) => Uint8Array, string])[] = [
    ["nothing", () => new Uint8Array(), "0 bytes"],
    ["half a header", (blob) => blob.slice(0, 12), "12 bytes"],
    ["another magic", header(0, 0), "GMBS"],
    ["another version", header(1, 2), "version 2"],
    ["no inputs", header(2, 0), "0 inputs"],
    ["too many inputs", header(2, 65_536), "65536 inputs"],
    ["one class", header(3, 1), "1 classes"],
    ["257 classes", header(3, 257), "257 classes"],
    ["batches of no rows", header(4, 0), "0 rows in a batch"],
    ["batches of 1,025 rows", header(4, 1025), "1025 rows in a batch"],
    ["no rows", header(5, 0), "no rows"],
    ["more rows than it has", header(5, 0xffffffff), "4294967295 rows"],
    ["a missing byte", (blob) => blob.slice(0, -1), "not"],
    ["a byte too many", (blob) => Uint8Array.from([...blob, 0]), "not"],
    ["an input of -128", (blob) => blob.with(24 + 1, 0x80), "row 0, column 1 is -128"],
    ["another bias input", (blob) => blob.with(24 + 5, 126), "row 1 does not end in 127"],
    ["a class that does not exist", (blob) => blob.with(blob.length - 1, 4), "row 3 is of class 4"],
  ];
  for (const [title, corrupt, place] of hostile) {
    it(`refuses a blob with ${title}`, () => {
      const blob = corrupt(encodeBatchSet(setOf(3, 1)));
      expectRefusal(
        thrown(() => decodeBatchSet(blob)),
        "BATCH_SET_MALFORMED",
        place,
      );
    });
  }
});
