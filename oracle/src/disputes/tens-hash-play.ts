import { GristmillError, openLayer, Side, tensHashGameAbi, tensHashTraceId, ticketInput } from "@gristmill/sdk";
import type { ContractFunctionArgs, Hex } from "viem";
import { bytesToHex, concat, hexToBytes, keccak256, parseEventLogs } from "viem";

import type { Chain } from "../chain/chain.ts";
import type { ClaimDetails } from "../chain/claim-details.ts";
import { fetchDetails } from "../chain/claim-details.ts";
import type { Contracts } from "../chain/contracts.ts";
import type { Accusation, KnownDispute } from "../storage/dispute-store.ts";
import { logsOfDispute } from "./court-events.ts";
import { priceOf } from "./deposits.ts";
import type { DisputeWork } from "./dispute-work.ts";
import type { Play, Step } from "./play.ts";
import { COURT_ERRORS } from "./segment-play.ts";
import type { TicketTruth } from "./tens-hash-player.ts";
import { firstFalseNeuron } from "./tens-hash-player.ts";

type Question = ContractFunctionArgs<typeof tensHashGameAbi, "payable", "reveal">[1];

/** Disputes over the TensHash of lucky tickets. */
export class TensHashPlay implements Play {
  readonly game: Hex;
  readonly #chain: Chain;
  readonly #contracts: Contracts;
  readonly #since: bigint;
  readonly #work: DisputeWork;

  /** @param since block of the task's creation: no claim of it is older */
  constructor(chain: Chain, contracts: Contracts, since: bigint, work: DisputeWork) {
    this.game = contracts.tensHashGame.address;
    this.#chain = chain;
    this.#contracts = contracts;
    this.#since = since;
    this.#work = work;
  }

  async claimOf({ id }: Accusation): Promise<Hex> {
    const details = await this.#details(id);
    const { y, traceId, epoch } = details;
    const { beacon, mint } = this.#contracts;
    const x = ticketInput({ chainId: BigInt(this.#chain.deployment.chainId), mint: mint.address, ...details });
    return questionHash({ seed: await beacon.read.seedOf([epoch]), x: bytesToHex(x), y, traceId });
  }

  async opening({ id }: Accusation): Promise<Step> {
    const details = await this.#details(id);
    const [one, other] = [await this.#work.ticket(details, false), await this.#work.ticket(details, true)];
    if (bytesToHex(one.y) !== bytesToHex(other.y) || tensHashTraceId(one.trace) !== tensHashTraceId(other.trace))
      throw new GristmillError("RERUNS_DIFFER", "two hashers of this node give the ticket different outputs", {
        hints: ["check them: `oracle-miner tenshash check`"],
      });
    if (bytesToHex(one.y) === details.y && tensHashTraceId(one.trace) === details.traceId)
      throw new GristmillError("TICKET_AGREES", "the ticket hashes to what was claimed", {
        hints: ["there is nothing to challenge"],
      });
    return this.#step("challenge", [details], await this.#contracts.tensHashGame.read.REVEAL_GAS());
  }

  async next(dispute: KnownDispute, side: number): Promise<Step | undefined> {
    const { disputeId } = dispute;
    const logs = await logsOfDispute(this.#chain, this.game, dispute);
    const events = parseEventLogs({ abi: tensHashGameAbi, logs, strict: true });
    const challenged = events.find(({ eventName }) => eventName === "ClaimChallenged");
    if (challenged?.eventName !== "ClaimChallenged") return undefined;
    const { claimId, question } = challenged.args;
    const truth = await this.#work.ticket(await this.#details(claimId), false);
    if (side === Side.Defender) {
      const gas = await this.#contracts.tensHashGame.read.PROVE_GAS();
      return this.#step("reveal", [disputeId, question, bytesToHex(truth.trace), "0x"], gas);
    }
    const revealed = events.find(({ eventName }) => eventName === "TraceRevealed");
    if (revealed?.eventName !== "TraceRevealed") return undefined;
    return this.#proof(disputeId, question, hexToBytes(revealed.args.trace), truth);
  }

  forget(): void {
    // Hashing a ticket again costs nothing worth keeping.
  }

  async #proof(disputeId: Hex, question: Question, trace: Uint8Array, truth: TicketTruth): Promise<Step> {
    const neuron = firstFalseNeuron({ y: hexToBytes(question.y), trace }, truth);
    if (neuron === undefined)
      throw new GristmillError("NOTHING_TO_REFUTE", "the revealed trace is the one that this node computed", {
        hints: ["let the dispute expire: there is nothing to show"],
      });
    const { layer, index } = neuron;
    const { states, proof } = openLayer(trace, layer);
    return this.#step("prove", [disputeId, question, layer, index, states, proof], 0n);
  }

  #details(claimId: Hex): Promise<ClaimDetails> {
    return fetchDetails(this.#contracts, claimId, this.#since);
  }

  async #step(functionName: string, args: readonly unknown[], answerGas: bigint): Promise<Step> {
    const value = await priceOf(this.#chain, this.#contracts, answerGas);
    return { address: this.game, abi: [...tensHashGameAbi, ...COURT_ERRORS], functionName, args, value };
  }
}

/** What the court calls a question: keccak256(abi.encode(question)). */
export function questionHash({ seed, x, y, traceId }: Question): Hex {
  return keccak256(concat([seed, x, y, traceId]));
}
