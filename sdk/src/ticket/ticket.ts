/**
 * Tickets (DESIGN section 6): how many an iteration earns, what TensHash is applied to, and which of them are lucky. The
 * mirror of WorkMint's `ticketsOf`, `ticketInput` and `isLucky`.
 */
import { type Address, bytesToBigInt, encodeAbiParameters, type Hex, keccak256 } from "viem";
import { GristmillError } from "../errors.ts";

/** What a ticket's input binds it to. */
export interface TicketSource {
  readonly chainId: bigint;
  /** Address of the WorkMint. */
  readonly mint: Address;
  readonly taskId: Hex;
  /** Owner of the slot, to whom the reward goes. */
  readonly miner: Address;
  readonly slot: number;
  /** Iteration of the slot. */
  readonly index: number;
  /** The iteration's link of the work chain, from its record. */
  readonly work: Hex;
  /** j, from 0 to the iteration's `ticketsOf` - 1. */
  readonly ticket: number;
}

const TICKET_WORDS = [
  { type: "uint256", name: "chainId" },
  { type: "address", name: "mint" },
  { type: "bytes32", name: "taskId" },
  { type: "address", name: "miner" },
  { type: "uint256", name: "slot" },
  { type: "uint256", name: "index" },
  { type: "bytes32", name: "work" },
  { type: "uint256", name: "ticket" },
] as const;

/**
 * Tickets that iteration `index` of a slot earns: `floor((i + 1) macs / T) - floor(i macs / T)`, so that over a slot's
 * life no multiply-accumulate is lost or counted twice.
 *
 * @param macs multiply-accumulates of one iteration
 * @param macsPerTicket T, an immutable of the mint
 * @throws GristmillError TICKET_NO_RATE if T is not positive
 */
export function ticketsOf(macs: bigint, macsPerTicket: bigint, index: number): bigint {
  if (macsPerTicket <= 0n) {
    throw new GristmillError("TICKET_NO_RATE", `A ticket costs at least 1 multiply-accumulate, not ${macsPerTicket}.`);
  }
  const i = BigInt(index);
  return ((i + 1n) * macs) / macsPerTicket - (i * macs) / macsPerTicket;
}

/**
 * x, the TensHash input of a ticket: `keccak256(abi.encode(chainid, mint, taskId, miner, slot, index, work, j))`.
 *
 * @returns 32 bytes, byte 0 of the bytes32 first
 */
export function ticketInput(source: TicketSource): Uint8Array {
  const { chainId, mint, taskId, miner, slot, index, work, ticket } = source;
  const words = [chainId, mint, taskId, miner, BigInt(slot), BigInt(index), work, BigInt(ticket)] as const;
  return keccak256(encodeAbiParameters(TICKET_WORDS, words), "bytes");
}

/**
 * The number that a ticket is drawn by: `uint256(keccak256(abi.encode(y, x)))`. TensHash's own output bits are biased,
 * so it is hashed once more.
 *
 * @param y the TensHash of x, 32 bytes
 * @param x the ticket's input, 32 bytes
 * @throws GristmillError TICKET_WORD_SIZE
 */
export function luckyHash(y: Uint8Array, x: Uint8Array): bigint {
  for (const [name, word] of Object.entries({ y, x })) {
    if (word.length !== 32) {
      throw new GristmillError("TICKET_WORD_SIZE", `A ticket's ${name} has 32 bytes, not ${word.length}.`);
    }
  }
  const encoded = new Uint8Array(64);
  encoded.set(y);
  encoded.set(x, 32);
  return bytesToBigInt(keccak256(encoded, "bytes"));
}

/** Whether a ticket wins under the epoch's target; arguments and errors as `luckyHash`. */
export function isLucky(y: Uint8Array, x: Uint8Array, target: bigint): boolean {
  return luckyHash(y, x) <= target;
}
