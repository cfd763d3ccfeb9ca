import { batchIndex } from "@gristmill/sdk";
import { expect } from "chai";
import { network } from "hardhat";
import type { Hex } from "viem";

import { seededRandom } from "../../sdk/fixtures/programs.ts";

describe("Schedule", () => {
  it("gives the batches that the SDK gives, for any number of batches and slots, up to the last iteration", async () => {
    const { ethers } = await network.create();
    const libraries = await ethers.deployContract("ScheduleLibrary");
    const random = seededRandom(11);
    for (let round = 0; round < 60; round++) {
      const seed = ethers.id(`seed ${round}`) as Hex;
      const batches = random(1, [1, 2, 12, 2 ** 16, 2 ** 31 - 1][round % 5]!);
      const slots = random(1, 80);
      const slot = random(0, slots - 1);
      const index = round % 7 === 0 ? 2 ** 32 - 1 : random(0, 10_000);
      expect(await libraries.batchOf(seed, batches, slots, slot, index)).to.equal(
        BigInt(batchIndex(seed, batches, slots, slot, index)),
      );
    }
  });
});
