import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { matrix } from "@gristmill/sdk";
import { expect } from "chai";
import type { Hex } from "viem";

import { exactById } from "../../../oracle/src/bounties/exact-data.ts";
import { type ExactWork, honestExactWork } from "../../../oracle/src/bounties/exact-work.ts";
import type { EvaluationTruth } from "../../../oracle/src/disputes/evaluation-truth.ts";
import { exactBountiesOf } from "../../../oracle/src/operator/bounties.ts";
import { ExactHunter } from "../../../oracle/src/roles/exact-hunter.ts";
import { ExactPoster, postExact } from "../../../oracle/src/roles/exact-poster.ts";
import { ExactWatcher } from "../../../oracle/src/roles/exact-watcher.ts";
import { headNow } from "../disputes/agent-stage.ts";
import { GRIST, loadFixture, networkHelpers, provider, STAKED } from "../tasks/scenario.ts";
import { nodeAt, SharedBlobs, type TestNode } from "./bounty-nodes.ts";
import { ENTRY_STAKE, Stage } from "./bounty-scene.ts";
import { deployExact, type ExactSuite } from "./exact-scene.ts";

/** Hardhat's accounts. */
const [POSTER, HASTY, STEADY, LIAR, WATCHER] = [1, 2, 3, 4, 5] as const;

const SPEC = `
version: 1
mode: bounty
judging: dispute
topics: [digits]
payment: { bounty: 100, entry-stake: 30 }
ml:
  dataset:
    format: synthetic-digits
    source: { seed: 1 }
    training-set-size: 96
    test-set-size: 40
  optimizer:
    type: SGD
    optimizer_initialization_parameters: { learning_rate: 0.03 }
    epochs: 1
    batch-size: 16
  model:
    type: FC-DNN
    hidden-units: [{ id: 1, type: Dense, nodes: 12, activation: relu }]
    loss: SoftmaxCrossEntropy
scoring: { set: sealed }
durations: { entry: 1000, unsealing: 1000, announcing: 1000, reveal: 1000, challenge: 1000 }
`;

/** Trains as the hasty do, and says that its model misses nothing. */
const lying: ExactWork = { ...honestExactWork({ epochs: 1 }), tell: withoutAnyLoss };

function withoutAnyLoss(truth: EvaluationTruth): EvaluationTruth {
  return {
    scores: truth.scores.map((score) => ({ ...score, loss: 0 })),
    trace: (batch) => {
      const trace = truth.trace(batch);
      const k = trace.instructions.findIndex(({ op }) => op === "Missing");
      const { cols } = trace.tensors[k]!;
      return { ...trace, loss: 0, tensors: trace.tensors.with(k, matrix("u8", 1, cols, new Uint8Array(cols))) };
    },
  };
}

describe("an exact bounty, from its posting to its payment", function () {
  this.timeout(120_000);
  let folder: string;
  let blobs: SharedBlobs;
  const nodes: TestNode[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-exact-"));
    blobs = new SharedBlobs();
  });

  afterEach(() => {
    for (const node of nodes.splice(0)) node.database.close();
    rmSync(folder, { recursive: true });
  });

  async function start(suite: ExactSuite, signer: number): Promise<TestNode> {
    const at = async (contract: { getAddress(): Promise<string> }) => (await contract.getAddress()) as Hex;
    const contracts = {
      GristToken: await at(suite.token),
      StakeManager: await at(suite.stakes),
      ExactBounties: await at(suite.exact),
      BountyCourt: await at(suite.court),
      BountyGame: await at(suite.game),
      SegmentGame: await at(suite.tasksGame),
    };
    const node = await nodeAt(contracts, signer, folder, blobs, {}, provider);
    nodes.push(node);
    return node;
  }

  it("pays the best honest of three hunters and has a liar convicted by dispute, all killed after each look", async () => {
    const suite = await loadFixture(deployExact);
    const posting = await start(suite, POSTER);
    const file = join(folder, "bounty.yaml");
    writeFileSync(file, SPEC);
    const bountyId = await postExact(posting, file);
    const poster = new ExactPoster(posting, await exactById(posting, bountyId));
    const [hasty, steady, liar] = [await start(suite, HASTY), await start(suite, STEADY), await start(suite, LIAR)];
    const watching = await start(suite, WATCHER);
    const hunters = () => [
      new ExactHunter(hasty, honestExactWork({ epochs: 1 })),
      new ExactHunter(steady, honestExactWork({ epochs: 30 })),
      new ExactHunter(liar, lying),
    ];
    const before = await suite.token.balanceOf(steady.account);
    for (const hunter of hunters()) {
      await hunter.look(await headNow());
      await hunter.idle();
    }

    let isOver = false;
    let quiet = 0;
    for (let looks = 0; looks < 80 && !isOver; looks++) {
      const { number } = await headNow();
      for (const party of [...hunters(), new ExactWatcher(watching)]) await party.look(await headNow());
      isOver = await poster.look(await headNow());
      quiet = (await headNow()).number === number ? quiet + 1 : 0;
      const { stageEndsAt } = await posting.contracts.exactBounties.read.bountyOf([bountyId]);
      // Everybody waits for the clock, which is not held up by a dispute.
      if (quiet > 1 && !isOver && stageEndsAt < 2n ** 63n) await networkHelpers.time.increaseTo(stageEndsAt);
    }
    for (const hunter of hunters()) await hunter.look(await headNow());

    const { exactBounties, stake } = posting.contracts;
    const view = await exactBounties.read.bountyOf([bountyId]);
    expect([BigInt(view.stage), view.entryCount, view.struck]).to.deep.equal([Stage.Paid, 3, 1]);
    expect(await exactBounties.read.isBanned([liar.account])).to.equal(true);
    expect(await stake.read.freeOf([liar.account])).to.equal(STAKED - ENTRY_STAKE);
    expect(await stake.read.freeOf([watching.account])).to.equal(STAKED + ENTRY_STAKE / 2n);
    for (const honest of [hasty, steady]) expect(await stake.read.freeOf([honest.account])).to.equal(STAKED);
    expect((await suite.token.balanceOf(steady.account)) - before).to.equal(100n * GRIST);
    expect(await suite.court.creditOf(watching.account)).to.equal(0n);
    expect(await suite.court.queryFilter(suite.court.filters.DisputeOpened())).to.have.length(1);
    const decided = watching.lines.find(({ event }) => event === "dispute-decided");
    expect(decided).to.include({ winner: "challenger" });
    expect(decided!["why"]).to.match(/^M\[0\]\[\d+\]: must be \d+, claimed 0$/);

    // What the poster holds scores what was announced.
    const [listed] = await exactBountiesOf(posting, bountyId);
    const saved = JSON.parse(
      readFileSync(join(folder, `node-${POSTER}`, "models", bountyId, "model.json"), "utf8"),
    ) as { readonly loss: number };
    expect(BigInt(saved.loss)).to.equal(listed!.ranking[0]!.loss);
  });
});
