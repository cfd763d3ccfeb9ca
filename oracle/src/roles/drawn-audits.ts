import type { AuditDetails, SegmentMessage, taskRegistryAbi } from "@gristmill/sdk";
import { auditIdOf, GristmillError, merkleProof, merkleRoot, segmentId, tracesRoot } from "@gristmill/sdk";
import type { GetContractEventsReturnType, Hex } from "viem";
import { isAddressEqual, zeroHash } from "viem";

import type { Head } from "../chain/chain.ts";
import { EventFeed } from "../chain/event-feed.ts";
import { ensureSeed } from "../chain/epochs.ts";
import type { DisputeAgent } from "../disputes/agent.ts";
import type { Attestable } from "./attester.ts";
import { firstSeat, sealBlock } from "./attester.ts";
import type { ClaimAudit, Finding } from "./claim-audit.ts";
import type { Node } from "./node.ts";
import type { TaskSession } from "./session.ts";
import type { TaskTerms } from "./terms.ts";

/** Blocks for which a seed's proof is left to the miners, who draw their tickets under it. */
const SEED_COURTESY = 3n;

/** What a drawn segment is audited with. */
export interface Auditing {
  readonly node: Pick<Node, "chain" | "contracts" | "schedule">;
  readonly session: Pick<TaskSession, "log"> & {
    readonly terms: Pick<TaskTerms, "taskId" | "createdAt"> & {
      readonly onChain: Pick<TaskTerms["onChain"], "segmentLength">;
    };
  };
  readonly audit: Pick<ClaimAudit, "fetch" | "auditSegment">;
  /** Asks on the chain for what nobody serves. */
  readonly disputes: Pick<DisputeAgent, "demand">;
}

/** A slot's commit whose seed is not known yet. */
interface Commit {
  readonly slot: number;
  readonly epoch: bigint;
  readonly first: number;
  readonly last: number;
  readonly segmentsRoot: Hex;
}

type CommitEvent = GetContractEventsReturnType<typeof taskRegistryAbi, "Committed", true>[number];

/** The segments that the seeds draw for audits by this verifier, as matters to attest (`IAudits`). */
export class DrawnAudits {
  readonly #auditing: Auditing;
  readonly #node: Auditing["node"];
  readonly #commits: EventFeed<CommitEvent>;
  #undrawn: Commit[] = [];

