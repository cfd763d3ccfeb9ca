import type { BlsKey, G2Words } from "@gristmill/sdk";
import { addKeys, blsKeyOf, GristmillError, provePossession } from "@gristmill/sdk";
import type { Hex } from "viem";
import { isAddressEqual, zeroHash } from "viem";

import { isRevert } from "../chain/chain.ts";
import type { LogNode } from "./epoch-log.ts";
import type { Member } from "./membership.ts";

/** Whether a set of places, as contracts have it, has a place. */
export function hasPlace(places: bigint, place: number): boolean {
  return (places & (1n << BigInt(place))) !== 0n;
}

/** A set of places, as contracts have it. */
export function placesOf(places: Iterable<number>): bigint {
  let set = 0n;
  for (const place of places) set |= 1n << BigInt(place);
  return set;
}

/** The BLS keys of a task's supervisors, and this node's own. */
export class LogKeys {
  /** Undefined where the chain lacks the precompiles of EIP-2537. */
  readonly own: BlsKey | undefined;
  readonly #node: LogNode;
  readonly #taskId: Hex;
  readonly #supervisors: readonly Member[];
  /** By place. */
  readonly #known = new Map<number, G2Words>();

  private constructor(node: LogNode, taskId: Hex, supervisors: readonly Member[], own: BlsKey | undefined) {
    this.own = own;
    this.#node = node;
    this.#taskId = taskId;
    this.#supervisors = supervisors;
  }

  /**
   * Sees to it that the own key is registered, where keys are of use.
   * @throws GristmillError KEY_MISSING
   */
  static async create(node: LogNode, taskId: Hex, supervisors: readonly Member[]): Promise<LogKeys> {
    const { supervisorLog } = node.contracts;
    if (!(await supervisorLog.read.hasBls())) return new LogKeys(node, taskId, supervisors, undefined);
    const { privateKey } = node.config;
    if (privateKey === undefined) throw new GristmillError("KEY_MISSING", "logs are signed, and no key was given");
    const own = blsKeyOf(privateKey);
    const operator = node.chain.account.address;
    if ((await supervisorLog.read.keyHashOf([operator])) === zeroHash) {
      const proof = provePossession(own, await supervisorLog.read.possessionDigest([operator, own.public]));
      const { address, abi } = supervisorLog;
      await node.chain.transact({ address, abi, functionName: "registerKey", args: [own.public, proof] });
    }
    return new LogKeys(node, taskId, supervisors, own);
  }

  /** @throws GristmillError LOG_KEY_UNKNOWN */
  of(place: number): G2Words {
    const key = this.#known.get(place);
    if (key === undefined)
      throw new GristmillError("LOG_KEY_UNKNOWN", `the key of supervisor ${String(place)} is not known`, {
        hints: ["the node's endpoint must serve the events of the SupervisorLog since its deployment"],
      });
    return key;
  }

  /** The keys of some places, in ascending order. */
  among(places: bigint): G2Words[] {
    return this.#supervisors.flatMap((_, place) => (hasPlace(places, place) ? [this.of(place)] : []));
  }

  /**
   * Makes the keys that were registered since part of the task's.
   * @returns the places whose keys are
   */
  async enroll(): Promise<bigint> {
    const { supervisorLog } = this.#node.contracts;
    if (this.own === undefined) return 0n;
    await this.#learn();
    const enrolled = await supervisorLog.read.enrolledOf([this.#taskId]);
    const missing = placesOf(this.#known.keys()) & ~enrolled;
    if (missing === 0n) return enrolled;
    const { address, abi } = supervisorLog;
    const args = [this.#taskId, missing, this.among(missing), addKeys(this.among(enrolled))] as const;
    try {
      await this.#node.chain.transact({ address, abi, functionName: "enroll", args });
    } catch (error) {
      // Another supervisor was first.
      if (!isRevert(error)) throw error;
    }
    return supervisorLog.read.enrolledOf([this.#taskId]);
  }

  async #learn(): Promise<void> {
    if (this.#known.size === this.#supervisors.length) return;
    const { chain, contracts } = this.#node;
    const operator = this.#supervisors.map((member) => member.operator);
    const fromBlock = BigInt(chain.deployment.blockNumber);
    for (const { args } of await contracts.supervisorLog.getEvents.KeyRegistered({ operator }, { fromBlock })) {
      const { operator: owner, key } = args;
      if (owner === undefined || key === undefined) continue;
      const place = this.#supervisors.findIndex((member) => isAddressEqual(member.operator, owner));
      if (place >= 0) this.#known.set(place, key);
    }
  }
}
