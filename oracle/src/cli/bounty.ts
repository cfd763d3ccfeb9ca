import { readFile } from "node:fs/promises";

import { BountyStage, bountyStageName, decodeLoss, GristmillError, isJudgedByDispute } from "@gristmill/sdk";
import Table from "cli-table3";
import { Command } from "commander";
import { formatEther, type Hex, isHex, size } from "viem";

import { bountyById, bountyUnknown, fetchSpec } from "../bounties/bounty-data.ts";
import { type BountyNode, bountyNode } from "../bounties/bounty-node.ts";
import { enterBounty } from "../bounties/enter-bounty.ts";
import { decodeWeights, enterExact } from "../bounties/enter-exact.ts";
import { EntryStore } from "../bounties/entry-store.ts";
import { exactById } from "../bounties/exact-data.ts";
import { honestExactWork } from "../bounties/exact-work.ts";
import { honestWork } from "../bounties/hunter-work.ts";
import { BountyJobs } from "../bounties/jobs.ts";
import { hunterReport } from "../bounties/node-report.ts";
import { heads } from "../chain/follow.ts";
import type { Head } from "../chain/chain.ts";
import { bountiesOf, exactBountiesOf } from "../operator/bounties.ts";
import { BountyHunter } from "../roles/bounty-hunter.ts";
import { BountyJudge } from "../roles/bounty-judge.ts";
import { BountyPoster, postBounty } from "../roles/bounty-poster.ts";
import { ExactHunter } from "../roles/exact-hunter.ts";
import { ExactPoster, postExact } from "../roles/exact-poster.ts";
import { ExactWatcher } from "../roles/exact-watcher.ts";
import { ensureStake } from "../roles/membership.ts";
import { startNode, startReader } from "../roles/start-node.ts";
import { createRunner } from "../runners/index.ts";
import { openDatabase } from "../storage/database.ts";
import { databasePath } from "../storage/data-folder.ts";
import { configOf, withSettings } from "./options.ts";
import { serveApi } from "./serve-api.ts";
import { untilStopped } from "./signals.ts";

type Options = Readonly<Record<string, unknown>>;

/** End of a stage that a dispute holds up. */
const STANDS_STILL = 2n ** 64n - 1n;

/** `oracle-miner bounty post|list|show|enter|hunt|judge|watch|jobs|quit|status` */
export function bountyCommand(): Command {
  const command = new Command("bounty").description("jobs whose best verified loss at the deadline wins");
  const add = (name: string, description: string): Command => {
    const made = withSettings(new Command(name).description(description));
    command.addCommand(made);
    return made;
  };
  add("post", "compile a bounty's spec, escrow the bounty, serve its data and see it to its end")
    .argument("<file>", "bounty spec, YAML")
    .action((file: string, options: Options) =>
      asNode(options, "poster", async (node) => {
        const isExact = isJudgedByDispute(await readFile(file, "utf8"));
        await attend(node, await (isExact ? postExact(node, file) : postBounty(node, file)));
      }),
    );
  add("attend", "see a bounty that this node posted to its end")
    .argument("<bounty>", "bounty id")
    .action((id: string, options: Options) => asNode(options, "poster", (node) => attend(node, bountyIdOf(id))));
  add("list", "all bounties of the board, the newest last").action(list);
  add("show", "where a bounty stands, and its ranking").argument("<bounty>", "bounty id").action(show);
  add("enter", "enter a model that was trained by other means, and see it through")
    .argument("<bounty>", "bounty id")
    .argument("<model>", "model file")
    .action((id: string, file: string, options: Options) => asNode(options, "hunter", (node) => enter(node, id, file)));
  add("hunt", "train for every bounty that the policy accepts").action((options: Options) =>
    asNode(options, "hunter", async (node) => {
      for (const name of node.config.bountyRunners) await createRunner(name).check();
      const hunter = new BountyHunter(node);
      await follow(node, hunter, new ExactHunter(node, honestExactWork(), hunter.jobs), ...watchersOf(node));
    }),
  );
  add("judge", "vote on revealed models with this node's stake in the verifiers' pool").action((options: Options) =>
    asNode(options, "judge", (node) => follow(node, new BountyJudge(node))),
  );
  add("watch", "recompute the scores of exact bounties' candidates, and dispute false ones").action(
    (options: Options) => asNode(options, "watcher", (node) => follow(node, new ExactWatcher(node))),
  );
  add("jobs", "what this data folder's node trains for, or has").action((options: Options) => {
    withJobs(options, (jobs) => {
      const table = new Table({ head: ["bounty", "runner", "state", "since", "reason"] });
      for (const { bountyId, runner, state, startedAt, reason } of jobs.list())
        table.push([bountyId, runner, state, new Date(startedAt).toISOString(), reason ?? ""]);
      console.log(table.length === 0 ? "no jobs" : table.toString());
    });
  });
  add("quit", "end a running job of this data folder's node at once")
    .argument("<bounty>", "bounty id")
    .action((id: string, options: Options) => {
      withJobs(options, (jobs) => {
        jobs.quit(bountyIdOf(id));
      });
    });
  add("status", "balance, jobs and machine of this node, as JSON").action(status);
  return command;
}

