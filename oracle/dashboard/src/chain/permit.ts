import { gristTokenAbi, permitTypes, stakeManagerAbi } from "@gristmill/sdk";
import type { Address } from "viem";
import { parseSignature } from "viem";
import type { Config } from "wagmi";
import { getWalletClient } from "wagmi/actions";

import type { Suite } from "./suite.ts";
import type { Call } from "./use-transaction.ts";

/** Seconds for which a permit may be used. */
const PERMIT_SECONDS = 1_200n;

/**
 * Has the wallet sign an EIP-2612 permit, which costs nothing, and makes the call that stakes with it.
 * @param amount GRIST wei
 */
export async function stakeWithPermit(suite: Suite, config: Config, owner: Address, amount: bigint): Promise<Call> {
  const { client, contracts, chain } = suite;
  const token = { address: contracts.GristToken, abi: gristTokenAbi } as const;
  const [nonce, [, name, version], { timestamp }] = await Promise.all([
    client.readContract({ ...token, functionName: "nonces", args: [owner] }),
    client.readContract({ ...token, functionName: "eip712Domain" }),
    client.getBlock(),
  ]);
  const deadline = timestamp + PERMIT_SECONDS;
  const wallet = await getWalletClient(config, { chainId: chain.id, account: owner });
  const signature = await wallet.signTypedData({
    account: owner,
    domain: { name, version, chainId: chain.id, verifyingContract: contracts.GristToken },
    types: permitTypes,
    primaryType: "Permit",
    message: { owner, spender: contracts.StakeManager, value: amount, nonce, deadline },
  });
  const { r, s, yParity } = parseSignature(signature);
  return {
    address: contracts.StakeManager,
    abi: stakeManagerAbi,
    functionName: "stakeWithPermit",
    args: [amount, deadline, 27 + yParity, r, s],
  };
}
