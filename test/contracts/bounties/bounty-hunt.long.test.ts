import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { decodeBatchSet, decodeLoss, parseBountySpec } from "@gristmill/sdk";
import { expect } from "chai";
import { parseEther, type Hex } from "viem";

import { bountyById } from "../../../oracle/src/bounties/bounty-data.ts";
import { honestWork, type HunterWork } from "../../../oracle/src/bounties/hunter-work.ts";
import { scoreModel } from "../../../oracle/src/bounties/layers-model.ts";
import { decodeModelFile } from "../../../oracle/src/bounties/model-file.ts";
import { BountyJobs } from "../../../oracle/src/bounties/jobs.ts";
import { hunterReport } from "../../../oracle/src/bounties/node-report.ts";
import { configuredPolicy, PolicyStore } from "../../../oracle/src/bounties/policy.ts";
import { bountiesOf } from "../../../oracle/src/operator/bounties.ts";
import { BountyHunter } from "../../../oracle/src/roles/bounty-hunter.ts";
import { BountyJudge } from "../../../oracle/src/roles/bounty-judge.ts";
import { BountyPoster, postBounty } from "../../../oracle/src/roles/bounty-poster.ts";
import { layersOf, specText } from "../../oracle/bounties/fixtures.ts";
import { headNow, nodeOf, SharedBlobs, type TestNode } from "./bounty-nodes.ts";
import { deployBoard, networkHelpers, Stage, type Suite } from "./bounty-scene.ts";

const POSTER = 1;
const HUNTERS = { hasty: 2, steady: 3, thorough: 4 } as const;
const JUDGES = [6, 7] as const;
const LIAR = 8;

const MODEL = layersOf("{ class: Dense, units: 12, activation: relu }");
const DURATIONS =
  "durations: { entry: 1000, unsealing: 1000, announcing: 1000, reveal: 1000, vote: 1000, opening: 1000 }";

/** Trains as the hasty do, and says that its model makes no error. */
const lying: HunterWork = { ...honestWork({ epochs: 1, learningRate: 0.01, seed: 4 }), announce: () => 0 };