async function asNode(options: Options, role: string, work: (node: BountyNode) => Promise<void>): Promise<void> {
  await untilStopped(async (signal) => {
    const { node, stop } = await serveApi(await startNode(configOf(options), role, signal), role);
    try {
      await work(bountyNode(node, (wanted) => ensureStake(node, wanted)));
    } finally {
      await stop();
    }
  });
}

/** Lets parties look at each new head, until one is done; what fails at one is tried again at the next. */
async function follow(node: BountyNode, ...parties: readonly { look(head: Head): Promise<unknown> }[]): Promise<void> {
  for await (const head of heads(node.chain, node.signal))
    for (const party of parties)
      try {
        if ((await party.look(head)) === true) return;
      } catch (error) {
        if (node.signal.aborted) return;
        node.log.warn({ event: "bounties-failed", error });
      }
}

/** A hunter watches those that stand before it, unless its operator wants to challenge nobody. */
function watchersOf(node: BountyNode): ExactWatcher[] {
  const { disputes = "challenge" } = node.config;
  return disputes === "challenge" ? [new ExactWatcher(node)] : [];
}

async function isExact({ contracts }: Pick<BountyNode, "contracts">, bountyId: Hex): Promise<boolean> {
  return (await contracts.exactBounties.read.bountyOf([bountyId])).stage !== BountyStage.None;
}

async function attend(node: BountyNode, bountyId: Hex): Promise<void> {
  const poster = (await isExact(node, bountyId))
    ? new ExactPoster(node, await exactById(node, bountyId))
    : new BountyPoster(node, await bountyById(node, bountyId));
  await follow(node, poster);
}

async function enter(node: BountyNode, id: string, file: string): Promise<void> {
  if (await isExact(node, bountyIdOf(id))) return enterState(node, bountyIdOf(id), file);
  const bounty = await bountyById(node, bountyIdOf(id));
  const store = new EntryStore(node);
  if (store.get(bounty.bountyId) === undefined) {
    const known = { bounty, ...(await fetchSpec(node, bounty)) };
    await enterBounty(node, store, known, new Uint8Array(await readFile(file)), (loss) => loss);
  }
  await follow(node, new BountyHunter(node, honestWork(), [bounty.bountyId]));
}

/** As {@link enter}, for an exact bounty: the file holds the state's weights. */
async function enterState(node: BountyNode, bountyId: Hex, file: string): Promise<void> {
  const bounty = await exactById(node, bountyId);
  const store = new EntryStore(node);
  if (store.get(bountyId) === undefined)
    await enterExact(node, store, bounty, decodeWeights(bounty.program, new Uint8Array(await readFile(file))));
  const jobs = new BountyJobs(node.database);
  await follow(node, new ExactHunter(node, honestExactWork(), jobs, [bountyId]), ...watchersOf(node));
}

