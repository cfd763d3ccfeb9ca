import { DisputeState, GristmillError, Side } from "@gristmill/sdk";
import Table from "cli-table3";
import { Command } from "commander";
import type { Hex } from "viem";
import { formatEther, isHex, size } from "viem";

import { readDispute, sideName } from "../disputes/court-events.ts";
import type { DisputeRecord, DisputeView } from "../disputes/court-events.ts";
import { decisionOf, moveName, storyOf } from "../disputes/decision.ts";
import type { ListedDispute } from "../operator/disputes.ts";
import { disputesOf, disputeSummary, isSide, placeName, stateName } from "../operator/disputes.ts";
import { joinDispute } from "../roles/join-dispute.ts";
import type { Node } from "../roles/node.ts";
import { startNode, startReader } from "../roles/start-node.ts";
import type { Accusation } from "../storage/dispute-store.ts";
import { configOf, withSettings } from "./options.ts";
import { asJson } from "./output.ts";
import { taskIdOf } from "./run.ts";
import { untilStopped } from "./signals.ts";

type Options = Readonly<Record<string, unknown>>;
type Reader = Pick<Node, "chain" | "contracts">;

/** `oracle-miner disputes list|show|challenge|respond` */
export function disputesCommand(): Command {
  const command = new Command("disputes").description("claims that are challenged on the chain");
  command.addCommand(
    withSettings(
      new Command("list")
        .description("all disputes, the newest last")
        .option("--task <id>", "of this task only")
        .option("--mine", "only those in which this node's key is a side")
        .option("--json", "one JSON line each"),
    ).action(list),
  );
  command.addCommand(
    withSettings(
      new Command("show")
        .argument("<dispute>", "id of the dispute")
        .description("one dispute as a story: what is disputed, each move, both sides' clocks, what decided it")
        .option("--json", "as JSON"),
    ).action(show),
  );
  command.addCommand(
    withSettings(
      new Command("challenge")
        .argument("<task>", "task id")
        .argument("<slot>", "number of the slot")
        .argument("<claim>", "id of a segment, or of a lucky claim whose segment is meant")
        .option("--ticket", "challenge the claim's TensHash, not its segment")
        .description("compute it again, twice, and challenge it if it is false; bonds stake"),
    ).action(challenge),
  );
  command.addCommand(
    withSettings(
      new Command("respond")
        .argument("<dispute>", "id of the dispute")
        .description("make this node's next move in a dispute, or close it"),
    ).action(respond),
  );
  return command;
}

async function list(options: Options): Promise<void> {
  const reader = await startReader(configOf(options));
  const taskId = options["task"] === undefined ? undefined : taskIdOf(options["task"]);
  const table = new Table({ head: ["dispute", "task", "place", "state", "to move", "moves", "bond", "challenger"] });
  for (const dispute of await disputesOf(reader, taskId)) {
    if (options["mine"] === true && !(await isSide(reader, dispute, reader.chain.account.address))) continue;
    const view = await reader.contracts.court.read.disputeOf([dispute.disputeId]);
    if (asJson(options)) console.log(JSON.stringify(disputeSummary(dispute, view)));
    else
      table.push([
        dispute.disputeId,
        `${dispute.taskId.slice(0, 10)}...`,
        placeName(dispute),
        stateName(view),
        view.state === DisputeState.Open ? sideName(view.turn) : "",
        String(view.moves),
        `${formatEther(dispute.bond)} GRIST`,
        dispute.challenger,
      ]);
  }
  if (!asJson(options)) console.log(table.length === 0 ? "no disputes" : table.toString());
}

async function show(id: string, options: Options): Promise<void> {
  const reader = await startReader(configOf(options));
  const dispute = await findDispute(reader, disputeIdOf(id));
  const view = await reader.contracts.court.read.disputeOf([dispute.disputeId]);
  const record = await readDispute(reader.chain, reader.contracts, dispute);
  if (asJson(options)) {
    const moves = record.moves.map(({ eventName }) => eventName);
    console.log(JSON.stringify({ ...disputeSummary(dispute, view), moves, decision: decisionOf(record) }));
    return;
  }
  for (const line of tell(dispute, view, record)) console.log(line);
}

