import type { EthereumProvider } from "hardhat/types/providers";

import { encodeBlockHeader, type RpcBlockHeader } from "../../../sdk/src/contracts/block-header.ts";

/** RLP bytes of the header of a mined block, ready for `proveSeed`, `proveRandomness` and `begin`. */
export async function headerOf(provider: EthereumProvider, blockNumber: bigint): Promise<string> {
  const block: unknown = await provider.request({
    method: "eth_getBlockByNumber",
    params: [`0x${blockNumber.toString(16)}`, false],
  });
  return encodeBlockHeader(block as RpcBlockHeader);
}
