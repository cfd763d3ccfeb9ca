import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { tensHashTraceId, ticketInput } from "@gristmill/sdk";
import { bytesToHex, type Hex } from "viem";

import type { TicketTruth } from "../../../oracle/src/disputes/tens-hash-player.ts";
import { type Database, openDatabase } from "../../../oracle/src/storage/database.ts";
import { createTensHasher } from "../../../oracle/src/tenshash/index.ts";
import { claimIdOf, planWork } from "../helpers/committed-work.ts";
import { headerOf } from "../helpers/header.ts";
import { ethers, networkHelpers, provider } from "../tasks/scenario.ts";
import { headNow, type Player, playerOf, untilConvicted, workOf } from "./agent-stage.ts";
import { inCourt, isConvicted } from "./court-scene.ts";
import { SEGMENT_LENGTH } from "./honest-slots.ts";

const SLOT = 0;

/** Slot 0 has committed four iterations, and claims a ticket of the third with what `outcomeOf` makes of the truth. */
async function claimed(outcomeOf: (truth: TicketTruth) => TicketTruth) {
  const scene = await inCourt();
  const { beacon, registry, workMint, miners, taskId } = scene;
  const { owner, operator } = miners[SLOT]!;
  // The commit has to fall into the epoch that is planned.
  await networkHelpers.mineUpTo((await beacon.lastBlockOf(await beacon.currentEpoch())) + 1n);
  const epoch = await beacon.currentEpoch();
  const worker = { ethers, owner, operator, registry };
  const plan = { taskId: taskId as Hex, epoch, slot: SLOT, first: 0, last: 3, segmentLength: SEGMENT_LENGTH };
  const work = planWork(worker, plan);
  const { segment } = await work.claim(0);
  await registry.connect(operator).commit(taskId, SLOT, 3, segment.recordsRoot, work.segmentsRoot);
  const seedBlock = (await beacon.lastBlockOf(epoch)) + (await beacon.seedDelay());
  await networkHelpers.mineUpTo(seedBlock);
  await beacon.proveSeed(epoch, await headerOf(provider, seedBlock));

  const honest = await work.claim(2, 1);
  const { record, ticket } = honest;
  const x = ticketInput({
    chainId: (await ethers.provider.getNetwork()).chainId,
    mint: (await workMint.getAddress()) as Hex,
    taskId: taskId as Hex,
    miner: owner.address as Hex,
    slot: SLOT,
    index: record.index,
    work: record.work,
    ticket,
  });
  const hasher = await createTensHasher("wasm");
  await hasher.setSeed(ethers.getBytes(await beacon.seedOf(epoch)));
  const truth = { y: (await hasher.hash([x]))[0]!, trace: await hasher.trace(x) };
  await hasher.dispose();
  const outcome = outcomeOf(truth);
  const claim = { ...honest, y: bytesToHex(outcome.y), traceId: tensHashTraceId(outcome.trace) };
  await workMint.connect(operator).claim(claim);
  return { scene, truth, outcome, id: claimIdOf({ ethers }, claim) as Hex };
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (7 - (bit & 7))));
}

describe("DisputeAgent over a TensHash", () => {
  let folder: string;
  const databases: Database[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-agent-"));
  });

  afterEach(() => {
    for (const database of databases.splice(0)) database.close();
    rmSync(folder, { recursive: true });
  });

  function player(
    { scene }: Awaited<ReturnType<typeof claimed>>,
    mode: "defend" | "challenge",
    ticket: TicketTruth,
  ): Promise<Player> {
    const work = workOf({ slot: mode === "defend" ? SLOT : undefined, ticket: () => Promise.resolve(ticket) });
    const database = openDatabase(join(folder, `${mode}.sqlite`));
    databases.push(database);
    return playerOf(scene, mode === "defend" ? 11 : 10, database, work, { mode });
  }

  const lies: Readonly<Record<string, (truth: TicketTruth) => TicketTruth>> = {
    "claims a y that is wrong in one bit": ({ y, trace }) => ({ y: flipped(y, 77), trace }),
    "claims a trace that is wrong in one neuron": ({ y, trace }) => ({ y, trace: flipped(trace, 30_000) }),
  };
  for (const [lie, outcomeOf] of Object.entries(lies))
    it(`convicts a slot that ${lie}, killed at every block on both sides`, async () => {
      const trial = await claimed(outcomeOf);
      const challenger = await player(trial, "challenge", trial.truth);
      const defender = await player(trial, "defend", trial.outcome);
      challenger.agent().accuse({ kind: "ticket", id: trial.id, slot: SLOT, reason: "y is false" });
      await untilConvicted(trial.scene, SLOT, challenger, defender);
      expect(await isConvicted(trial.scene, SLOT)).to.equal(true);
      expect(challenger.lines.find(({ event }) => event === "dispute-decided")!["why"]).to.match(
        /^TensHash: neuron \d+ of layer \d+ is false$/,
      );
      const { court } = trial.scene;
      expect(await court.queryFilter(court.filters.DisputeOpened())).to.have.length(1);
    });

  it("does not challenge a ticket that hashes to what was claimed", async () => {
    const trial = await claimed((truth) => truth);
    const challenger = await player(trial, "challenge", trial.truth);
    const error: unknown = await challenger
      .agent()
      .challenge({ kind: "ticket", id: trial.id, slot: SLOT }, await headNow())
      .catch((reason: unknown) => reason);
    expect(error).to.include({ code: "TICKET_AGREES" });
  });
});
