import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { type Hex, parseEther } from "viem";

import { bountyById } from "../../../oracle/src/bounties/bounty-data.ts";
import { honestWork } from "../../../oracle/src/bounties/hunter-work.ts";
import { readSchedule } from "../../../oracle/src/chain/epochs.ts";
import { loadConfig } from "../../../oracle/src/config/config.ts";
import { addStake, readStake } from "../../../oracle/src/operator/stake.ts";
import { BountyHunter } from "../../../oracle/src/roles/bounty-hunter.ts";
import { BountyJudge } from "../../../oracle/src/roles/bounty-judge.ts";
import { BountyPoster, postBounty } from "../../../oracle/src/roles/bounty-poster.ts";
import { Prospector } from "../../../oracle/src/roles/prospector.ts";
import { layersOf, specText } from "../../oracle/bounties/fixtures.ts";
import { headNow, nodeOf, SharedBlobs, type TestNode } from "./bounty-nodes.ts";
import { deployBoard, ethers, GRIST, networkHelpers, Stage } from "./bounty-scene.ts";

const POSTER = 1;
const HUNTER = 2;
const JUDGE = 7;
/** Of all accounts with ether, one that nobody has sent GRIST. */
const NEWCOMER = 12;

const FIRST_STAKE = parseEther("5");
const MODEL = layersOf();
const DURATIONS = "durations: { entry: 1000, unsealing: 1, announcing: 1, reveal: 1000, vote: 1000, opening: 1000 }";

/** The board, beside an open mint where one hash in 64 is lucky. */
async function deployed() {
  const suite = await deployBoard();
  const openMint = await ethers.deployContract("OpenMint", [
    suite.token,
    suite.beacon,
    {
      halvingEpochs: 100n,
      wantedClaims: 2n,
      moveBlocks: 10n,
      easiestTarget: 2n ** 250n,
      initialEmission: 16n * GRIST,
      bond: parseEther("0.05"),
    },
  ]);
  // Prospecting asks the court for the factor of deposits, and nothing else.
  const times = { moveSeconds: 1n, clockSeconds: 1n, bond: GRIST };
  const court = await ethers.deployContract("Court", [suite.token, suite.token, times]);
  await suite.token.appoint([openMint]);
  return { ...suite, openMint, court };
}

describe("a newcomer with ether and no GRIST", function () {
  this.timeout(120_000);
  const blobs = new SharedBlobs();
  const nodes: TestNode[] = [];
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-newcomer-"));
  });

  after(() => {
    for (const node of nodes) node.database.close();
    rmSync(folder, { recursive: true });
  });

  it("mines its first stake, wins a bounty with it, and posts its own job, for which it is handed a model", async () => {
    const suite = await networkHelpers.loadFixture(deployed);
    const start = async (signer: number): Promise<TestNode> => {
      const node = await nodeOf(suite, signer, folder, blobs);
      nodes.push(node);
      return node;
    };
    const [newcomer, established] = [await start(NEWCOMER), await start(POSTER)];
    const [hunter, judge] = [await start(HUNTER), await start(JUDGE)];
    const held = async () => {
      const { free, locked, wallet } = await readStake(newcomer, newcomer.account);
      return { free, locked, wallet };
    };
    expect(await held()).to.deep.equal({ free: 0n, locked: 0n, wallet: 0n });

    await prospect(newcomer);
    await addStake(newcomer, FIRST_STAKE);
    const { free, wallet } = await held();
    expect(free).to.equal(FIRST_STAKE);

    const prize = parseEther("20");
    await runBounty({ poster: established, amount: "20", hunter: newcomer, judge });
    expect(await held()).to.deep.equal({ free: FIRST_STAKE, locked: 0n, wallet: wallet + prize });

    const before = await suite.token.balanceOf(hunter.account);
    await runBounty({ poster: newcomer, amount: "15", hunter, judge });
    expect((await suite.token.balanceOf(hunter.account)) - before).to.equal(parseEther("15"));
    const [model] = newcomer.lines.filter(({ event }) => event === "bounty-model");
    expect(model?.["loss"]).to.be.a("number");
    // A tenth of the bounty pays who voted.
    expect(await held()).to.deep.equal({ free: FIRST_STAKE, locked: 0n, wallet: wallet + prize - parseEther("16.5") });
  });

  /** Hashes until something is lucky, claims it, and collects once the claim's window has passed. */
  async function prospect(node: TestNode): Promise<void> {
    const { openMint } = node.contracts;
    const config = loadConfig({ hasher: "wasm", hasherThreads: 1, dataDir: node.config.dataDir }, {});
    const prospector = new Prospector({ ...node, config, schedule: await readSchedule(node.contracts) });
    const claims = () => node.lines.filter(({ event }) => event === "open-claim");
    try {
      await toEpochStart(node);
      while (claims().length === 0) expect(await prospector.search(await headNow())).to.equal(true);
      const { epoch } = await openMint.read.claimOf([claims()[0]!["claimId"] as Hex]);
      await networkHelpers.mineUpTo(await node.contracts.beacon.read.settlesAt([epoch]));
      await prospector.attend(await headNow());
    } finally {
      await prospector.dispose();
    }
  }

  /** So that what is found can be claimed for many blocks. */
  async function toEpochStart({ contracts }: TestNode): Promise<void> {
    const { number } = await headNow();
    const epoch = await contracts.beacon.read.epochAt([number]);
    const [lastBlock, seedDelay] = [
      await contracts.beacon.read.lastBlockOf([epoch]),
      await contracts.beacon.read.seedDelay(),
    ];
    await networkHelpers.mineUpTo(lastBlock + BigInt(seedDelay));
  }

  /** One hunter, one judge with the majority of the pool. */
  async function runBounty(parties: {
    readonly poster: TestNode;
    readonly amount: string;
    readonly hunter: TestNode;
    readonly judge: TestNode;
  }): Promise<void> {
    const { poster, amount } = parties;
    const file = join(folder, `${amount}.yaml`);
    writeFileSync(
      file,
      specText(MODEL, DURATIONS).replace("bounty: 100, entry-stake: 30", `bounty: ${amount}, entry-stake: 5`),
    );
    const bountyId = await postBounty(poster, file);
    const skipStage = async (): Promise<void> => {
      const { stageEndsAt } = await poster.contracts.bounties.read.bountyOf([bountyId]);
      await networkHelpers.time.increaseTo(stageEndsAt);
    };
    const hunter = new BountyHunter(parties.hunter, honestWork({ epochs: 3, learningRate: 0.01 }), [bountyId]);
    const judge = new BountyJudge(parties.judge);
    const look = async (...who: readonly { look(head: Awaited<ReturnType<typeof headNow>>): Promise<unknown> }[]) => {
      for (const party of who) await party.look(await headNow());
    };
    await look(hunter);
    await hunter.idle();
    await look(hunter);
    await skipStage();
    await look(hunter, judge);
    await skipStage();
    await look(judge);
    const attended = new BountyPoster(poster, await bountyById(poster, bountyId));
    expect(await attended.look(await headNow())).to.equal(true);
    await look(hunter);
    expect(BigInt((await poster.contracts.bounties.read.bountyOf([bountyId])).stage)).to.equal(Stage.Paid);
  }
});
