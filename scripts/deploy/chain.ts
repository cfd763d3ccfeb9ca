import { GristmillError } from "@gristmill/sdk";
import type { EthereumProvider } from "hardhat/types/providers";

/** What tells one chain from another, also from a fresh local node under the same chain id. */
export interface ChainIdentity {
  readonly chainId: number;
  readonly genesisHash: string;
}

/** A block as far as deployment looks at it. */
interface Block {
  readonly number: string;
  readonly hash: string;
  readonly mixHash: string;
}

/** Chain ids of development nodes, on which a deployment is thrown away with the node: Hardhat's and Anvil's, Geth's. */
const DEVELOPMENT_CHAIN_IDS: ReadonlySet<number> = new Set([31_337, 1_337]);

/** Blocks compared by {@link requireRandomness}, and how far apart: some L2s take over one value for many blocks. */
const SAMPLES = 16;
const STRIDE = 16;
/** A new chain must have at least so many blocks to be judged. */
const FEWEST_SAMPLES = 4;

export function isDevelopmentChain(chainId: number): boolean {
  return DEVELOPMENT_CHAIN_IDS.has(chainId);
}

export async function identify(provider: Pick<EthereumProvider, "request">): Promise<ChainIdentity> {
  const genesis = await blockAt(provider, 0);
  return { chainId: Number(await provider.request({ method: "eth_chainId" })), genesisHash: genesis.hash };
}

export async function blockNumber(provider: Pick<EthereumProvider, "request">): Promise<number> {
  return Number(await provider.request({ method: "eth_blockNumber" }));
}

export async function hasCode(provider: Pick<EthereumProvider, "request">, address: string): Promise<boolean> {
  return (await provider.request({ method: "eth_getCode", params: [address, "latest"] })) !== "0x";
}

/**
 * Refuses a chain whose prevrandao stays the same: everyone would know the seeds of its epochs in advance, and with
 * them which tickets win. Development chains without blocks are made to mine some.
 * @throws GristmillError DEPLOY_CHAIN_TOO_YOUNG, DEPLOY_CONSTANT_RANDOMNESS
 */
export async function requireRandomness(
  provider: Pick<EthereumProvider, "request">,
  { chainId }: ChainIdentity,
): Promise<void> {
  if (isDevelopmentChain(chainId)) {
    for (let head = await blockNumber(provider); head < FEWEST_SAMPLES; head++) {
      await provider.request({ method: "evm_mine", params: [] });
    }
  }
  const head = await blockNumber(provider);
  if (head < FEWEST_SAMPLES) {
    throw new GristmillError(
      "DEPLOY_CHAIN_TOO_YOUNG",
      `Chain ${chainId} has ${head} blocks, and at least ${FEWEST_SAMPLES} are needed to see whether its prevrandao changes.`,
      { hints: ["wait for some blocks and deploy again"] },
    );
  }
  const stride = Math.max(1, Math.min(STRIDE, Math.floor(head / SAMPLES)));
  // The genesis block is left out: whoever made the chain chose its value.
  const numbers = Array.from({ length: SAMPLES }, (_, index) => head - index * stride).filter((number) => number > 0);
  const blocks = await Promise.all(numbers.map((number) => blockAt(provider, number)));
  if (new Set(blocks.map((block) => block.mixHash)).size === 1) {
    throw new GristmillError(
      "DEPLOY_CONSTANT_RANDOMNESS",
      `Chain ${chainId} has the same prevrandao, ${blocks[0]?.mixHash}, in all of ${blocks.length} blocks up to ${head}.`,
      { hints: ["deploy to a chain with a random prevrandao: Ethereum, its test networks, OP Stack chains"] },
    );
  }
}

async function blockAt(provider: Pick<EthereumProvider, "request">, number: number): Promise<Block> {
  const block = (await provider.request({
    method: "eth_getBlockByNumber",
    params: [`0x${number.toString(16)}`, false],
  })) as Block | null;
  if (block === null) {
    throw new GristmillError("DEPLOY_BLOCK_MISSING", `The node does not have block ${number}.`, {
      hints: ["use a node that serves the whole header chain"],
    });
  }
  return block;
}
