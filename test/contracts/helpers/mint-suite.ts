import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { NetworkConnection } from "hardhat/types/network";

import { headerOf } from "./header.ts";

export const GRIST = 10n ** 18n;

/** Short windows, all different, so that a mixed-up one shows. */
export const BEACON = {
  epochBlocks: 40n,
  seedDelay: 4n,
  provingWindow: 8n,
  attestationBlocks: 5n,
  attestationRounds: 2n,
  challengeBlocks: 6n,
};

/** Every ticket is lucky, and an iteration of 1,000 multiply-accumulates has four of them. */
export const MINT = {
  macsPerTicket: 250n,
  halvingEpochs: 10n,
  wantedClaims: 4n,
  verifierShareBps: 2_000n,
  verifiersPerClaim: 2n,
  initialTarget: 2n ** 256n - 1n,
  initialEmission: 90n * GRIST,
  maxPerTicket: 60n * GRIST,
};

export const MINIMUM_WEIGHT = 10n * GRIST;
export const UNBONDING_DELAY = 3_600n;

/** What {@link deployMintSuite} replaces of the parameters above. */
export interface MintSuiteOptions {
  readonly beacon?: Partial<typeof BEACON>;
  readonly mint?: Partial<typeof MINT>;
  readonly cap?: bigint;
  /** GRIST wei that the verifiers enlist with, one for each. */
  readonly weights?: readonly bigint[];
}

export type MintSuite = Awaited<ReturnType<typeof deployMintSuite>>;

/** The mint and all that it needs, with a double in the place of the TaskRegistry, wired, in epoch 0. */
export async function deployMintSuite(connection: NetworkConnection, options: MintSuiteOptions = {}) {
  const { ethers, networkHelpers, provider } = connection;
  const [deployer, owner, operator, stranger, ...others] = await ethers.getSigners();
  const weights = options.weights ?? [10n * GRIST, 20n * GRIST, 30n * GRIST];
  const verifiers = others.slice(0, weights.length);
  const verifierOperators = others.slice(weights.length, 2 * weights.length);
  const rich = [deployer!, stranger!, ...verifiers];

  const token = await ethers.deployContract("GristToken", [
    options.cap ?? 1_000_000n * GRIST,
    rich.map(({ address }) => address),
    rich.map(() => 1_000n * GRIST),
  ]);
  const beacon = await ethers.deployContract("EpochBeacon", [{ ...BEACON, ...options.beacon }]);
  const stakes = await ethers.deployContract("StakeManager", [token, UNBONDING_DELAY]);
  const pool = await ethers.deployContract("VerifierPool", [stakes, beacon, MINIMUM_WEIGHT]);
  const registry = await ethers.deployContract("RegistryDouble");
  const mint = await ethers.deployContract("WorkMint", [token, registry, beacon, pool, { ...MINT, ...options.mint }]);
  await token.appoint([mint]);
  await stakes.wire([registry, pool]);

  for (const [index, verifier] of verifiers.entries()) {
    await stakeFor(verifier, weights[index]!);
    await pool.connect(verifier).enlist(weights[index]!, verifierOperators[index]!);
  }

  async function stakeFor(account: HardhatEthersSigner, amount: bigint): Promise<void> {
    await token.connect(account).approve(stakes, amount);
    await stakes.connect(account).stake(amount);
  }

  /** Mines so that the next transaction is in block `blockNumber`. */
  async function nextBlockIs(blockNumber: bigint): Promise<void> {
    const blocks = blockNumber - 1n - BigInt(await ethers.provider.getBlockNumber());
    if (blocks !== 0n) await networkHelpers.mine(blocks);
  }

  /** Mines into the epoch, unless it has begun. */
  async function enterEpoch(epoch: bigint): Promise<void> {
    if ((await beacon.currentEpoch()) !== epoch)
      await networkHelpers.mineUpTo((await beacon.lastBlockOf(epoch - 1n)) + 1n);
  }

  /** Proves the epoch's seed in the first block in which that is possible, and returns it. */
  async function proveSeed(epoch: bigint): Promise<string> {
    const seedBlock = (await beacon.lastBlockOf(epoch)) + (await beacon.seedDelay());
    await nextBlockIs(seedBlock + 1n);
    await beacon.proveSeed(epoch, await headerOf(provider, seedBlock));
    return beacon.seedOf(epoch);
  }

  return {
    connection,
    ethers,
    token,
    beacon,
    stakes,
    pool,
    registry,
    mint,
    deployer: deployer!,
    owner: owner!,
    operator: operator!,
    stranger: stranger!,
    verifiers,
    verifierOperators,
    stakeFor,
    nextBlockIs,
    enterEpoch,
    proveSeed,
  };
}