describe("a bounty, from its posting to its payment", function () {
  this.timeout(120_000);
  let folder: string;
  let blobs: SharedBlobs;
  const nodes: TestNode[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-bounty-"));
    blobs = new SharedBlobs();
  });

  afterEach(() => {
    for (const node of nodes.splice(0)) node.database.close();
    rmSync(folder, { recursive: true });
  });

  async function start(suite: Suite, signer: number, policy = {}): Promise<TestNode> {
    const node = await nodeOf(suite, signer, folder, blobs, policy);
    nodes.push(node);
    return node;
  }

  async function post(suite: Suite, more: string): Promise<{ node: TestNode; bountyId: Hex; poster: BountyPoster }> {
    const node = await start(suite, POSTER);
    const file = join(folder, "bounty.yaml");
    writeFileSync(file, specText(MODEL, more));
    const bountyId = await postBounty(node, file);
    return { node, bountyId, poster: new BountyPoster(node, await bountyById(node, bountyId)) };
  }

  async function skipStage(node: TestNode, bountyId: Hex): Promise<void> {
    const { stageEndsAt } = await node.contracts.bounties.read.bountyOf([bountyId]);
    await networkHelpers.time.increaseTo(stageEndsAt);
  }

  async function endSealing(node: TestNode, bountyId: Hex): Promise<void> {
    const { stage } = await node.contracts.bounties.read.bountyOf([bountyId]);
    if (BigInt(stage) === Stage.Vote) await skipStage(node, bountyId);
  }

  it("pays the best of three strategies, and strikes and bans one that lies", async () => {
    const suite = await networkHelpers.loadFixture(deployBoard);
    const { node, bountyId, poster } = await post(suite, DURATIONS);
    const strategies = { hasty: 1, steady: 8, thorough: 40 } as const;
    const hunters: { hunter: BountyHunter; node: TestNode }[] = [];
    for (const [name, epochs] of Object.entries(strategies)) {
      const own = await start(suite, HUNTERS[name as keyof typeof HUNTERS]);
      hunters.push({ node: own, hunter: new BountyHunter(own, honestWork({ epochs, learningRate: 0.01, seed: 3 })) });
    }
    const liar = await start(suite, LIAR);
    hunters.push({ node: liar, hunter: new BountyHunter(liar, lying) });
    const judges: BountyJudge[] = [];
    for (const signer of JUDGES) judges.push(new BountyJudge(await start(suite, signer)));
    const best = hunters[2]!.node;
    const before = await suite.token.balanceOf(best.account);

    await lookAll(hunters.map(({ hunter }) => hunter));
    for (const { hunter } of hunters) await hunter.idle();
    await lookAll(hunters.map(({ hunter }) => hunter));
    await skipStage(node, bountyId);
    let isOver = false;
    for (let looks = 0; looks < 8 && !isOver; looks++) {
      await lookAll([...hunters.map(({ hunter }) => hunter), ...judges]);
      await endSealing(node, bountyId);
      isOver = await poster.look(await headNow());
    }
    await lookAll(hunters.map(({ hunter }) => hunter));

    const { bounties, stake } = node.contracts;
    const view = await bounties.read.bountyOf([bountyId]);
    expect([BigInt(view.stage), view.entryCount, view.struck]).to.deep.equal([Stage.Paid, 4, 1]);
    expect(await bounties.read.isBanned([liar.account])).to.equal(true);
    expect(await stake.read.freeOf([liar.account])).to.equal(parseEther("470"));
    // Nobody else announced better, and the money has arrived.
    const ranked = await ranking(node, bountyId);
    expect(ranked).to.have.length(3);
    expect(ranked[0]!.owner).to.equal(best.account);
    expect((await suite.token.balanceOf(best.account)) - before).to.equal(parseEther("100"));
    for (const { node: honest } of hunters.slice(0, 3))
      expect(await stake.read.freeOf([honest.account])).to.equal(parseEther("500"));
    await expectModel(node, bountyId, decodeLoss(ranked[0]!.loss));
  });

  it("with a sealed scoring set announces after the poster has unsealed it, and pays as well", async () => {
    const suite = await networkHelpers.loadFixture(deployBoard);
    const { node, bountyId, poster } = await post(suite, `scoring: { set: sealed }\n${DURATIONS}`);
    const hunter = new BountyHunter(
      await start(suite, HUNTERS.thorough),
      honestWork({ epochs: 40, learningRate: 0.01 }),
    );
    const judge = new BountyJudge(await start(suite, JUDGES[1]));
    await lookAll([hunter]);
    await hunter.idle();
    await skipStage(node, bountyId);
    await lookAll([poster, hunter]);
    await skipStage(node, bountyId);
    await lookAll([hunter, judge]);
    await skipStage(node, bountyId);
    await lookAll([judge]);
    expect(await poster.look(await headNow())).to.equal(true);
    expect(BigInt((await node.contracts.bounties.read.bountyOf([bountyId])).stage)).to.equal(Stage.Paid);
    await expectModel(node, bountyId, decodeLoss((await ranking(node, bountyId))[0]!.loss));
  });

  async function lookAll(parties: readonly { look(head: Awaited<ReturnType<typeof headNow>>): Promise<unknown> }[]) {
    for (const party of parties) await party.look(await headNow());
  }

  /** The poster has a model on its disk, and the test computes the very loss that was announced. */
  async function expectModel({ config }: TestNode, bountyId: Hex, announced: number): Promise<void> {
    const model = decodeModelFile(new Uint8Array(readFileSync(join(config.dataDir, "models", bountyId, "model.bin"))));
    const scoringSet = new Uint8Array(readFileSync(join(config.dataDir, `scoring-set-${bountyId}.bin`)));
    const spec = parseBountySpec(specText(MODEL));
    const { loss, accuracy } = await scoreModel(spec, model, decodeBatchSet(scoringSet));
    expect(Math.abs(loss - announced)).to.be.lessThan(spec.scoring.tolerance);
    expect(accuracy > 0.5).to.equal(true);
  }

  it("goes on where a hunter is killed after each look, without a second entry", async () => {
    const suite = await networkHelpers.loadFixture(deployBoard);
    const { node, bountyId } = await post(suite, DURATIONS);
    const own = await start(suite, HUNTERS.steady);
    const work = honestWork({ epochs: 1, seed: 1 });
    const first = new BountyHunter(own, work);
    await first.look(await headNow());
    await first.idle();
    await new BountyHunter(own, work).look(await headNow());
    await skipStage(node, bountyId);
    for (let looks = 0; looks < 2; looks++) await new BountyHunter(own, work).look(await headNow());
    const view = await node.contracts.bounties.read.bountyOf([bountyId]);
    expect([BigInt(view.stage), view.entryCount]).to.deep.equal([Stage.Vote, 1]);
  });

  it("goes on where a judge is killed after each look: it opens what it sealed, once, and has its bond and pay", async () => {
    const suite = await networkHelpers.loadFixture(deployBoard);
    const { node, bountyId } = await post(suite, DURATIONS);
    const own = await start(suite, HUNTERS.steady);
    const hunter = new BountyHunter(own, honestWork({ epochs: 1, seed: 1 }));
    await hunter.look(await headNow());
    await hunter.idle();
    await hunter.look(await headNow());
    await skipStage(node, bountyId);
    await hunter.look(await headNow());
    const judge = await start(suite, JUDGES[1]);
    const before = await suite.token.balanceOf(judge.account);
    for (let looks = 0; looks < 2; looks++) await new BountyJudge(judge).look(await headNow());
    expect(before - (await suite.token.balanceOf(judge.account))).to.equal(parseEther("5"));
    await skipStage(node, bountyId);
    for (let looks = 0; looks < 3; looks++) await new BountyJudge(judge).look(await headNow());
    expect(BigInt((await node.contracts.bounties.read.bountyOf([bountyId])).stage)).to.equal(Stage.Paid);
    expect((await suite.token.balanceOf(judge.account)) - before).to.equal(parseEther("10"));
    expect(judge.lines.filter(({ level }) => Number(level) >= 40)).to.deep.equal([]);
  });

  it("counts a model that nobody serves as false, and a scoring set as the poster's fault", async () => {
    for (const missing of ["model", "scoring set"] as const) {
      const suite = await networkHelpers.loadFixture(deployBoard);
      const { node, bountyId } = await post(suite, DURATIONS);
      const own = await start(suite, HUNTERS.steady, {});
      const hunter = new BountyHunter(own, honestWork({ epochs: 1, seed: 1 }));
      await hunter.look(await headNow());
      await hunter.idle();
      await hunter.look(await headNow());
      await skipStage(node, bountyId);
      await hunter.look(await headNow());
      await hunter.look(await headNow());
      const revealed = await node.contracts.bounties.getEvents.ModelRevealed({ bountyId }, { fromBlock: 0n });
      const { scoringCommitment, stageEndsAt } = await node.contracts.bounties.read.bountyOf([bountyId]);
      blobs.forget(missing === "model" ? revealed[0]!.args.manifest! : scoringCommitment);
      const judge = new BountyJudge(await start(suite, JUDGES[1]));
      await judge.look(await headNow());
      // The fault may be the judge's own: it waits for half of the time.
      expect(BigInt((await node.contracts.bounties.read.bountyOf([bountyId])).stage)).to.equal(Stage.Vote);
      await networkHelpers.time.increaseTo(stageEndsAt - 400n);
      await judge.look(await headNow());
      await skipStage(node, bountyId);
      await judge.look(await headNow());
      const { stage } = await node.contracts.bounties.read.bountyOf([bountyId]);
      expect(BigInt(stage)).to.equal(missing === "model" ? Stage.Returned : Stage.Withheld);
      for (const each of nodes.splice(0)) each.database.close();
      rmSync(folder, { recursive: true });
      folder = mkdtempSync(join(tmpdir(), "gristmill-bounty-"));
    }
  });

  it("is left alone where the policy says so, until it is changed, without a restart and for those that follow", async () => {
    const suite = await networkHelpers.loadFixture(deployBoard);
    await post(suite, DURATIONS);
    const refusals = [
      { bountyTopics: ["speech"] },
      { bountyMinimum: 101 },
      { bountyTimeLeft: 5_000 },
      { bountyEnabled: false },
    ];
    const own = await start(suite, HUNTERS.steady, { bountyTopics: ["speech"] });
    const hunter = new BountyHunter(own, honestWork({ epochs: 100_000 }));
    const policy = new PolicyStore(own.database, own.config);
    for (const refusal of refusals) {
      policy.set(configuredPolicy({ ...own.config, bountyTopics: [], ...refusal }));
      for (let looks = 0; looks < 2; looks++) await hunter.look(await headNow());
    }
    expect(own.lines.map(({ event, reason }) => [event, reason])).to.deep.equal([
      ["bounty-left", "none of its topics is speech"],
      ["bounty-left", "it pays less than 101 GRIST"],
      ["bounty-left", "it closes in less than 5000 s"],
      ["bounty-left", "no new jobs are wanted"],
    ]);
    expect(new PolicyStore(own.database, own.config).get().enabled).to.equal(false);
    policy.set({ ...policy.get(), enabled: true, maximumExecutionTime: 77 });
    await hunter.look(await headNow());
    const [job] = hunter.jobs.list("running");
    expect((job!.endsAt - job!.startedAt) / 1000).to.equal(77);
    hunter.jobs.quit(job!.bountyId);
    await hunter.idle();
    policy.reset();
    expect(policy.get().topics).to.deep.equal(["speech"]);
  });

  it("runs no more jobs at once than the policy allows, and quits one that the operator quits, for good", async () => {
    const suite = await networkHelpers.loadFixture(deployBoard);
    const { node } = await post(suite, DURATIONS);
    await postBounty(node, join(folder, "bounty.yaml"));
    const own = await start(suite, HUNTERS.thorough);
    const hunter = new BountyHunter(own, honestWork({ epochs: 100_000 }));
    for (let looks = 0; looks < 2; looks++) await hunter.look(await headNow());
    const running = (await hunterReport(own, hunter.jobs)).jobs;
    expect(running.map(({ state, runner }) => [state, runner])).to.deep.equal([["running", "builtin"]]);
    // As the API and the command line do it: with a list of jobs that has begun none.
    new BountyJobs(own.database).quit(running[0]!.bountyId);
    await hunter.idle();
    const report = await hunterReport(own, hunter.jobs);
    expect(report.jobs.map(({ state }) => state)).to.deep.equal(["quit"]);
    expect(report.balance.free).to.equal(parseEther("500"));
    expect(report.machine.cores).to.be.at.least(1);

    const restarted = new BountyHunter(own, honestWork({ epochs: 100_000 }));
    await restarted.look(await headNow());
    const states = restarted.jobs.list().map(({ bountyId, state }) => [bountyId === running[0]!.bountyId, state]);
    expect(states).to.deep.equal([
      [true, "quit"],
      [false, "running"],
    ]);
    restarted.jobs.quit(restarted.jobs.list("running")[0]!.bountyId);
    await restarted.idle();
  });

  async function ranking(node: TestNode, bountyId: Hex) {
    const [listed, ...others] = await bountiesOf(node, bountyId);
    expect(others).to.deep.equal([]);
    return listed!.ranking;
  }
});
