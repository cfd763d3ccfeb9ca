import {
  applyList,
  decodeUpdateList,
  encodeUpdateList,
  sparseList,
  matrix,
  updateId,
  type UpdateList,
  updateTensor,
} from "@gristmill/sdk";
import { expect } from "chai";

import { program, randomList, randomLayers, seededRandom } from "../fixtures/programs.ts";

const p = program({ sizes: [63, 4, 2] });
const WEIGHTS = 4 * 64 + 2 * 5;
const every = (count: number): UpdateList => Uint32Array.from({ length: count }, (_, flat) => 2 * flat + (flat % 2));

describe("updateTensor", () => {
  it("is one row of padding for an empty list", () => {
    const { rows, cols, data } = updateTensor(new Uint32Array());
    expect([rows, cols]).to.deep.equal([1, 256]);
    expect(new Set(data)).to.deep.equal(new Set([0xffffffff]));
  });

  it("has no padding for exactly 256 entries", () => {
    const { rows, data } = updateTensor(every(256));
    expect(rows).to.equal(1);
    expect(data).to.deep.equal(every(256));
  });

  it("opens a second row for the 257th entry", () => {
    const { rows, data } = updateTensor(every(257));
    expect(rows).to.equal(2);
    expect(data[256]).to.equal(512);
    expect(new Set(data.subarray(257))).to.deep.equal(new Set([0xffffffff]));
  });

  it("makes different ids of different lists", () => {
    const lists = [every(0), every(1), Uint32Array.of(1), every(256), every(257)];
    expect(new Set(lists.map(updateId)).size).to.equal(lists.length);
  });

  it("lists the nonzero elements over the concatenated layers", () => {
    const updates = [matrix("i8", 2, 2, Int8Array.of(0, 1, -1, 0)), matrix("i8", 1, 2, Int8Array.of(-1, 0))];
    expect([...sparseList(updates)]).to.deep.equal([2, 5, 9]);
  });
});

describe("the wire form of update lists", () => {
  it("gives every list back", () => {
    const random = seededRandom(11);
    const lists = [every(0), every(1), every(WEIGHTS), Uint32Array.of(2 * WEIGHTS - 1)];
    for (let i = 0; i < 50; i++) lists.push(randomList(p, random));
    for (const list of lists) expect(decodeUpdateList(encodeUpdateList(list), WEIGHTS)).to.deep.equal(list);
  });

  it("takes a byte for each of neighbouring entries and five for the farthest", () => {
    expect(encodeUpdateList(every(200))).to.have.length(200);
    const last = Uint32Array.of(2 ** 32 - 1);
    expect(encodeUpdateList(last)).to.have.length(5);
    expect(decodeUpdateList(encodeUpdateList(last), 2 ** 31)).to.deep.equal(last);
  });

  const malformed: readonly (readonly [string, readonly number[]])[] = [
    ["a varint that is cut short", [0x00, 0x80]],
    ["a varint that is not the shortest", [0x80, 0x00]],
    ["a varint of six bytes", [0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ["a weight out of range", [0x94, 0x04]],
    ["a weight beyond 2^31", [0xff, 0xff, 0xff, 0xff, 0x7f]],
    ["more entries than weights", Array.from({ length: WEIGHTS + 1 }, () => 0)],
  ];
  for (const [what, bytes] of malformed) {
    it(`refuses ${what}`, () => {
      expect(() => decodeUpdateList(Uint8Array.from(bytes), WEIGHTS))
        .to.throw()
        .with.property("code", "UPDATE_LIST_MALFORMED");
    });
  }

  it("has one encoding for a list: whatever decodes encodes to the same bytes", () => {
    const random = seededRandom(12);
    let decoded = 0;
    for (let i = 0; i < 2000; i++) {
      const bytes = new Uint8Array(random(0, 6)).map(() => random(0, 7) * 32 + random(0, 3));
      let list: UpdateList;
      try {
        list = decodeUpdateList(bytes, WEIGHTS);
      } catch {
        continue;
      }
      decoded++;
      expect(encodeUpdateList(list)).to.deep.equal(bytes);
    }
    expect(decoded).to.be.above(100);
  });

  it("refuses to encode entries that do not ascend", () => {
    for (const list of [Uint32Array.of(4, 4), Uint32Array.of(4, 5), Uint32Array.of(6, 2)]) {
      expect(() => encodeUpdateList(list))
        .to.throw()
        .with.property("code", "UPDATE_LIST_MALFORMED");
    }
  });
});

describe("applyList", () => {
  it("moves each named weight by q against its sign", () => {
    const weights = [new Int32Array(256), new Int32Array(10)];
    applyList(weights, p, Uint32Array.of(0, 3, 2 * 256, 2 * 265 + 1), 5, 1);
    expect([weights[0]![0], weights[0]![1], weights[1]![0], weights[1]![9]]).to.deep.equal([-5, 5, -5, 5]);
    expect(weights.flatMap((layer) => [...layer]).filter((w) => w !== 0)).to.have.length(4);
  });

  it("wraps modulo 2^32", () => {
    const weights = [new Int32Array(256).fill(2 ** 31 - 1), new Int32Array(10).fill(-(2 ** 31))];
    applyList(weights, p, Uint32Array.of(1, 2 * 256), 3, 1);
    expect([weights[0]![0], weights[1]![0]]).to.deep.equal([-(2 ** 31) + 2, 2 ** 31 - 3]);
  });

  it("undoes with sign -1 what it did with +1", () => {
    const random = seededRandom(13);
    const weights = randomLayers(p, random, 2 ** 31 - 1);
    const before = weights.map((layer) => layer.slice());
    const list = randomList(p, random);
    applyList(weights, p, list, 2 ** 20, 1);
    expect(weights).to.not.deep.equal(before);
    applyList(weights, p, list, 2 ** 20, -1);
    expect(weights).to.deep.equal(before);
  });

  it("leaves the weights untouched by a malformed list", () => {
    const weights = [new Int32Array(256), new Int32Array(10)];
    for (const list of [Uint32Array.of(0, 2 * WEIGHTS), Uint32Array.of(2, 0), Uint32Array.of(0, 0xffffffff)]) {
      expect(() => {
        applyList(weights, p, list, 1, 1);
      })
        .to.throw()
        .with.property("code", "UPDATE_LIST_MALFORMED");
    }
    expect(weights.flatMap((layer) => [...layer]).every((w) => w === 0)).to.equal(true);
  });
});
