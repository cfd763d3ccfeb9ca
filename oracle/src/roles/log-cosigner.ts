import { setImmediate as nextTurn } from "node:timers/promises";

import type { G1Words, LogDomain } from "@gristmill/sdk";
import { addKeys, addSignatures, blsSign, blsVerify, GristmillError, logDigest, logDomain } from "@gristmill/sdk";
import type { Hex } from "viem";
import { concatHex, hexToBytes, isAddressEqual, parseSignature, signatureToCompactSignature, size, slice } from "viem";

import type { Head } from "../chain/chain.ts";
import { isRevert } from "../chain/chain.ts";
import { epochAt, lastBlockOf } from "../chain/epochs.ts";
import type { CosignAnswer, CosignQuestion, SignatureKind } from "../network/cosign-exchange.ts";
import { createSignerRecovery, signDigest } from "../network/signature.ts";
import type { EpochLog, LogNode, LogSession } from "./epoch-log.ts";
import { gatherEpoch, rootOfEpoch } from "./epoch-log.ts";
import type { LogKeys } from "./log-keys.ts";
import { hasPlace, placesOf } from "./log-keys.ts";
import type { Member } from "./membership.ts";
import type { TaskFollower } from "./task-follower.ts";
import { isTerminal } from "./task-follower.ts";

/** Blocks that each supervisor leaves to the one before it, and for which it waits for all when a quorum has signed. */
const TURN_BLOCKS = 3n;
const PATIENCE_BLOCKS = 2n;

/** Milliseconds for the others to answer; they may have to fetch segments. */
const ANSWER_TIMEOUT = 8_000;

/** Signatures over one log, by place. */
type Signatures = ReadonlyMap<number, Hex>;

/**
 * A supervisor's part in the co-signed log of one task (contracts/interfaces/ISupervisorLog.sol). When an epoch is over,
 * the supervisor whose turn it is proposes the log of all slots whose messages it holds; the others sign if they hold the
 * same, having fetched what they lack; where they differ, each says what it holds and fetches the rest from the others, so
 * that all come to hold what any of them does. What is signed is true however often the set grows meanwhile: the root of a
 * set of slots is the chain's, not the signers'. So there is nothing to vote on, and nothing to remember of what was signed.
 */
export class LogCosigner {
  readonly #node: LogNode;
  readonly #session: LogSession;
  readonly #follower: Pick<TaskFollower, "now" | "next">;
  readonly #place: number;
  readonly #supervisors: readonly Member[];
  readonly #keys: LogKeys;
  readonly #domain: LogDomain;
  readonly #recoverSigner = createSignerRecovery();
  /** Epochs that are over and may have a log to post. */
  readonly #waiting = new Set<bigint>();
  #next: bigint;

  constructor(
    node: LogNode,
    session: LogSession,
    follower: Pick<TaskFollower, "now" | "next">,
    place: number,
    supervisors: readonly Member[],
    keys: LogKeys,
  ) {
    this.#node = node;
    this.#session = session;
    this.#follower = follower;
    this.#place = place;
    this.#supervisors = supervisors;
    this.#keys = keys;
    this.#domain = logDomain(node.chain.deployment.chainId, node.contracts.supervisorLog.address);
    this.#next = epochAt(node.schedule, session.terms.createdAt);
  }

  /** Signs for others and posts on its turn, until the task is over. */
  async run(): Promise<void> {
    const stopServing = await this.#node.network.serveCosigning((question) => this.answer(question));
    try {
      for (let moment = await this.#follower.now(); ; moment = await this.#follower.next()) {
        await this.look(moment.head);
        if (isTerminal(moment.task.phase)) return;
      }
    } finally {
      await stopServing();
    }
  }