async function list(options: Options): Promise<void> {
  const table = new Table({ head: ["bounty", "judged by", "stage", "until", "entries", "best loss", "amount"] });
  const reader = await startReader(configOf(options));
  const [voted, exact] = [await bountiesOf(reader), await exactBountiesOf(reader)];
  const all = [
    ...voted.map((bounty) => ({ ...bounty, judging: "vote", lossText: (loss: bigint) => String(decodeLoss(loss)) })),
    ...exact.map((bounty) => ({ ...bounty, judging: "dispute", lossText: exactLoss })),
  ];
  for (const { bountyId, judging, view, ranking, lossText } of all) {
    const [best] = ranking;
    table.push([
      bountyId,
      judging,
      bountyStageName(view.stage),
      until(view.stageEndsAt),
      String(view.entryCount),
      best === undefined ? "" : lossText(best.loss),
      `${formatEther(view.bounty)} GRIST`,
    ]);
  }
  console.log(table.length === 0 ? "no bounties" : table.toString());
}

async function show(id: string, options: Options): Promise<void> {
  const reader = await startReader(configOf(options));
  const [voted] = await bountiesOf(reader, bountyIdOf(id));
  const [exact] = voted === undefined ? await exactBountiesOf(reader, bountyIdOf(id)) : [];
  const bounty = voted ?? exact;
  if (bounty === undefined) throw bountyUnknown(bountyIdOf(id));
  const { bountyId, poster, view, ranking } = bounty;
  const judging =
    voted === undefined
      ? "judging   by dispute"
      : `tolerance ${decodeLoss(voted.parameters.tolerance)}, judged by vote`;
  console.log(`bounty    ${bountyId}\nstage     ${bountyStageName(view.stage)} ${until(view.stageEndsAt)}`);
  console.log(
    `poster    ${poster}\namount    ${formatEther(view.bounty)} GRIST, an entry locks ${formatEther(view.entryStake)}`,
  );
  console.log(`entries   ${view.entryCount}, of them struck ${view.struck}\n${judging}`);
  for (const [place, { entry, owner, loss }] of ranking.entries()) {
    const text = voted === undefined ? exactLoss(loss) : String(decodeLoss(loss));
    console.log(`${String(place + 1).padStart(4)}.     ${owner}  entry ${entry}  loss ${text}`);
  }
}

async function status(options: Options): Promise<void> {
  const config = configOf(options);
  const reader = await startReader(config);
  const database = openDatabase(databasePath(config.dataDir));
  try {
    const report = await hunterReport({ ...reader, config }, new BountyJobs(database));
    console.log(
      JSON.stringify(report, (_, value: unknown) => (typeof value === "bigint" ? formatEther(value) : value)),
    );
  } finally {
    database.close();
  }
}

/** The jobs of a node that may be running beside this process. */
function withJobs(options: Options, work: (jobs: BountyJobs) => void): void {
  const database = openDatabase(databasePath(configOf(options).dataDir));
  try {
    work(new BountyJobs(database));
  } finally {
    database.close();
  }
}

/** The loss of an exact score over its whole set. */
function exactLoss(loss: bigint): string {
  return `${loss}/127`;
}

function until(seconds: bigint): string {
  if (seconds === STANDS_STILL) return "when its dispute is over";
  return seconds === 0n ? "" : `until ${new Date(Number(seconds) * 1000).toISOString()}`;
}

function bountyIdOf(text: string): Hex {
  if (isHex(text) && size(text) === 32) return text;
  throw new GristmillError("BOUNTY_ID_INVALID", `${text} is not a bounty id`, {
    hints: ["0x and 64 hexadecimal digits, as `oracle-miner bounty list` prints them"],
  });
}
