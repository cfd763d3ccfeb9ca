import { expect } from "chai";

import {
  decodePreferences,
  encodePreferences,
  POLES,
  similarity,
  taskProperties,
} from "../../../sdk/src/assignment/preferences.ts";
import { GristmillError } from "../../../sdk/src/errors.ts";

describe("taskProperties", () => {
  it("weighs both poles of a property to 255 in all, by doublings", () => {
    expect(
      decodePreferences(taskProperties({ macs: 1n << 20n, iterations: 1_024, batches: 64, slots: 10 })),
    ).to.deep.equal({ light: 175, heavy: 80, short: 95, long: 160, littleData: 159, muchData: 96, few: 225, many: 30 });
  });

  it("stays at a pole beyond which there is nothing", () => {
    const least = taskProperties({ macs: 1n, iterations: 1, batches: 1, slots: 1 });
    expect(least).to.equal("0xff00ff00ff00fc03");
    const most = taskProperties({ macs: (1n << 64n) - 1n, iterations: 2 ** 32 - 1, batches: 2 ** 32 - 1, slots: 80 });
    expect(most).to.equal("0x00ff00ff00ff0ff0");
  });
});

describe("encodePreferences", () => {
  it("lays the weights of the poles out in order, those left out as zero", () => {
    expect(encodePreferences({ light: 1, many: 255 })).to.equal("0x01000000000000ff");
    const all = encodePreferences(Object.fromEntries(POLES.map((pole, index) => [pole, index])));
    expect(decodePreferences(all)).to.deep.equal(Object.fromEntries(POLES.map((pole, index) => [pole, index])));
  });

  it("refuses weights that are no bytes, and preferences that weigh nothing", () => {
    for (const weights of [{ heavy: -1 }, { heavy: 256 }, { heavy: 0.5 }, {}, { heavy: 0 }])
      expect(() => encodePreferences(weights), JSON.stringify(weights))
        .to.throw(GristmillError)
        .with.property("code", "PREFERENCE_INVALID");
  });
});

describe("similarity", () => {
  it("is 65,536 for the same direction, 0 for opposite poles, and a cosine between", () => {
    expect(similarity("0x0102030405060708", "0x020406080a0c0e10")).to.equal(65_536);
    expect(similarity("0xff00ff00ff00ff00", "0x00ff00ff00ff00ff")).to.equal(0);
    expect(similarity("0x0000000000000000", "0xffffffffffffffff")).to.equal(0);
    // 1 / sqrt(2)
    expect(similarity("0xff00ff00ff00ff00", "0xffffffffffffffff")).to.equal(46_340);
  });

  it("refuses what is not a vector of eight bytes", () => {
    expect(() => similarity("0x01", "0x0102030405060708"))
      .to.throw(GristmillError)
      .with.property("code", "PREFERENCE_INVALID");
  });
});
