import { createCipheriv } from "node:crypto";

import { chacha20 } from "@noble/ciphers/chacha.js";
import { expect } from "chai";
import { network } from "hardhat";

import { type Random, seededRandom } from "../../sdk/fixtures/programs.ts";

const { ethers } = await network.create();

describe("ChaCha20", () => {
  const libraries = ethers.deployContract("TensHashLibrary");

  async function block(key: Uint8Array, nonce: Uint8Array, counter: number): Promise<string> {
    const [first, second] = await (await libraries).keystream(key, nonce, counter);
    return ethers.concat([first, second]);
  }

  /** Sections 2.3.2 and A.1 of RFC 8439: key, nonce, counter, keystream. */
  const RFC: readonly (readonly [key: string, nonce: string, counter: number, block: string])[] = [
    [
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
      "000000090000004a00000000",
      1,
      "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e" +
        "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e",
    ],
    [
      "00".repeat(32),
      "00".repeat(12),
      0,
      "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7" +
        "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586",
    ],
    [
      "00".repeat(31) + "01",
      "00".repeat(12),
      1,
      "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a" +
        "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0",
    ],
    [
      "00ff" + "00".repeat(30),
      "00".repeat(12),
      2,
      "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca" +
        "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096",
    ],
  ];

  it("meets the test vectors of RFC 8439", async () => {
    for (const [key, nonce, counter, expected] of RFC) {
      expect(await block(ethers.getBytes(`0x${key}`), ethers.getBytes(`0x${nonce}`), counter)).to.equal(
        `0x${expected}`,
      );
    }
  });

  it("equals noble's keystream for random keys, nonces and counters", async () => {
    const random = seededRandom(8439);
    for (let i = 0; i < 60; i++) {
      const [key, nonce, counter] = [bytes(random, 32), bytes(random, 12), random(0, 2 ** 32 - 2)];
      const expected = chacha20(key, nonce, new Uint8Array(64), undefined, counter);
      expect(await block(key, nonce, counter)).to.equal(ethers.hexlify(expected));
    }
  });

  it("equals OpenSSL's last block, which noble does not give", async () => {
    const random = seededRandom(2 ** 32);
    const ones = [new Uint8Array(32).fill(255), new Uint8Array(12).fill(255)] as const;
    for (const [key, nonce] of [ones, [bytes(random, 32), bytes(random, 12)] as const]) {
      const cipher = createCipheriv("chacha20", key, Uint8Array.of(255, 255, 255, 255, ...nonce));
      const expected = cipher.update(new Uint8Array(64));
      expect(await block(key, nonce, 2 ** 32 - 1)).to.equal(ethers.hexlify(expected));
    }
  });
});

function bytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random(0, 255));
}
