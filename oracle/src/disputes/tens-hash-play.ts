import { GristmillError, tensHashGameAbi, tensHashTraceId } from "@gristmill/sdk";
import type { AbiParameter, Hex } from "viem";
import { bytesToHex, encodeAbiParameters, hexToBytes, keccak256, parseEventLogs } from "viem";

import type { Chain } from "../chain/chain.ts";
import type { ClaimDetails } from "../chain/claim-details.ts";
import { fetchDetails } from "../chain/claim-details.ts";
import type { Contracts } from "../chain/contracts.ts";
import type { Accusation, KnownDispute } from "../storage/dispute-store.ts";
import { logsOfDispute, Side } from "./court-events.ts";
import { priceOf } from "./deposits.ts";
import type { DisputeWork } from "./dispute-work.ts";
import type { Play, Step } from "./play.ts";
import { COURT_ERRORS } from "./segment-play.ts";
import type { TicketTruth } from "./tens-hash-player.ts";
import { firstFalseNeuron, neuronProof } from "./tens-hash-player.ts";

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
    return disputedClaim(await this.#details(id));
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
    const details = await this.#details(challenged.args.claimId);
    const truth = await this.#work.ticket(details, false);
    if (side === Side.Defender) {
      const gas = await this.#contracts.tensHashGame.read.PROVE_GAS();
      return this.#step("reveal", [disputeId, details, bytesToHex(truth.trace), "0x"], gas);
    }
    const revealed = events.find(({ eventName }) => eventName === "TraceRevealed");
    if (revealed?.eventName !== "TraceRevealed") return undefined;
    return this.#proof(disputeId, details, hexToBytes(revealed.args.trace), truth);
  }

  forget(): void {
    // Hashing a ticket again costs nothing worth keeping.
  }

  async #proof(disputeId: Hex, details: ClaimDetails, trace: Uint8Array, truth: TicketTruth): Promise<Step> {
    const neuron = firstFalseNeuron({ y: hexToBytes(details.y), trace }, truth);
    if (neuron === undefined)
      throw new GristmillError("NOTHING_TO_REFUTE", "the revealed trace is the one that this node computed", {
        hints: ["let the dispute expire: there is nothing to show"],
      });
    return this.#step("prove", [disputeId, details, neuronProof(trace, neuron)], 0n);
  }

  #details(claimId: Hex): Promise<ClaimDetails> {
    return fetchDetails(this.#contracts, claimId, this.#since);
  }

  async #step(functionName: string, args: readonly unknown[], answerGas: bigint): Promise<Step> {
    const value = await priceOf(this.#chain, this.#contracts, answerGas);
    return { address: this.game, abi: [...tensHashGameAbi, ...COURT_ERRORS], functionName, args, value };
  }
}

/** What the court calls a claimed ticket: keccak256(abi.encode(details)). */
export function disputedClaim(details: ClaimDetails): Hex {
  const challenge = tensHashGameAbi.find((entry) => entry.type === "function" && entry.name === "challenge");
  return keccak256(encodeAbiParameters(challenge!.inputs as readonly AbiParameter[], [details]));
}
