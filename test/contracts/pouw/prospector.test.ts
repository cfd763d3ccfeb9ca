import { openTicketInput } from "@gristmill/sdk";
import { expect } from "chai";
import { network } from "hardhat";
import { pino } from "pino";
import { bytesToHex, custom, type Hex, hexToBytes, zeroHash } from "viem";
import { mnemonicToAccount } from "viem/accounts";

import { Chain } from "../../../oracle/src/chain/chain.ts";
import { contractsOf } from "../../../oracle/src/chain/contracts.ts";
import { readSchedule } from "../../../oracle/src/chain/epochs.ts";
import { loadConfig } from "../../../oracle/src/config/config.ts";
import { Prospector } from "../../../oracle/src/roles/prospector.ts";
import { createTensHasher } from "../../../oracle/src/tenshash/index.ts";
import { suiteOf } from "../helpers/deployment.ts";
import { BEACON, GRIST } from "../helpers/mint-suite.ts";

const { ethers, networkHelpers, provider } = await network.create();

const ETHER = 10n ** 18n;
const BOND = ETHER / 20n;
const MNEMONIC = "test test test test test test test test test test test junk";
const LIAR = 1;
const HONEST = 2;

type Line = Readonly<Record<string, unknown>> & { readonly event?: string };

/** One hash in 64. */
const TARGET = 2n ** 250n;

/** Epoch 0 is over. */
async function deployed() {
  const token = await ethers.deployContract("GristToken", [1_000n * GRIST, [], []]);
  const beacon = await ethers.deployContract("EpochBeacon", [BEACON]);
  const openMint = await ethers.deployContract("OpenMint", [
    token,
    beacon,
    {
      halvingEpochs: 100n,
      wantedClaims: 8n,
      moveBlocks: 10n,
      easiestTarget: TARGET,
      initialEmission: 16n * GRIST,
      bond: BOND,
    },
  ]);
  // Prospecting asks the court for the factor of deposits, and nothing else.
  const court = await ethers.deployContract("Court", [
    token,
    token,
    { moveSeconds: 1n, clockSeconds: 1n, bond: GRIST },
  ]);
  await token.appoint([openMint]);
  await networkHelpers.mineUpTo((await beacon.lastBlockOf(0n)) + BEACON.seedDelay);
  return { token, beacon, openMint, court };
}

type Deployed = Awaited<ReturnType<typeof deployed>>;

