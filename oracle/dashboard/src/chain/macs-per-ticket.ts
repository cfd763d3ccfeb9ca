import { workMintAbi } from "@gristmill/sdk";

import type { Suite } from "./suite.ts";

/** T: multiply-accumulates that earn a ticket. */
export async function macsPerTicket({ client, contracts }: Suite): Promise<bigint> {
  return client.readContract({ address: contracts.WorkMint, abi: workMintAbi, functionName: "macsPerTicket" });
}
