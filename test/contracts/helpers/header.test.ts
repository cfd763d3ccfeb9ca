import { expect } from "chai";
import { network } from "hardhat";

import { headerOf } from "./header.ts";

describe("headerOf", () => {
  it("gives bytes whose keccak256 is the block's hash on Hardhat's chain", async () => {
    const { ethers, provider, networkHelpers } = await network.create();
    await networkHelpers.mine(300);
    const block = await ethers.provider.getBlock(300);
    expect(ethers.keccak256(await headerOf(provider, 300n))).to.equal(block?.hash);
  });
});