/** The dispute for a reader. */
function tell(dispute: ListedDispute, view: DisputeView, record: DisputeRecord): string[] {
  const lines = [
    `dispute     ${dispute.disputeId}`,
    `task        ${dispute.taskId}`,
    `accused     ${placeName(dispute)}`,
    `claim       ${dispute.claim}`,
    `about       ${storyOf(record.game) ?? "a lucky ticket"}`,
    `challenger  ${dispute.challenger}, bond ${formatEther(dispute.bond)} GRIST`,
    `state       ${stateName(view)}`,
    ...[Side.Challenger, Side.Defender].map(
      (side) =>
        `${sideName(side).padEnd(12)}has ${String(view.clocks[side])} s left and deposited ${formatEther(view.deposits[side])} ether`,
    ),
  ];
  if (view.state === DisputeState.Open)
    lines.push(
      `to move     the ${sideName(view.turn)}, until ${new Date(Number(view.movesUntil) * 1000).toISOString()}`,
    );
  for (const entry of record.court)
    if (entry.eventName === "DisputeMoved") {
      const { move, side } = entry.args;
      lines.push(`move ${String(move + 1).padEnd(7)}the ${sideName(side)} ${moveName(record.moves, move)}`);
    } else if (entry.eventName === "DisputeDecided") {
      const { winner, byTimeout } = entry.args;
      const why = byTimeout ? "the other side was silent" : (decisionOf(record) ?? "by proof");
      lines.push(`decided     the ${sideName(winner)} wins: ${why}`);
    }
  return lines;
}

async function challenge(task: string, slotText: string, claim: string, options: Options): Promise<void> {
  const taskId = taskIdOf(task);
  const slot = Number(slotText);
  if (!Number.isInteger(slot) || slot < 0)
    throw new GristmillError("SLOT_INVALID", `${slotText} is not the number of a slot`, {
      hints: ["slots count from 0"],
    });
  await withNode(options, async (node) => {
    const agent = await joinDispute(node, taskId);
    const accused = await accusedBy(node, disputeIdOf(claim), options["ticket"] === true);
    const disputeId = await agent.challenge({ ...accused, slot }, await node.chain.head());
    console.log(
      `challenged: dispute ${disputeId}\nsee it through with a verifier that runs, or move by move: oracle-miner disputes respond ${disputeId}`,
    );
  });
}

async function respond(id: string, options: Options): Promise<void> {
  await withNode(options, async (node) => {
    const { disputeId, taskId } = await findDispute(node, disputeIdOf(id));
    const agent = await joinDispute(node, taskId);
    const call = await agent.respond(disputeId, await node.chain.head());
    console.log(
      call === undefined ? "nothing to do: it is the other side's turn, or not your dispute" : `done: ${call}`,
    );
  });
}

async function withNode(options: Options, work: (node: Node) => Promise<void>): Promise<void> {
  const config = configOf(options);
  await untilStopped(async (signal) => {
    const { node, stop } = await startNode(config, "reader", signal);
    try {
      await work(node);
    } finally {
      await stop();
    }
  });
}

/** What is meant: a claim's ticket, a claim's segment, or the segment of that id. */
async function accusedBy(
  { contracts, chain }: Reader,
  id: Hex,
  ticket: boolean,
): Promise<Pick<Accusation, "kind" | "id">> {
  if (ticket) return { kind: "ticket", id };
  const fromBlock = BigInt(chain.deployment.blockNumber);
  const [claim] = await contracts.mint.getEvents.TicketClaimed({ claimId: id }, { fromBlock });
  return { kind: "segment", id: claim?.args.details?.segmentId ?? id };
}

async function findDispute(reader: Reader, id: Hex): Promise<ListedDispute> {
  const found = (await disputesOf(reader)).find(({ disputeId }) => disputeId === id);
  if (found === undefined)
    throw new GristmillError("DISPUTE_UNKNOWN", `the chain knows no dispute ${id}`, {
      hints: ["list them with `oracle-miner disputes list`"],
    });
  return found;
}

function disputeIdOf(value: string): Hex {
  if (isHex(value) && size(value) === 32) return value;
  throw new GristmillError("ID_INVALID", `${value} is not an id`, { hints: ["0x and 64 hexadecimal digits"] });
}
