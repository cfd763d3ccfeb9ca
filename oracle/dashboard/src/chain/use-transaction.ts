import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import type { Abi, Address, Hex } from "viem";
import { useConnection, useConfig } from "wagmi";
import { getWalletClient } from "wagmi/actions";

import { GristmillError } from "@gristmill/sdk";

import type { Explanation } from "./explain-error.ts";
import { explainError } from "./explain-error.ts";
import { useSuite } from "./suite-context.ts";

/** A call that a visitor pays for. */
export interface Call {
  readonly address: Address;
  readonly abi: Abi;
  readonly functionName: string;
  readonly args?: readonly unknown[];
  /** Wei that goes along. */
  readonly value?: bigint;
}

/** How far a transaction is. */
export type TransactionState =
  | { readonly status: "idle" }
  /** The call is tried without paying: a refusal costs nothing. */
  | { readonly status: "checking" }
  /** The wallet asks its owner. */
  | { readonly status: "signing" }
  | { readonly status: "pending"; readonly hash: Hex }
  | { readonly status: "done"; readonly hash: Hex; readonly blockNumber: bigint }
  | { readonly status: "failed"; readonly why: Explanation };

/** Something that a visitor does with a wallet, and how far it is. */
export interface Transaction {
  readonly state: TransactionState;
  /** Tries the call, has it signed, sends it and waits for its block; never rejects. Resolves to whether it is done. */
  readonly send: (call: Call | (() => Promise<Call>)) => Promise<boolean>;
}

/** One action of a page. */
export function useTransaction(): Transaction {
  const { client, chain } = useSuite();
  const config = useConfig();
  const { address: account } = useConnection();
  const queries = useQueryClient();
  const [state, setState] = useState<TransactionState>({ status: "idle" });

  const send = useCallback(
    async (prepared: Call | (() => Promise<Call>)): Promise<boolean> => {
      try {
        if (account === undefined) {
          throw new GristmillError("NO_WALLET", "No wallet is connected.", { hints: ["connect one at the top"] });
        }
        setState({ status: "checking" });
        if (typeof prepared === "function") setState({ status: "signing" });
        const call = typeof prepared === "function" ? await prepared() : prepared;
        setState({ status: "checking" });
        await client.simulateContract({ ...call, account });
        setState({ status: "signing" });
        // Wagmi refuses here if the wallet is on another chain.
        const wallet = await getWalletClient(config, { chainId: chain.id, account });
        const hash = await wallet.writeContract({ ...call, account, chain });
        setState({ status: "pending", hash });
        const { status, blockNumber } = await client.waitForTransactionReceipt({ hash, pollingInterval: 1_000 });
        if (status === "reverted") {
          throw new GristmillError(
            "TRANSACTION_REVERTED",
            "The transaction was included, but the contract refused it.",
            {
              hints: ["something changed between the check and its block: try again"],
            },
          );
        }
        setState({ status: "done", hash, blockNumber });
        await queries.invalidateQueries({ queryKey: ["chain"] });
        return true;
      } catch (error) {
        setState({ status: "failed", why: explainError(error) });
        return false;
      }
    },
    [account, chain, client, config, queries],
  );
  return { state, send };
}
