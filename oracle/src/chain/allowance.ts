import type { Hex } from "viem";

import type { Chain } from "./chain.ts";
import type { Contracts } from "./contracts.ts";

/**
 * Lets a contract take so much GRIST from the node's wallet. What an earlier call allowed and nobody took counts: a node that
 * was killed before it went on does not pay for the same approval twice.
 *
 * @param amount GRIST wei
 * @throws GristmillError as {@link Chain.transact} does
 */
export async function ensureAllowance(
  { chain, contracts }: { readonly chain: Chain; readonly contracts: Pick<Contracts, "token"> },
  spender: Hex,
  amount: bigint,
): Promise<void> {
  const { address, abi, read } = contracts.token;
  if ((await read.allowance([chain.account.address, spender])) >= amount) return;
  await chain.transact({ address, abi, functionName: "approve", args: [spender, amount] });
}
