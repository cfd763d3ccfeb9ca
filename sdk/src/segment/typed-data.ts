import { keccak_256 } from "@noble/hashes/sha3.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import type { Address, Hex } from "viem";
import { domainSeparator } from "viem";

import { checkU32, ID_BYTES, idBytes, writeId } from "../internal/hash.ts";
import { bytesToId } from "../internal/merkle-fold.ts";
import type { Segment } from "./types.ts";

/** EIP-712 types of a signed segment, as `contracts/types/SegmentTypes.sol` has them. */
export const segmentTypes = {
  Segment: [
    { name: "taskId", type: "bytes32" },
    { name: "slot", type: "uint32" },
    { name: "first", type: "uint32" },
    { name: "last", type: "uint32" },
    { name: "previous", type: "bytes32" },
    { name: "recordsRoot", type: "bytes32" },
    { name: "stateId", type: "bytes32" },
    { name: "residualId", type: "bytes32" },
    { name: "work", type: "bytes32" },
  ],
} as const;

/** EIP-712 domain in which segments are signed. */
export interface SegmentDomain {
  readonly name: "Gristmill";
  readonly version: "1";
  readonly chainId: number;
  /** The TaskRegistry. */
  readonly verifyingContract: Address;
}

/** The domain of a deployment. Keep the object: `segmentDigest` caches its separator by it. */
export function segmentDomain(chainId: number, taskRegistry: Address): SegmentDomain {
  return { name: "Gristmill", version: "1", chainId, verifyingContract: taskRegistry };
}

const typeHash = keccak_256(
  utf8ToBytes(`Segment(${segmentTypes.Segment.map(({ name, type }) => `${type} ${name}`).join(",")})`),
);

const separators = new WeakMap<SegmentDomain, Uint8Array>();

/**
 * The 32 bytes that a slot's operator signs: equal to viem's `hashTypedData` over `segmentTypes`, without its general
 * encoder, since every message on a task's topic goes through here.
 *
 * @throws GristmillError ID_MALFORMED, INTEGER_RANGE
 */
export function segmentDigest(segment: Segment, domain: SegmentDomain): Hex {
  const words = new Uint8Array(10 * ID_BYTES);
  const view = new DataView(words.buffer);
  words.set(typeHash);
  segmentTypes.Segment.forEach(({ name }, index) => {
    const value = segment[name];
    const offset = (index + 1) * ID_BYTES;
    if (typeof value === "number") view.setUint32(offset + ID_BYTES - 4, checkU32(value));
    else writeId(value, words, offset);
  });
  const message = new Uint8Array(2 + 2 * ID_BYTES);
  message.set([0x19, 0x01]);
  message.set(separatorOf(domain), 2);
  message.set(keccak_256(words), 2 + ID_BYTES);
  return bytesToId(keccak_256(message));
}

function separatorOf(domain: SegmentDomain): Uint8Array {
  let separator = separators.get(domain);
  if (separator === undefined) {
    separator = idBytes(domainSeparator({ domain }));
    separators.set(domain, separator);
  }
  return separator;
}