describe("Prospector", function () {
  const prospectors: Prospector[] = [];

  afterEach(async () => {
    for (const prospector of prospectors.splice(0)) await prospector.dispose();
  });

  /** A prospector with one of Hardhat's accounts, and the lines of its log. */
  async function prospector({ token, beacon, openMint, court }: Deployed, signer: number) {
    const { privateKey } = mnemonicToAccount(MNEMONIC, { addressIndex: signer }).getHdKey();
    const at = async (contract: { getAddress(): Promise<string> }) => (await contract.getAddress()) as Hex;
    const { chainId } = await ethers.provider.getNetwork();
    const chain = await Chain.connect({
      rpcUrl: "in this process",
      privateKey: bytesToHex(privateKey!),
      transport: custom(provider),
      deployment: {
        chainId: Number(chainId),
        blockNumber: 0,
        contracts: suiteOf({
          GristToken: await at(token),
          EpochBeacon: await at(beacon),
          Court: await at(court),
          OpenMint: await at(openMint),
        }),
      },
    });
    const contracts = contractsOf(chain);
    const lines: Line[] = [];
    const serializers = { error: ({ message }: Error) => message };
    const log = pino(
      { level: "debug", serializers },
      { write: (line: string) => lines.push(JSON.parse(line) as Line) },
    );
    const config = loadConfig({ hasher: "wasm", hasherThreads: 1 }, {});
    const schedule = await readSchedule(contracts);
    const made = new Prospector({ chain, contracts, config, schedule, log, signal: new AbortController().signal });
    prospectors.push(made);
    const events = (name: string) => lines.filter(({ event }) => event === name);
    return { made, events, account: chain.account.address };
  }

  async function head() {
    const { number, timestamp } = (await ethers.provider.getBlock("latest"))!;
    return { number: BigInt(number), timestamp: BigInt(timestamp) };
  }

  it("with ether and no GRIST proves the seed, claims what is lucky, and has GRIST once the window has passed", async () => {
    const scene = await networkHelpers.loadFixture(deployed);
    const { token, openMint, beacon } = scene;
    const { made, events, account } = await prospector(scene, HONEST);
    expect(await searchOn(made, events)).to.be.greaterThan(0);
    expect(await beacon.seedOf(0n)).not.to.equal(zeroHash);
    const claims = events("open-claim").length;
    expect(await openMint.claimsIn(0n)).to.deep.equal([BigInt(claims), 0n]);
    await made.attend(await head());
    expect(events("open-mint")).to.have.length(0);

    await networkHelpers.mineUpTo(await beacon.settlesAt(0n));
    // As after a restart: nothing but the chain says what was claimed.
    const again = await prospector(scene, HONEST);
    await again.made.attend(await head());
    expect(again.events("open-mint")).to.have.length(claims);
    expect(await token.balanceOf(account)).to.equal(BigInt(claims) * ((16n * GRIST) / BigInt(Math.max(8, claims))));
    expect(await ethers.provider.getBalance(openMint)).to.equal(0n);
  });

  it("waits while no epoch can be claimed, and without ether for the bond", async () => {
    const scene = await networkHelpers.loadFixture(deployed);
    const { made, events, account } = await prospector(scene, HONEST);
    expect(await made.search({ number: 3n, timestamp: 0n })).to.equal(false);
    await networkHelpers.setBalance(account, BOND);
    for (let n = 0; n < 2; n++) expect(await made.search(await head())).to.equal(false);
    expect(events("bond-missing")).to.have.length(1);
  });

  /** Searches until something was claimed. */
  async function searchOn(made: Prospector, events: (name: string) => readonly Line[]): Promise<number> {
    while (events("open-claim").length === 0) expect(await made.search(await head())).to.equal(true);
    return events("open-claim").length;
  }

  /** A false claim of the liar's, with the seed proven. */
  async function lie(scene: Deployed, honest: Prospector) {
    const { openMint, beacon } = scene;
    await honest.search(await head());
    const [liar] = (await ethers.getSigners()).slice(LIAR);
    const { chainId } = await ethers.provider.getNetwork();
    const source = { chainId, openMint: (await openMint.getAddress()) as Hex, miner: liar!.address as Hex, epoch: 0n };
    let nonce = 0n;
    const xOf = () => openTicketInput({ ...source, nonce });
    while (BigInt(ethers.keccak256(ethers.concat([zeroHash, xOf()]))) > TARGET) nonce++;
    await openMint.connect(liar).mint(nonce, zeroHash, { value: BOND });
    const hasher = await createTensHasher("wasm");
    await hasher.setSeed(hexToBytes((await beacon.seedOf(0n)) as Hex));
    const trace = await hasher.trace(hexToBytes(xOf()));
    await hasher.dispose();
    return { liar: liar!, x: xOf(), trace };
  }

  it("finds a false claim, shows a false neuron of its answer, and has half of the bond", async () => {
    const scene = await networkHelpers.loadFixture(deployed);
    const { openMint } = scene;
    const { made, events } = await prospector(scene, HONEST);
    const { liar, x, trace } = await lie(scene, made);
    await made.attend(await head());
    expect(events("open-refuted").map(({ claimId }) => claimId)).to.deep.equal([x]);
    await openMint.connect(liar).answer(x, trace);
    await made.attend(await head());
    await made.attend(await head());
    expect((await openMint.claimOf(x)).state).to.equal(5n);
    expect(Number(events("open-rewarded")[0]!["ether"])).to.be.greaterThan(0.025);
  });

  it("has a claim struck whose miner does not answer", async () => {
    const scene = await networkHelpers.loadFixture(deployed);
    const { openMint } = scene;
    const { made } = await prospector(scene, HONEST);
    const { x } = await lie(scene, made);
    await made.attend(await head());
    await networkHelpers.mineUpTo((await openMint.claimOf(x)).endsAt + 1n);
    await made.attend(await head());
    expect((await openMint.claimOf(x)).state).to.equal(5n);
  });

  it("answers whoever challenges an honest claim of its own, and keeps the bond and the deposit", async () => {
    const scene = await networkHelpers.loadFixture(deployed);
    const { openMint } = scene;
    const { made, events } = await prospector(scene, HONEST);
    await searchOn(made, events);
    const x = events("open-claim")[0]!["claimId"] as Hex;
    const [challenger] = (await ethers.getSigners()).slice(LIAR);
    await openMint.connect(challenger).challenge(x, { value: ETHER });
    await made.attend(await head());
    expect((await openMint.claimOf(x)).state).to.equal(3n);
    await networkHelpers.mineUpTo((await openMint.claimOf(x)).endsAt);
    await made.attend(await head());
    expect((await openMint.claimOf(x)).state).to.equal(4n);
    expect(await ethers.provider.getBalance(openMint)).to.equal(0n);
  });
});
