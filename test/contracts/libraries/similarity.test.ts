import { rankOf, similarity, taskProperties } from "@gristmill/sdk";
import { expect } from "chai";
import { network } from "hardhat";
import type { Address, Hex } from "viem";

import { seededRandom } from "../../sdk/fixtures/programs.ts";

describe("Similarity", () => {
  it("gives the properties, cosines and ranks that the SDK gives, at the bounds too", async () => {
    const { ethers } = await network.create();
    const library = await ethers.deployContract("SimilarityLibrary");
    const random = seededRandom(21);
    const vector = (most: number): Hex =>
      ethers.hexlify(Uint8Array.from({ length: 8 }, () => (random(0, 2) === 0 ? most : random(0, most)))) as Hex;
    for (let round = 0; round < 80; round++) {
      const shape = {
        macs: BigInt(random(1, 2 ** 31)) ** 2n,
        iterations: random(1, [1, 2, 100, 2 ** 16, 2 ** 31][round % 5]!),
        batches: random(1, [2 ** 31, 2 ** 17, 3, 2, 1][round % 5]!),
        slots: random(1, 80),
      };
      const properties = taskProperties(shape);
      expect(await library.propertiesOf(shape.macs, shape.iterations, shape.batches, shape.slots)).to.equal(properties);

      const preferences = vector([0, 1, 255, 255, 7][round % 5]!);
      const cosine = similarity(preferences, properties);
      expect(await library.cosine(preferences, properties)).to.equal(BigInt(cosine));
      const other = vector(255);
      expect(await library.cosine(preferences, other)).to.equal(BigInt(similarity(preferences, other)));
      expect(await library.cosine(other, other)).to.equal(65_536n);

      const application = {
        seed: ethers.id(`seed ${round}`) as Hex,
        role: round % 3,
        owner: ethers.getAddress(ethers.dataSlice(ethers.id(`owner ${round}`), 12)) as Address,
      };
      const { seed, role, owner } = application;
      expect(await library.rankOf(seed, role, owner, cosine)).to.equal(rankOf(application, preferences, properties));
    }
  });
});
