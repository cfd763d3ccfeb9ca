import { type Hex, keccak256, toRlp } from "viem";

import { GristmillError } from "../errors.ts";

/** What `eth_getBlockByNumber` returns of a block's header, as it came over JSON-RPC. */
export interface RpcBlockHeader {
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly sha3Uncles: Hex;
  readonly miner: Hex;
  readonly stateRoot: Hex;
  readonly transactionsRoot: Hex;
  readonly receiptsRoot: Hex;
  readonly logsBloom: Hex;
  readonly difficulty: Hex;
  readonly number: Hex;
  readonly gasLimit: Hex;
  readonly gasUsed: Hex;
  readonly timestamp: Hex;
  readonly extraData: Hex;
  readonly mixHash: Hex;
  readonly nonce: Hex;
  readonly baseFeePerGas?: Hex | null | undefined;
  readonly withdrawalsRoot?: Hex | null | undefined;
  readonly blobGasUsed?: Hex | null | undefined;
  readonly excessBlobGas?: Hex | null | undefined;
  readonly parentBeaconBlockRoot?: Hex | null | undefined;
  readonly requestsHash?: Hex | null | undefined;
}

/** The header's fields in the order in which they are hashed; from `baseFeePerGas` on, each came with a later fork. */
const FIELDS = [
  "parentHash",
  "sha3Uncles",
  "miner",
  "stateRoot",
  "transactionsRoot",
  "receiptsRoot",
  "logsBloom",
  "difficulty",
  "number",
  "gasLimit",
  "gasUsed",
  "timestamp",
  "extraData",
  "mixHash",
  "nonce",
  "baseFeePerGas", // EIP-1559
  "withdrawalsRoot", // EIP-4895
  "blobGasUsed", // EIP-4844
  "excessBlobGas", // EIP-4844
  "parentBeaconBlockRoot", // EIP-4788
  "requestsHash", // EIP-7685
] as const satisfies readonly (keyof RpcBlockHeader)[];

/** Fields that are numbers: RLP wants them without leading zeros, zero as the empty string. */
const QUANTITIES: ReadonlySet<string> = new Set([
  "difficulty",
  "number",
  "gasLimit",
  "gasUsed",
  "timestamp",
  "baseFeePerGas",
  "blobGasUsed",
  "excessBlobGas",
]);

/**
 * The RLP bytes of a block's header, whose keccak256 is the block's hash: what `EpochBeacon.proveSeed` and
 * `TaskRegistry.begin` take as proof of a block's prevrandao (DESIGN section 6).
 *
 * @param block the result of `eth_getBlockByNumber`, unformatted
 * @throws GristmillError `BLOCK_HEADER_MISMATCH` if the bytes do not hash to `block.hash`
 */
export function encodeBlockHeader(block: RpcBlockHeader): Hex {
  const fields = FIELDS.flatMap((name): Hex[] => {
    const value = block[name];
    if (value === undefined || value === null) return [];
    return [QUANTITIES.has(name) ? toMinimalBytes(value) : value];
  });
  const header = toRlp(fields);
  const hash = keccak256(header);
  if (hash !== block.hash) {
    throw new GristmillError(
      "BLOCK_HEADER_MISMATCH",
      `The header of block ${BigInt(block.number)} hashes to ${hash}, but the chain calls it ${block.hash}.`,
      {
        hints: [
          "Pass the block as eth_getBlockByNumber returned it, unformatted.",
          "If you did, this chain's headers have fields that this version does not know: such a chain cannot be used yet.",
        ],
      },
    );
  }
  return header;
}

function toMinimalBytes(quantity: Hex): Hex {
  const digits = BigInt(quantity).toString(16);
  if (digits === "0") return "0x";
  return `0x${digits.length % 2 === 0 ? digits : `0${digits}`}`;
}
