import { addKeys, blsKeyOf, blsSign, blsVerify, hashToG1 } from "@gristmill/sdk";
import { expect } from "chai";
import { network } from "hardhat";
import type { Hex } from "viem";
import { concatHex, stringToHex } from "viem";

import { mutable } from "../tasks/log-scene.ts";

const { ethers } = await network.create();
const library = await ethers.deployContract("BlsLibrary");

/** RFC 9380, J.9.1: BLS12381G1_XMD:SHA-256_SSWU_RO_. */
const CURVE_TAG = "QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_";
const CURVE_VECTORS = [
  {
    message: "",
    x: "052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e79a1",
    y: "08ba738453bfed09cb546dbb0783dbb3a5f1f566ed67bb6be0e8c67e2e81a4cc68ee29813bb7994998f3eae0c9c6a265",
  },
  {
    message: "abc",
    x: "03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3aee664ba5379a7655d3c68900be2f6903",
    y: "0b9c15f3fe6e5cf4211f346271d7b01c8f3b28be689c8429c85b67af215533311f0b8dfaaa154fa6b88176c229f2885d",
  },
];

/** RFC 9380, K.1: expand_message_xmd(SHA-256), 128 bytes of the empty message. */
const EXPANDER_TAG = "QUUX-V01-CS02-with-expander-SHA256-128";
const EXPANDED =
  "0xaf84c27ccfd45d41914fdff5df25293e221afc53d8ad2ac06d5e3e29485dadbee0d121587713a3e0dd4d5e69e93eb7cd4f5df4cd103e188cf60cb02edc3edf18eda8576c412b18ffb658e3dd6ec849469b979d444cf7b26911a08e63cf31f9dcc541708d3491184472c2c29bb749d4286b004ceb5ee6b9a7fa5b646c993f0ced";

describe("Bls12381", () => {
  it("finds the precompiles of EIP-2537 where they are, and not where they are not", async () => {
    expect(await library.available()).to.equal(true);
    const before = await network.create({ override: { hardfork: "cancun" } });
    const lacking = await before.ethers.deployContract("BlsLibrary");
    expect(await lacking.available()).to.equal(false);
  });

  it("hashes to G1 as RFC 9380 has it", async () => {
    for (const { message, x, y } of CURVE_VECTORS) {
      const { words } = await library.hashToG1(stringToHex(message), stringToHex(CURVE_TAG));
      expect(concatHex([...words] as Hex[])).to.equal(`0x${"0".repeat(32)}${x}${"0".repeat(32)}${y}`);
    }
  });

  it("expands messages as RFC 9380 has it", async () => {
    const expanded = await library.expandMessage("0x", stringToHex(EXPANDER_TAG));
    expect(concatHex([...expanded] as Hex[])).to.equal(EXPANDED);
  });

  it("equals noble over messages and tags of many lengths", async () => {
    for (let length = 0; length < 140; length += 23) {
      const message = Uint8Array.from({ length }, (_, i) => (i * 41 + length) % 256);
      const tag = "t".repeat(1 + ((length * 7) % 255));
      expect((await library.hashToG1(message, stringToHex(tag))).words).to.deep.equal(hashToG1(message, tag).words);
    }
  });

  it("adds keys as noble does, infinity too", async () => {
    const keys = ["a", "b"].map((name) => blsKeyOf(ethers.id(name) as Hex).public);
    const infinity = addKeys([]);
    for (const [a, b] of [keys, [keys[0]!, infinity], [infinity, infinity], [keys[0]!, keys[0]!]]) {
      const sum = await library.add(mutable(a!), mutable(b!));
      expect(sum.words).to.deep.equal(addKeys([a!, b!]).words);
    }
  });

  it("says of a signature what noble says: right ones, of others, of other messages, of no points", async () => {
    const tag = stringToHex("BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_");
    const [mine, other] = ["a", "b"].map((name) => blsKeyOf(ethers.id(name) as Hex));
    const [digest, another] = ["x", "y"].map((name) => ethers.id(name) as Hex);
    const signature = blsSign(mine!, digest!);
    const broken = { words: [...signature.words.slice(0, 3), ethers.id("no y")] } as unknown as typeof signature;
    for (const [key, signed, message, isRight] of [
      [mine, signature, digest, true],
      [other, signature, digest, false],
      [mine, signature, another, false],
      [mine, blsSign(other!, digest!), digest, false],
      [mine, broken, digest, false],
    ] as const) {
      expect(blsVerify(key!.public, signed, message!)).to.equal(isRight);
      expect(await library.verify(mutable(key!.public), mutable(signed), message!, tag)).to.equal(isRight);
    }
  });
});
