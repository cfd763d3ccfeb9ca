import { GristmillError } from "@gristmill/sdk";
import { expect } from "chai";
import type { EthereumProvider } from "hardhat/types/providers";

import { requireRandomness } from "../../../scripts/deploy/chain.ts";

/** A chain of `head` blocks after the genesis block, with the given prevrandao in each. */
function chainOf(head: number, prevrandao: (block: number) => number): EthereumProvider {
  const request = ({ method, params }: { method: string; params: readonly string[] }) => {
    if (method === "eth_blockNumber") return Promise.resolve(`0x${head.toString(16)}`);
    const number = Number(params[0]);
    return Promise.resolve({ number: params[0], hash: "0x", mixHash: `0x${prevrandao(number).toString(16)}` });
  };
  return { request } as unknown as EthereumProvider;
}

async function codeOf(check: Promise<void>): Promise<string> {
  return check.then(
    () => "passed",
    (error: unknown) => (error instanceof GristmillError ? error.code : String(error)),
  );
}

const PUBLIC = { chainId: 42_161, genesisHash: "0x" };

describe("requireRandomness", () => {
  it("refuses a chain with the same prevrandao in all blocks", async () => {
    const constant = chainOf(1_000_000, () => 1);
    expect(await codeOf(requireRandomness(constant, PUBLIC))).to.equal("DEPLOY_CONSTANT_RANDOMNESS");
  });

  it("does not take a genesis block with another value for randomness", async () => {
    const constant = chainOf(10, (block) => (block === 0 ? 7 : 1));
    expect(await codeOf(requireRandomness(constant, PUBLIC))).to.equal("DEPLOY_CONSTANT_RANDOMNESS");
  });

  it("accepts a rollup that takes over its base chain's prevrandao for many blocks in a row", async () => {
    const rollup = chainOf(1_000_000, (block) => 1_000 + Math.floor(block / 60));
    expect(await codeOf(requireRandomness(rollup, PUBLIC))).to.equal("passed");
  });

  it("refuses a public chain that is too young to judge", async () => {
    const young = chainOf(2, (block) => block);
    expect(await codeOf(requireRandomness(young, PUBLIC))).to.equal("DEPLOY_CHAIN_TOO_YOUNG");
  });
});
