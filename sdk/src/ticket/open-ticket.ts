/** Tickets of the open mint (DESIGN section 6): the mirror of OpenMint's `ticketInput`. */
import { type Address, encodeAbiParameters, type Hex, keccak256 } from "viem";

/** What a ticket of the open mint binds its input to. */
export interface OpenTicketSource {
  readonly chainId: bigint;
  /** Address of the OpenMint. */
  readonly openMint: Address;
  /** Who may claim it, and is paid. */
  readonly miner: Address;
  readonly epoch: bigint;
  /** Of the miner's choice, below 2^256. */
  readonly nonce: bigint;
}

const OPEN_TICKET_WORDS = [
  { type: "uint256", name: "chainId" },
  { type: "address", name: "openMint" },
  { type: "address", name: "miner" },
  { type: "uint64", name: "epoch" },
  { type: "uint256", name: "nonce" },
] as const;

/**
 * x, the TensHash input of a ticket and the id of its claim:
 * `keccak256(abi.encode(chainid, openMint, miner, epoch, nonce))`. Its bytes are TensHash's input, byte 0 first.
 */
export function openTicketInput({ chainId, openMint, miner, epoch, nonce }: OpenTicketSource): Hex {
  return keccak256(encodeAbiParameters(OPEN_TICKET_WORDS, [chainId, openMint, miner, epoch, nonce]));
}
