import { DisputeState, GristmillError, Role } from "@gristmill/sdk";
import type { Logger } from "pino";
import type { Hex } from "viem";
import { formatEther } from "viem";

import type { Chain } from "../chain/chain.ts";
import type { Contracts } from "../chain/contracts.ts";
import type { KnownDispute } from "../storage/dispute-store.ts";
import type { Conviction, DisputeView } from "./court-events.ts";
import { readDispute, sideName } from "./court-events.ts";
import { decisionOf, moveName } from "./decision.ts";
import type { TaskParameters } from "./game-state.ts";

/** Says in a node's log what happens in the disputes of a task, each thing once. */
export class DisputeReport {
  readonly #chain: Chain;
  readonly #contracts: Contracts;
  readonly #log: Logger;
  /** Moves told of, by dispute; and disputes whose outcome was. */
  readonly #moves = new Map<Hex, number>();
  readonly #decided = new Set<Hex>();
  /** What was warned of last, by matter. */
  readonly #warned = new Map<Hex, string>();

  /** @param log with the task in every line */
  constructor(chain: Chain, contracts: Contracts, log: Logger) {
    this.#chain = chain;
    this.#contracts = contracts;
    this.#log = log;
  }

  opened({ disputeId, role, index, challenger, claim, bond }: KnownDispute): void {
    const place = placeName(role, index);
    this.#log.info({
      event: "dispute-opened",
      dispute: disputeId,
      ...place,
      challenger,
      claim,
      bond: formatEther(bond),
    });
  }

  /** Tells what happened in a dispute since it was looked at last. */
  async progress(dispute: KnownDispute, view: DisputeView): Promise<void> {
    const { disputeId, index, role } = dispute;
    const told = this.#moves.get(disputeId) ?? 0;
    const over = view.state === DisputeState.Decided || view.state === DisputeState.Closed;
    if (view.moves === told && (!over || this.#decided.has(disputeId))) return;
    const fields = { dispute: disputeId, ...placeName(role, index) };
    const record = await readDispute(this.#chain, this.#contracts, dispute);
    for (const { eventName, args } of record.court)
      if (eventName === "DisputeMoved" && args.move >= told) {
        const what = moveName(record.moves, args.move);
        this.#log.info({ event: "dispute-moved", ...fields, side: sideName(args.side), move: args.move, what });
        this.#moves.set(disputeId, args.move + 1);
      } else if (eventName === "DisputeDecided" && !this.#decided.has(disputeId)) {
        this.#decided.add(disputeId);
        const why = args.byTimeout ? "silence" : decisionOf(record);
        this.#log.info({ event: "dispute-decided", ...fields, winner: sideName(args.winner), why });
      }
  }

  /** @param own whether the place is this node's */
  convicted({ role, index, accuser, reward, forfeit }: Conviction, parameters: TaskParameters, own: boolean): void {
    const stake = role === Role.Miner ? parameters.minerStake : parameters.evaluatorStake;
    this.#log[own ? "error" : "info"]({
      event: "convicted",
      ...placeName(role, index),
      accuser,
      stake: formatEther(stake),
      burned: formatEther(stake - reward - forfeit),
      accusers: formatEther(reward),
      honest: formatEther(forfeit),
    });
  }

  demanded(demandId: Hex, slot: number, epoch: bigint, deposit: bigint): void {
    this.#log.info({ event: "demanded", demand: demandId, slot, epoch: Number(epoch), deposit: formatEther(deposit) });
  }

  produced(demandId: Hex, content: Hex): void {
    this.#log.info({ event: "demand-answered", demand: demandId, content });
  }

  discarded(claimId: Hex, slot: number): void {
    this.#log.info({ event: "claim-discarded", claimId, slot });
  }

  attesterConvicted(claimId: Hex, verifier: Hex): void {
    this.#log.info({ event: "attester-convicted", claimId, verifier });
  }

  auditorConvicted(auditId: Hex, verifier: Hex): void {
    this.#log.info({ event: "attester-convicted", auditId, verifier });
  }

  depositsReturned(disputeId: Hex, ether: bigint): void {
    this.#log.info({ event: "deposits-returned", dispute: disputeId, ether: formatEther(ether) });
  }

  /** Warns of what keeps this node from acting in a matter, once of each new reason. */
  warn(event: string, matter: Hex, error: unknown, fields: Readonly<Record<string, unknown>>): void {
    // Amounts and times in it change from block to block.
    const text = (error instanceof GristmillError ? error.message : String(error)).replaceAll(/\d/g, "");
    if (this.#warned.get(matter) === text) return;
    this.#warned.set(matter, text);
    this.#log.warn({ event, ...fields, error });
  }
}

/** A place as log lines name it. */
export function placeName(role: number, index: number): { readonly slot: number } | { readonly evaluator: number } {
  return role === Role.Miner ? { slot: index } : { evaluator: index };
}
