import { closestBelow } from "@gristmill/sdk";
import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";

import { userGasDocument } from "../../../scripts/gas/user-table.ts";
import { WrongGradient } from "../../../scripts/demo/cheats/segment-cheats.ts";
import { snapshot } from "../../gas/snapshot.ts";
import * as bounties from "../bounties/bounty-scene.ts";
import { arena, challengeSegment, honestChain, logOf, playOn, sign } from "../disputes/arena.ts";
import { headerOf } from "../helpers/header.ts";
import { signPermit } from "../helpers/permit.ts";
import { filling, nextPeriod, drawnFor, PROPOSAL } from "../tasks/filler-scene.ts";
import {
  ALL_SLOTS,
  BALANCED,
  cosignLog,
  createTask,
  deploySuite,
  ethers,
  fill,
  GRIST,
  loadFixture,
  networkHelpers,
  passChallenges,
  passClaims,
  passEpochs,
  provider,
  rankAhead,
  ranksOf,
  Role,
  type Scene,
  SCORE,
  SCORE_SALT,
  seedHeader,
  segmentId,
  sealOf,
  STATE,
  taskParameters,
  TEST_SET,
} from "../tasks/scenario.ts";

const DOCUMENT = join(import.meta.dirname, "..", "..", "..", "docs", "GAS.md");
/** What is promised of applying, submitting and claiming. */
const PROMISED = 150_000n;
/** Ids are others in every run of all tests together: each zero byte among them makes a call cheaper. */
const ZERO_BYTES = 150;
/** And the order of the ranks, which decides where in the list one is put. */
const ANY_PLACE = 12_000;

type Sending = Promise<ContractTransactionResponse>;

async function gasOf(sending: Sending): Promise<bigint> {
  return (await (await sending).wait())!.gasUsed;
}

async function meter(name: string, sending: Sending, limit?: bigint, tolerance = ZERO_BYTES): Promise<void> {
  snapshot(name, await gasOf(sending), limit, tolerance);
}

/** All draw and join; the dearest of each is kept. */
async function assign(scene: Scene): Promise<void> {
  const { registry, taskId, miners, supervisor, evaluators } = scene;
  const crew = [
    ...miners.map((worker) => [Role.Miner, worker] as const),
    [Role.Supervisor, supervisor] as const,
    ...evaluators.map((worker) => [Role.Evaluator, worker] as const),
  ];
  const draws: bigint[] = [];
  for (const [role, { owner }] of crew) {
    const previous = closestBelow(await ranksOf(scene, role), await rankAhead(scene, role, owner.address));
    draws.push(await gasOf(registry.connect(owner).drawRank(taskId, role, previous)));
  }
  const joins: bigint[] = [];
  for (const [role, { owner, operator }] of crew)
    joins.push(await gasOf(registry.connect(owner).join(taskId, role, operator)));
  const dearest = (figures: readonly bigint[]): bigint => figures.reduce((a, b) => (a > b ? a : b));
  snapshot("tasks: drawRank", dearest(draws), PROMISED, ANY_PLACE);
  snapshot("tasks: join", dearest(joins.slice(0, -1)), undefined, ZERO_BYTES);
  snapshot("tasks: join, the last, which begins the training", joins.at(-1)!, undefined, ANY_PLACE);
}