  constructor(auditing: Auditing) {
    this.#auditing = auditing;
    this.#node = auditing.node;
    const { chain, contracts } = auditing.node;
    const { address, abi } = contracts.registry;
    const { taskId, createdAt } = auditing.session.terms;
    const filter = { address, abi, eventName: "Committed", args: { taskId }, strict: true } as const;
    this.#commits = new EventFeed(chain, createdAt, (fromBlock, toBlock) =>
      chain.public.getContractEvents({ ...filter, fromBlock, toBlock }),
    );
  }

  /** What was drawn since the last look, and draws this verifier in any of its rounds. */
  async collect(head: Pick<Head, "number">): Promise<Attestable[]> {
    const { undone, added } = await this.#commits.take(head.number);
    this.#undrawn = this.#undrawn.filter((commit) => !undone.some(({ args }) => isSame(args, commit)));
    this.#undrawn.push(...added.map(({ args }) => args));
    const matters: Attestable[] = [];
    const waiting: Commit[] = [];
    const epochs = new Map<bigint, "over" | "unknown" | "known">();
    for (const commit of this.#undrawn) {
      const { epoch } = commit;
      if (!epochs.has(epoch)) epochs.set(epoch, await this.#epochAt(epoch, head.number));
      if (epochs.get(epoch) === "unknown") waiting.push(commit);
      else if (epochs.get(epoch) === "known") matters.push(...(await this.#mattersOf(commit)));
    }
    this.#undrawn = waiting;
    return matters;
  }

  /** Whether an epoch's rounds are over, else whether its seed is known; proves one that nobody proves. */
  async #epochAt(epoch: bigint, head: bigint): Promise<"over" | "unknown" | "known"> {
    const { chain, contracts } = this.#node;
    if (head >= (await this.#endOf(epoch))) return "over";
    if ((await contracts.beacon.read.seedOf([epoch])) !== zeroHash) return "known";
    const patient = head < (await contracts.beacon.read.seedBlockOf([epoch])) + SEED_COURTESY;
    return patient || (await ensureSeed(chain, contracts, epoch, head)) === undefined ? "unknown" : "known";
  }

  async #endOf(epoch: bigint): Promise<bigint> {
    const { attestationBlocks, attestationRounds } = this.#node.schedule;
    return (await this.#node.contracts.audits.read.startsAt([epoch])) + 2n * attestationBlocks * attestationRounds;
  }

  async #mattersOf(commit: Commit): Promise<Attestable[]> {
    const { audits } = this.#node.contracts;
    const { taskId } = this.#auditing.session.terms;
    const { slot, epoch } = commit;
    const firsts = await audits.read.drawnIn([taskId, slot, epoch]);
    if (firsts.length === 0) return [];
    const [since, over, seats] = await Promise.all([
      audits.read.startsAt([epoch]),
      this.#endOf(epoch),
      audits.read.verifiersPerAudit(),
    ]);
    const rounds = Number(this.#node.schedule.attestationRounds);
    const matters: Attestable[] = [];
    for (const first of firsts) {
      const drawn = new DrawnSegment(this.#auditing, commit, first, { since, over, seats });
      const own = await Promise.all(Array.from({ length: rounds }, (_, round) => drawn.seatIn(round)));
      if (own.some((seat) => seat !== undefined)) matters.push(drawn);
    }
    return matters;
  }
}

/** When and by how many a drawn segment is attested. */
interface Rounds {
  readonly since: bigint;
  /** First block after the last round. */
  readonly over: bigint;
  readonly seats: number;
}

class DrawnSegment implements Attestable {
  readonly id: Hex;
  readonly isUrgent = false;
  readonly events = { sealed: "audit-sealed", attested: "audit-attested" };
  readonly fields: Readonly<Record<string, unknown>>;
  readonly since: bigint;
  readonly #node: Auditing["node"];
  readonly #session: Auditing["session"];
  readonly #audit: Auditing["audit"];
  readonly #disputes: Auditing["disputes"];
  readonly #commit: Commit;
  readonly #first: number;
  readonly #last: number;
  readonly #rounds: Rounds;
  /** Whether what the slot committed is not what it serves, if it serves anything. */
  #isWithheld = false;
  #isDemanded = false;

  constructor({ node, session, audit, disputes }: Auditing, commit: Commit, first: number, rounds: Rounds) {
    const { taskId, onChain } = session.terms;
    const { slot } = commit;
    this.#node = node;
    this.#session = session;
    this.#audit = audit;
    this.#disputes = disputes;
    this.#commit = commit;
    this.#first = first;
    this.#last = Math.min(first + onChain.segmentLength - 1, commit.last);
    this.#rounds = rounds;
    this.since = rounds.since;
    this.id = auditIdOf({ taskId, slot, first });
    this.fields = { auditId: this.id, slot, first, last: this.#last };
  }

  async standing(head: bigint): Promise<"wanted" | "agreed" | "over"> {
    const { audits, registry } = this.#node.contracts;
    const { taskId } = this.#session.terms;
    const [{ agreed }, { convicted }] = await Promise.all([
      audits.read.auditOf([this.id]),
      registry.read.slotOf([taskId, this.#commit.slot]),
    ]);
    if (convicted || head >= this.#rounds.over) return "over";
    return agreed ? "agreed" : "wanted";
  }

  async seatIn(round: number): Promise<number | undefined> {
    const { audits } = this.#node.contracts;
    const { epoch } = this.#commit;
    return firstSeat(this.#node.chain.account.address, this.#rounds.seats, (seat) =>
      audits.read.drawnVerifier([this.id, epoch, round, seat]),
    );
  }

  /** What is signed and false is false, committed or not; what is true counts if it is what the slot committed. */
  async audit(): Promise<Finding> {
    const message = await this.#audit.fetch(this.#commit.slot, this.#first, this.#last);
    if (message === undefined) return this.#withheld("the drawn segment could not be fetched");
    const finding = await this.#audit.auditSegment(message);
    if (finding.outcome !== "true") return finding;
    const ids = await this.#committedIds();
    if (merkleRoot(ids) === this.#commit.segmentsRoot) return finding;
    return this.#withheld("what the slot published is not what it committed");
  }

  /** What is missing of a state or of lists cannot be asked for on the chain; the segment can. */
  async unavailable(): Promise<void> {
    if (!this.#isWithheld || this.#isDemanded) return;
    this.#isDemanded = true;
    const { slot, epoch } = this.#commit;
    await this.#disputes.demand({ slot, epoch, place: this.#place });
  }

  #withheld(reason: string): Finding {
    this.#isWithheld = true;
    return { outcome: "unavailable", reason };
  }

  rootOf(traces: readonly Hex[]): Hex {
    return tracesRoot(traces);
  }

  seal(sealedRoot: Hex): Promise<{ readonly blockNumber: bigint }> {
    const { address, abi } = this.#node.contracts.audits;
    return this.#node.chain.transact({ address, abi, functionName: "sealAttestation", args: [sealedRoot] });
  }

  sealedAt(sealedRoot: Hex): Promise<bigint | undefined> {
    return sealBlock(this.#node.chain, this.#node.contracts.audits, sealedRoot, this.since);
  }

  async isAttested(): Promise<boolean> {
    const attestations = await this.#node.contracts.audits.read.attestationsOf([this.id]);
    return attestations.some(({ verifier }) => isAddressEqual(verifier, this.#node.chain.account.address));
  }

  async reveal(seat: number, traces: readonly Hex[], salt: Hex): Promise<unknown> {
    const { address, abi } = this.#node.contracts.audits;
    const { taskId } = this.#session.terms;
    const { slot, epoch } = this.#commit;
    const ids = await this.#committedIds();
    const details: AuditDetails = {
      taskId,
      slot,
      epoch,
      first: this.#first,
      segmentId: segmentId(this.#message.segment),
    };
    const args = [details, merkleProof(ids, this.#place), seat, traces, salt] as const;
    return this.#node.chain.transact({ address, abi, functionName: "revealAttestation", args });
  }

  accused(): { readonly kind: "segment"; readonly id: Hex; readonly slot: number } {
    return { kind: "segment", id: segmentId(this.#message.segment), slot: this.#commit.slot };
  }

  /** Number of the segment in its commit. */
  get #place(): number {
    return (this.#first - this.#commit.first) / this.#session.terms.onChain.segmentLength;
  }

  get #message(): SegmentMessage {
    const logged = this.#session.log.covering(this.#commit.slot, this.#first);
    if (logged !== undefined) return logged.message;
    throw new GristmillError(
      "SEGMENT_UNKNOWN",
      `the drawn segment at iteration ${String(this.#first)} is not in the log`,
      {
        hints: ["peers that hold it are not connected: try again later"],
      },
    );
  }

  /** Ids of what the slot published over the iterations of its commit. */
  async #committedIds(): Promise<Hex[]> {
    const { slot, first, last } = this.#commit;
    await this.#audit.fetch(slot, last, last);
    return this.#session.log
      .chain(slot)
      .filter(({ message: { segment } }) => segment.first >= first && segment.last <= last)
      .map(({ id }) => id);
  }
}

/** A slot commits once an epoch. */
function isSame(a: Pick<Commit, "slot" | "epoch">, b: Pick<Commit, "slot" | "epoch">): boolean {
  return a.slot === b.slot && a.epoch === b.epoch;
}
