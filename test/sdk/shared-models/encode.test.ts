import { expect } from "chai";

import {
  encode,
  encodeFixedPoint,
  encodeIdentity,
  encodeTokenHashes,
  encodeUnitNorm,
  encodeVocabulary,
  GristmillError,
  murmurHash3,
} from "../../../sdk/src/index.ts";

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof GristmillError) return error.code;
    throw error;
  }
  return "none";
}

describe("murmurHash3", () => {
  // The verification values of the reference's many ports, and two of upstream's own.
  for (const [input, seed, expected] of [
    ["", 0, 0],
    ["", 1, 0x514e28b7],
    ["", 0xffffffff, 0x81f16f39],
    ["test", 0, 0xba6bd213],
    ["test", 0x9747b28c, 0x704b81dc],
    ["Hello, world!", 0, 0xc0363e43],
    ["Hello, world!", 0x9747b28c, 0x24884cba],
    ["The quick brown fox jumps over the lazy dog", 0, 0x2e4ff723],
    ["The quick brown fox jumps over the lazy dog", 0x9747b28c, 0x2fa826cd],
    ["hey", 0, 318_325_784],
    ["blockchain", 0, 3_905_957_473],
  ] as const) {
    it(`gives ${JSON.stringify(input)} with seed ${seed} its published hash`, () => {
      expect(murmurHash3(input, seed)).to.equal(expected);
    });
  }

  it("reads bytes as they are, with every length of the tail and with highest bits set", () => {
    expect(murmurHash3(Uint8Array.of(0xff, 0xff, 0xff, 0xff))).to.equal(0x76293b50);
    expect(murmurHash3(Uint8Array.of(0x21, 0x43, 0x65, 0x87))).to.equal(0xf55b516b);
    expect(murmurHash3(Uint8Array.of(0x21, 0x43, 0x65, 0x87), 0x5082edee)).to.equal(0x2362f9de);
    expect(murmurHash3(Uint8Array.of(0x21, 0x43, 0x65))).to.equal(0x7e4a8634);
    expect(murmurHash3(Uint8Array.of(0x21, 0x43))).to.equal(0xa0f7b07a);
    expect(murmurHash3(Uint8Array.of(0x21))).to.equal(0x72661cf4);
    expect(murmurHash3(Uint8Array.of(0, 0, 0, 0))).to.equal(0x2362f9de);
  });
});

describe("encoders", () => {
  it("pass integers of 64 bits on, and nothing else", () => {
    expect(encodeIdentity([1, -2, 2n ** 63n - 1n])).to.deep.equal([1n, -2n, 2n ** 63n - 1n]);
    for (const value of [0.5, Number.NaN, 2n ** 63n, 2 ** 60]) {
      expect(codeOf(() => encodeIdentity([value]))).to.equal("ENCODING_RANGE");
    }
  });

  it("multiply by 1e9 and round, and refuse what 64 bits cannot hold", () => {
    expect(encodeFixedPoint([1, -0.25, 1e-9, 0.4e-9])).to.deep.equal([1_000_000_000n, -250_000_000n, 1n, 0n]);
    for (const value of [1e10, Number.POSITIVE_INFINITY, Number.NaN]) {
      expect(codeOf(() => encodeFixedPoint([value]))).to.equal("FIXED_POINT_RANGE");
    }
  });

  it("stretch vectors to a norm that the dense classifiers accept, whatever their size", () => {
    for (const values of [
      [3, 4],
      [1e-200, -1e-200],
      [1e200, 2e200, -3e200],
      Array.from({ length: 2_048 }, (_, index) => Math.sin(index)),
    ]) {
      const sum = encodeUnitNorm(values).reduce((total, value) => total + value * value, 0n);
      const distance = sum - 10n ** 18n;
      expect(distance < 0n ? -distance : distance).to.satisfy((value: bigint) => value < 10n ** 11n);
    }
    expect(encodeUnitNorm([3, 4])).to.deep.equal([600_000_000n, 800_000_000n]);
    expect(codeOf(() => encodeUnitNorm([0, 0]))).to.equal("ENCODING_NO_DIRECTION");
    expect(codeOf(() => encodeUnitNorm([1, Number.NaN]))).to.equal("ENCODING_RANGE");
  });

  it("give each word of a text its index, ascending and once, however often it occurs", () => {
    const vocabulary = { the: 0, film: 7, was: 2, good: 5 };
    expect(encodeVocabulary("The film  was THE good film", vocabulary)).to.deep.equal([0n, 2n, 5n, 7n]);
    expect(encodeVocabulary("the toString", vocabulary)).to.deep.equal([0n, 1337n]);
    expect(encodeVocabulary("the unknown", vocabulary, null)).to.deep.equal([0n]);
    expect(encodeVocabulary(" ", vocabulary)).to.deep.equal([]);
  });

  it("hash each word to an ascending index, into fewer features where asked to", () => {
    expect(encodeTokenHashes("Blockchain hey HEY")).to.deep.equal([318_325_784n, 3_905_957_473n]);
    expect(encodeTokenHashes("blockchain hey", 1_000)).to.deep.equal([473n, 784n]);
  });

  it("are found by the name that a trainer has on-chain, in any capitals", () => {
    expect(encode("NONE", [1])).to.deep.equal([1n]);
    expect(encode("multiply by 1e9, then round", [1])).to.deep.equal([1_000_000_000n]);
    expect(encode("unit norm", [2])).to.deep.equal([1_000_000_000n]);
    expect(encode("murmurhash3", "hey")).to.deep.equal([318_325_784n]);
    expect(encode("IMDB vocab", "a b", { vocabulary: { a: 3 } })).to.deep.equal([3n, 1337n]);
    expect(codeOf(() => encode("MobileNetV2", [1]))).to.equal("ENCODER_UNKNOWN");
    expect(codeOf(() => encode("IMDB vocab", "a"))).to.equal("ENCODER_NO_VOCABULARY");
    expect(codeOf(() => encode("MurmurHash3", [1]))).to.equal("ENCODER_INPUT");
    expect(codeOf(() => encode("none", "a"))).to.equal("ENCODER_INPUT");
  });
});