  /** Does what is due as of a head of the chain. */
  async look(head: Head): Promise<void> {
    for (const current = epochAt(this.#node.schedule, head.number); this.#next < current; this.#next += 1n)
      this.#waiting.add(this.#next);
    for (const epoch of this.#waiting) {
      try {
        if (await this.#attend(epoch, head.number)) this.#waiting.delete(epoch);
      } catch (error) {
        // Another supervisor posted it under way, or its time is over: the next look shows.
        if (!isRevert(error)) throw error;
        this.#node.log.debug({ event: "log-refused", task: this.#session.terms.taskId, epoch: Number(epoch), error });
      }
    }
  }

  /** Does what an epoch asks of this supervisor now; true if that is nothing any more. */
  async #attend(epoch: bigint, head: bigint): Promise<boolean> {
    const { beacon, supervisorLog } = this.#node.contracts;
    const { taskId } = this.#session.terms;
    // What is sent now is mined in the next block at the earliest.
    if (head + 1n >= (await beacon.read.settlesAt([epoch]))) return true;
    const log = await gatherEpoch(this.#node, this.#session, epoch);
    if (log.committed.length === 0) return true;
    if (BigInt(await supervisorLog.read.rootOf([taskId, epoch])) !== 0n) return this.#addOwn(log, head);
    const age = head - lastBlockOf(this.#node.schedule, epoch);
    const turn = TURN_BLOCKS * this.#turnIn(epoch);
    if (log.held.length === 0 || age < turn) return false;

    const enrolled = await this.#keys.enroll();
    const kind: SignatureKind = placeCount(enrolled) >= this.#quorum ? "bls" : "plain";
    const signatures = await this.#collect(log, kind, enrolled);
    const wanted = age < turn + PATIENCE_BLOCKS ? this.#supervisors.length : this.#quorum;
    if (signatures.size < wanted) return false;
    await this.#post(log, kind, signatures, enrolled);
    return true;
  }

  /** How many supervisors come before this one in an epoch. */
  #turnIn(epoch: bigint): bigint {
    const n = BigInt(this.#supervisors.length);
    return (BigInt(this.#place) + n - (epoch % n)) % n;
  }

  get #quorum(): number {
    return Math.floor(this.#supervisors.length / 2) + 1;
  }

  /** The own signature over a log, and those of all who hold the same. */
  async #collect(log: EpochLog, kind: SignatureKind, enrolled: bigint): Promise<Signatures> {
    const { taskId } = this.#session.terms;
    const question: CosignQuestion = { taskId, epoch: log.epoch, slots: log.held, kind };
    const signal = AbortSignal.any([this.#node.signal, AbortSignal.timeout(ANSWER_TIMEOUT)]);
    const digest = this.#digestOf(log);
    const candidates: Pick<CosignAnswer, "place" | "signature">[] = [
      { place: this.#place, signature: this.#sign(digest, kind) },
      ...(await this.#node.network.askToCosign(question, signal)),
    ];
    const signatures = new Map<number, Hex>();
    for (const { place, signature } of candidates) {
      if (signature === undefined || (kind === "bls" && !hasPlace(enrolled, place))) continue;
      if (this.#isSigned(digest, place, signature, kind)) signatures.set(place, signature);
      // A pairing takes tens of milliseconds.
      await nextTurn();
    }
    return signatures;
  }

  async #post(log: EpochLog, kind: SignatureKind, signatures: Signatures, enrolled: bigint): Promise<void> {
    const { address, abi } = this.#node.contracts.supervisorLog;
    const { taskId } = this.#session.terms;
    const period = { taskId, epoch: log.epoch, slots: placesOf(log.held) };
    const signers = placesOf(signatures.keys());
    const sorted = [...signatures].toSorted(([a], [b]) => a - b).map(([, signature]) => signature);
    if (kind === "bls") {
      const aggregate = {
        signers,
        signature: addSignatures(sorted.map(pointOf)),
        key: addKeys(this.#keys.among(signers)),
        absent: this.#keys.among(enrolled & ~signers),
      };
      await this.#node.chain.transact({ address, abi, functionName: "post", args: [period, aggregate] });
    } else {
      const args = [period, signers, sorted.map(compact)] as const;
      await this.#node.chain.transact({ address, abi, functionName: "postPlain", args });
    }
    this.#node.log.info({
      event: "log-posted",
      task: taskId,
      epoch: Number(log.epoch),
      root: rootOfEpoch(log),
      segments: log.segments.flat().length,
      slots: log.held,
      signers: [...signatures.keys()].toSorted((a, b) => a - b),
      signature: kind,
    });
  }

  /** A log that was posted without this supervisor gets its signature, if it holds what it says. */
  async #addOwn(log: EpochLog, head: bigint): Promise<boolean> {
    const { supervisorLog } = this.#node.contracts;
    const { taskId } = this.#session.terms;
    const fromBlock = lastBlockOf(this.#node.schedule, log.epoch);
    const [posted] = await supervisorLog.getEvents.LogPosted(
      { taskId, epoch: log.epoch },
      { fromBlock, toBlock: head },
    );
    const { slots, signers, root } = posted?.args ?? {};
    if (slots === undefined || signers === undefined || root === undefined) return false;
    if (hasPlace(signers, this.#place)) return true;
    if (!log.segments.every((ids, slot) => ids.length > 0 || !hasPlace(slots, slot))) return false;
    const { address, abi } = supervisorLog;
    const signature = compact(this.#sign(logDigest(this.#domain, taskId, log.epoch, root), "plain"));
    const args = [taskId, log.epoch, this.#place, signature] as const;
    await this.#node.chain.transact({ address, abi, functionName: "cosign", args });
    return true;
  }

  /** What this supervisor says to another one's proposal. */
  async answer({ taskId, epoch, slots, kind }: CosignQuestion): Promise<CosignAnswer | undefined> {
    const { head } = await this.#follower.now();
    if (taskId !== this.#session.terms.taskId || epoch >= epochAt(this.#node.schedule, head.number)) return undefined;
    const log = await gatherEpoch(this.#node, this.#session, epoch);
    const isSame = log.held.length > 0 && log.held.join() === slots.join();
    const isPossible = kind === "plain" || this.#keys.own !== undefined;
    const signature = isSame && isPossible ? this.#sign(this.#digestOf(log), kind) : undefined;
    return { place: this.#place, held: log.held, signature };
  }

  #digestOf(log: EpochLog): Hex {
    return logDigest(this.#domain, this.#session.terms.taskId, log.epoch, rootOfEpoch(log));
  }

  /** @throws GristmillError KEY_MISSING */
  #sign(digest: Hex, kind: SignatureKind): Hex {
    const { privateKey } = this.#node.config;
    if (privateKey === undefined) throw new GristmillError("KEY_MISSING", "logs are signed, and no key was given");
    if (kind === "bls" && this.#keys.own !== undefined) return concatHex(blsSign(this.#keys.own, digest).words);
    return signDigest(digest, hexToBytes(privateKey));
  }

  #isSigned(digest: Hex, place: number, signature: Hex, kind: SignatureKind): boolean {
    const member = this.#supervisors[place];
    if (member === undefined) return false;
    if (kind === "bls") return size(signature) === 128 && blsVerify(this.#keys.of(place), pointOf(signature), digest);
    const signer = this.#recoverSigner(digest, signature);
    return signer !== undefined && isAddressEqual(signer, member.operator);
  }
}

function placeCount(places: bigint): number {
  let count = 0;
  for (let rest = places; rest !== 0n; rest &= rest - 1n) count += 1;
  return count;
}

function pointOf(signature: Hex): G1Words {
  const word = (index: number): Hex => slice(signature, 32 * index, 32 * index + 32);
  return { words: [word(0), word(1), word(2), word(3)] };
}

function compact(signature: Hex): { readonly r: Hex; readonly vs: Hex } {
  const { r, yParityAndS } = signatureToCompactSignature(parseSignature(signature));
  return { r, vs: yParityAndS };
}
