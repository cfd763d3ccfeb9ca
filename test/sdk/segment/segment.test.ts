import { readFileSync } from "node:fs";

import {
  clockHash,
  type IterationRecord,
  recordHash,
  recordsRoot,
  type Segment,
  segmentDigest,
  segmentDomain,
  segmentId,
  segmentTypes,
} from "@gristmill/sdk";
import { expect } from "chai";
import type { Hex } from "viem";
import { hashTypedData, sha256, zeroHash } from "viem";

const word = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;
const segment: Segment = {
  taskId: word(1),
  slot: 2,
  first: 0xfffffff0,
  last: 0xffffffff,
  previous: word(3),
  recordsRoot: word(4),
  stateId: word(5),
  residualId: word(6),
  work: word(7),
};
const record = (index: number): IterationRecord => ({
  index,
  batch: 1,
  clockHash: word(2),
  updateId: word(3),
  correct: 4,
  loss: 5,
  work: word(6),
});
const domain = segmentDomain(31_337, "0x5FbDB2315678afecb367f032d93F642f64180aa3");

describe("segmentDigest", () => {
  it("equals viem's hashTypedData, in one domain and then in another", () => {
    const other = segmentDomain(1, "0x00000000000000000000000000000000000000ff");
    for (const signedIn of [domain, other, domain]) {
      const expected = hashTypedData({
        domain: signedIn,
        types: segmentTypes,
        primaryType: "Segment",
        message: segment,
      });
      expect(segmentDigest(segment, signedIn)).to.equal(expected);
    }
  });

  it("signs the type that the contracts document", () => {
    const source = readFileSync(new URL("../../../contracts/types/SegmentTypes.sol", import.meta.url), "utf8");
    const type = `Segment(${segmentTypes.Segment.map(({ name, type }) => `${type} ${name}`).join(",")})`;
    expect(source.replaceAll(/\n\/\/\/ /g, "")).to.include(type);
  });

  it("changes with every field, and refuses what a uint32 cannot hold", () => {
    const digests = segmentTypes.Segment.map(({ name }) =>
      segmentDigest({ ...segment, [name]: typeof segment[name] === "number" ? 9 : word(9) }, domain),
    );
    expect(new Set([...digests, segmentDigest(segment, domain)]).size).to.equal(10);
    for (const slot of [-1, 2 ** 32, 0.5]) {
      expect(() => segmentDigest({ ...segment, slot }, domain))
        .to.throw()
        .with.property("code", "INTEGER_RANGE");
    }
  });
});

describe("segment hashes", () => {
  it("put count and segment id of every slot into the clock's", () => {
    const bytes = `0x0900000001${word(2).slice(2)}00000000${zeroHash.slice(2)}` as const;
    const clock = [
      { count: 1, segmentId: word(2) },
      { count: 0, segmentId: zeroHash },
    ];
    expect(clockHash(clock)).to.equal(sha256(bytes));
  });

  it("take the one record of a short last segment as its root", () => {
    expect(recordsRoot([record(8)])).to.equal(recordHash(record(8)));
    expect(recordsRoot([record(8), record(9), record(10)])).to.not.equal(recordsRoot([record(8), record(9)]));
    expect(() => recordsRoot([]))
      .to.throw()
      .with.property("code", "MERKLE_EMPTY");
  });

  it("bind a segment to everything but the task, which its signature binds", () => {
    const ids = segmentTypes.Segment.map(({ name }) =>
      segmentId({ ...segment, [name]: typeof segment[name] === "number" ? 9 : word(9) }),
    );
    expect(ids[0]).to.equal(segmentId(segment));
    expect(new Set(ids).size).to.equal(9);
  });
});