describe("gas of what users do", function () {
  this.timeout(120_000);

  it("with a task from its creation to the last withdrawal, applying and submitting under 150,000 each", async () => {
    const suite = await loadFixture(deploySuite);
    const { registry, client, stranger } = suite;
    await meter("tasks: setProfile, the first", registry.connect(stranger).setProfile(BALANCED));
    await meter("tasks: setProfile, later", registry.connect(stranger).setProfile("0x0102030405060708"));
    const own = registry.connect(client);
    await meter("tasks: createTask", own.createTask(taskParameters({ salt: ethers.id("metered") })));
    const cancelled = await createTask(suite, { salt: ethers.id("cancelled") });
    await meter("tasks: cancel", own.cancel(cancelled.taskId));

    const scene = await createTask(suite);
    const { taskId, miners, supervisor, evaluators } = scene;
    const crew = [...miners, supervisor, ...evaluators];
    const roles = [0n, 0n, 0n, 1n, 2n, 2n, 2n];
    for (const [index, { owner }] of crew.entries()) {
      const applying = registry.connect(owner).applyFor(taskId, roles[index]!);
      if (index === 0) await meter("tasks: applyFor", applying, PROMISED);
      else await applying;
    }
    await meter("tasks: closeRegistration", own.closeRegistration(taskId));
    await meter("tasks: proveTaskSeed", registry.proveTaskSeed(taskId, await seedHeader(scene)), undefined, 1_000);
    await assign(scene);

    const commit = (slot: number, last: number) =>
      registry.connect(miners[slot]!.operator).commit(taskId, slot, last, segmentId(slot, last), ethers.id("root"));
    await meter("tasks: commit, the first of a slot", commit(0, 3), PROMISED);
    await passEpochs(scene, 1);
    await meter("tasks: commit, later", commit(0, 7), PROMISED);
    await passEpochs(scene, 1);
    for (const slot of [0, 1, 2]) await commit(slot, 9);
    await cosignLog(scene);
    const submit = (slot: number) =>
      registry.connect(miners[slot]!.operator).submitState(taskId, slot, STATE, ALL_SLOTS);
    await meter("tasks: submitState, the first", submit(0), PROMISED);
    await meter("tasks: submitState, of the same state", submit(1), PROMISED);
    await submit(2);
    const { root, batches, salt } = TEST_SET;
    await meter("tasks: revealTestSet", own.revealTestSet(taskId, root, batches, salt, "b".repeat(59)));
    for (const [index, { operator }] of evaluators.entries()) {
      const sealing = registry.connect(operator).commitScore(taskId, index, sealOf(scene, index));
      if (index === 0) await meter("tasks: commitScore", sealing, PROMISED);
      else await sealing;
    }
    const reveal = (index: number) =>
      registry.connect(evaluators[index]!.operator).revealScore(taskId, index, SCORE, SCORE_SALT);
    await meter("tasks: revealScore, the first", reveal(0));
    await meter("tasks: revealScore, of the same score", reveal(1), PROMISED);
    await reveal(2);
    await passClaims(scene);
    await passChallenges(scene);
    await meter("tasks: settle, of 7 places", registry.connect(stranger).settle(taskId));
    await meter("tasks: withdraw", registry.connect(miners[0]!.owner).withdraw(), PROMISED);
  });

  it("when not everybody takes part", async () => {
    const suite = await loadFixture(deploySuite);
    const scene = await createTask(suite);
    const { registry, taskId, miners, stranger } = scene;
    await fill(scene);
    await registry.proveTaskSeed(taskId, await seedHeader(scene));
    const crew = [...miners, scene.supervisor, ...scene.evaluators];
    for (const [index, { owner }] of crew.entries()) {
      const role = [0n, 0n, 0n, 1n, 2n, 2n, 2n][index]!;
      const previous = closestBelow(await ranksOf(scene, role), await rankAhead(scene, role, owner.address));
      await registry.connect(owner).drawRank(taskId, role, previous);
    }
    await meter("tasks: decline", registry.connect(miners[2]!.owner).decline(taskId, Role.Miner), undefined, ANY_PLACE);
    const { phaseEndsAt } = await registry.taskOf(taskId);
    await networkHelpers.time.increaseTo(phaseEndsAt - 400n);
    await meter("tasks: passOn", registry.connect(stranger).passOn(taskId, Role.Miner), undefined, ANY_PLACE);
    for (const [index, { owner, operator }] of crew.entries())
      if (index !== 2) await registry.connect(owner).join(taskId, [0, 0, 0, 1, 2, 2, 2][index]!, operator);
    await passEpochs(scene, 4);
    await meter("tasks: dropSilent", registry.connect(stranger).dropSilent(taskId, 0));
    await networkHelpers.time.increase(20_000);
    await meter("tasks: advance, to the next phase", registry.connect(stranger).advance(taskId));
  });

  it("with stake, as verifiers, and with the seeds of epochs", async () => {
    const { token, stakes, beacon, stranger, client, verifier } = await loadFixture(deploySuite);
    await meter("staking: approve", token.connect(stranger).approve(stakes, 3n * GRIST));
    await meter("staking: stake", stakes.connect(stranger).stake(GRIST));
    const { v, r, s } = await signPermit(token, client, await stakes.getAddress(), GRIST);
    const withPermit = stakes.connect(client).stakeWithPermit(GRIST, ethers.MaxUint256, v, r, s);
    await meter("staking: stakeWithPermit", withPermit);
    await meter("staking: requestUnstake", stakes.connect(stranger).requestUnstake(GRIST));
    await networkHelpers.time.increase(86_400);
    await meter("staking: withdraw", stakes.connect(stranger).withdraw(), PROMISED);

    // The suite's stake manager was wired without a pool.
    const fresh = await ethers.deployContract("StakeManager", [token, 86_400]);
    const pool = await ethers.deployContract("VerifierPool", [fresh, beacon, GRIST]);
    await fresh.wire([pool]);
    await token.connect(verifier).approve(fresh, 100n * GRIST);
    await fresh.connect(verifier).stake(100n * GRIST);
    expect(await pool.capacity()).to.equal(await pool.capacity());
    const own = pool.connect(verifier);
    await meter("staking: enlist, the first of all", own.enlist(20n * GRIST, verifier));
    await meter("staking: enlist, more", own.enlist(GRIST, verifier));
    await meter("staking: resign", own.resign());
    await networkHelpers.time.increase(86_400);
    await networkHelpers.mine(60);
    await meter("staking: release", own.release());

    const epoch = await beacon.currentEpoch();
    const block = (await beacon.lastBlockOf(epoch)) + (await beacon.seedDelay());
    await networkHelpers.mineUpTo(block);
    await meter("staking: proveSeed", beacon.proveSeed(epoch, await headerOf(provider, block)), PROMISED, 1_000);
  });

  it("in a dispute over a segment, move by move", async () => {
    const where = await loadFixture(arena);
    const { court, challenger } = where;
    const { truths } = await honestChain(where, 0, 1, logOf(where, []));
    const lie = new WrongGradient().lie(truths[0]!);
    const message = await sign(where, lie.message);
    const players = { defender: lie, challenger: truths[0]! };
    const opened = await challengeSegment(where, message, players);
    const { winner, moves } = await playOn(where, opened, message, players);
    expect(winner).to.equal("challenger");
    for (const { name, gas } of moves) snapshot(`court: ${name}`, gas, undefined, 8_000);
    await meter("court: withdraw", court.connect(challenger).withdraw(), PROMISED);
    await meter("court: setDelegate", court.connect(challenger).setDelegate(where.stranger, true));
  });

  it("with fillers and their queue", async () => {
    const scene = await loadFixture(filling);
    const { fillers, client, stranger, registry } = scene;
    await meter("fillers: propose", fillers.connect(client).propose(PROPOSAL));
    const epoch = await nextPeriod(scene);
    const parameters = await drawnFor(scene, epoch);
    await meter("fillers: open", fillers.connect(stranger).open(epoch, parameters), undefined, 30_000);
    await networkHelpers.time.increase(1_001);
    await registry.settle(await fillers.taskOf(epoch));
    await meter("fillers: burnLeftover", fillers.connect(stranger).burnLeftover());
  });

  it("with a bounty, entering, announcing, revealing and collecting under 150,000 each", async () => {
    const suite = await bounties.connection.networkHelpers.loadFixture(bounties.deployBoard);
    const { board, poster, ann, bob, large } = suite;
    const asPoster = board.connect(poster);
    const { bountyParameters, SEALED, SCORING_SET, commitmentOf, modelHash, SALT, Verdict } = bounties;
    await meter("bounties: post", asPoster.post(bountyParameters({ salt: ethers.id("metered") })));
    const unwanted = await bounties.postBounty(suite, { salt: ethers.id("unwanted") });
    await meter("bounties: cancel", asPoster.cancel(unwanted.bountyId));

    const scene = await bounties.postBounty(suite, SEALED);
    const { bountyId } = scene;
    await meter("bounties: enter", board.connect(ann).enter(bountyId, commitmentOf(bountyId, ann, "a")), PROMISED);
    await bounties.enter(scene, bob, "b");
    await bounties.networkHelpers.time.increase(1_000);
    const { hash, salt } = SCORING_SET;
    await meter("bounties: unseal", asPoster.unseal(bountyId, hash, salt, "b".repeat(59)));
    await meter("bounties: announce", board.connect(ann).announce(bountyId, 0, 5n), PROMISED);
    await board.connect(bob).announce(bountyId, 1, 9n);
    await bounties.networkHelpers.time.increase(3_000);
    await meter("bounties: advance, which calls the best", board.connect(bob).advance(bountyId));
    const opening = [bountyId, modelHash("a"), SALT, "b".repeat(59)] as const;
    await meter("bounties: reveal", board.connect(ann).reveal(...opening), PROMISED);
    const sealed = (voter: typeof large) => bounties.sealOf(bountyId, 0n, voter, Verdict.Honest);
    await meter("bounties: sealVote", board.connect(large).sealVote(bountyId, sealed(large)));
    await bounties.sealVote(scene, suite.middle, Verdict.Honest);
    await bounties.passStage(scene);
    await meter("bounties: openVote", board.connect(suite.middle).openVote(bountyId, Verdict.Honest, SALT), PROMISED);
    await meter("bounties: openVote, which decides", board.connect(large).openVote(bountyId, Verdict.Honest, SALT));
    await meter("bounties: collect", board.connect(large).collect(bountyId, 0), PROMISED);
    await meter("bounties: release", board.connect(bob).release(bountyId, 1));
    await meter("bounties: withdraw", board.connect(ann).withdraw(), PROMISED);
  });

  it("is what docs/GAS.md says, with every other snapshot: UPDATE_SNAPSHOTS=1", async () => {
    const options = { ...(await resolveConfig(DOCUMENT)), filepath: DOCUMENT };
    const document = await format(await userGasDocument(), options);
    if (process.env["UPDATE_SNAPSHOTS"] === "1") await writeFile(DOCUMENT, document);
    expect(await readFile(DOCUMENT, "utf8")).to.equal(document);
  });
});
