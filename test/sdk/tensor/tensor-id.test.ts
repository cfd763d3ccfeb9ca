import { createHash } from "node:crypto";

import { leafIndex, matrix, merkleProof, merkleRoot, tensorId, tensorLeaves, verifyMerkleProof } from "@gristmill/sdk";
import { expect } from "chai";

import * as noble from "../../../sdk/src/internal/sha256-noble.ts";
import * as native from "../../../sdk/src/internal/sha256-node.ts";

const h = (...parts: Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const byte = (value: number) => Buffer.of(value);
const id = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString("hex")}`;
const leaf = (bytes: Uint8Array) => h(byte(0), bytes);
const node = (left: Uint8Array, right: Uint8Array) => h(byte(1), left, right);
const zero = Buffer.alloc(32);

describe("tensorId", () => {
  it("takes a single leaf as the root", () => {
    const m = matrix("u8", 1, 3, Uint8Array.of(7, 8, 9));
    expect(tensorId(m)).to.equal(id(h(byte(2), byte(2), u32(1), u32(3), leaf(Buffer.of(7, 8, 9)))));
  });

  it("hashes 32-bit elements little-endian", () => {
    const bytes = Buffer.of(0xfe, 0xff, 0xff, 0xff, 0x01, 0x02, 0x00, 0x00);
    const root = leaf(bytes);
    expect(tensorId(matrix("i32", 1, 2, Int32Array.of(-2, 513)))).to.equal(
      id(h(byte(2), byte(3), u32(1), u32(2), root)),
    );
    expect(tensorId(matrix("u32", 1, 2, Uint32Array.of(0xfffffffe, 513)))).to.equal(
      id(h(byte(2), byte(4), u32(1), u32(2), root)),
    );
  });

  it("pads the leaves of three rows with zeros to four", () => {
    const m = matrix("i8", 3, 2, Int8Array.of(1, 2, 3, 4, -5, -6));
    const [a, b, c] = [Buffer.of(1, 2), Buffer.of(3, 4), Buffer.of(251, 250)].map(leaf) as [Buffer, Buffer, Buffer];
    const root = node(node(a, b), node(c, zero));
    expect(tensorId(m)).to.equal(id(h(byte(2), byte(1), u32(3), u32(2), root)));
  });

  it("cuts rows beyond 1,024 elements into leaves from left to right", () => {
    const data = Int32Array.from({ length: 2 * 2500 }, (_, i) => i * 77);
    const bytes = Buffer.from(data.buffer);
    const cut = (row: number, from: number, to: number) =>
      leaf(bytes.subarray(4 * (2500 * row + from), 4 * (2500 * row + to)));
    const leaves = [0, 1].flatMap((row) => [cut(row, 0, 1024), cut(row, 1024, 2048), cut(row, 2048, 2500)]);
    const [a, b, c, d, e, f] = leaves as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
    const root = node(node(node(a, b), node(c, d)), node(node(e, f), node(zero, zero)));
    const m = matrix("i32", 2, 2500, data);
    expect(tensorLeaves(m)).to.deep.equal(leaves.map(id));
    expect(tensorId(m)).to.equal(id(h(byte(2), byte(3), u32(2), u32(2500), root)));
  });

  it("keeps exactly 1,024 elements in one leaf", () => {
    expect(tensorLeaves(matrix("i8", 2, 1024))).to.have.length(2);
    expect(tensorLeaves(matrix("i8", 2, 1025))).to.have.length(4);
  });

  it("does not depend on where in a buffer the elements lie", () => {
    const whole = Int32Array.from({ length: 12 }, (_, i) => i * 1000);
    const view = whole.subarray(4, 10);
    expect(tensorId(matrix("i32", 2, 3, view))).to.equal(tensorId(matrix("i32", 2, 3, view.slice())));
  });

  it("separates types and shapes of the same bytes", () => {
    const ids = [
      tensorId(matrix("i8", 2, 4)),
      tensorId(matrix("u8", 2, 4)),
      tensorId(matrix("i8", 4, 2)),
      tensorId(matrix("i32", 2, 1)),
      tensorId(matrix("u32", 2, 1)),
    ];
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it("lets one proof open the leaf that holds an element", () => {
    const m = matrix(
      "i8",
      3,
      1500,
      new Int8Array(4500).map((_, i) => i),
    );
    const leaves = tensorLeaves(m);
    const index = leafIndex(m, 2, 1100);
    expect(index).to.equal(5);
    expect(verifyMerkleProof(merkleRoot(leaves), leaves[index]!, index, merkleProof(leaves, index))).to.equal(true);
    expect(() => leafIndex(m, 3, 0))
      .to.throw()
      .with.property("code", "MATRIX_INDEX");
  });

  it("is refused a matrix whose data does not fill its shape", () => {
    expect(() => matrix("i8", 2, 3, new Int8Array(5)))
      .to.throw()
      .with.property("code", "MATRIX_SHAPE");
    expect(() => matrix("i8", 0, 3))
      .to.throw()
      .with.property("code", "MATRIX_SHAPE");
  });
});

describe("sha256", () => {
  it("is the same in Node's library and in plain JavaScript", () => {
    for (const length of [0, 1, 55, 56, 64, 65, 4097]) {
      const bytes = new Uint8Array(length).map((_, i) => i * 31);
      expect(noble.sha256Hex(bytes)).to.equal(native.sha256Hex(bytes));
      const [a, b] = [new Uint8Array(40), new Uint8Array(40)];
      noble.sha256Into(bytes, a, 5);
      native.sha256Into(bytes, b, 5);
      expect(a).to.deep.equal(b);
      expect(id(a.subarray(5, 37))).to.equal(native.sha256Hex(bytes));
    }
  });
});
