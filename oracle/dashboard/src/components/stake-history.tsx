import { stakeManagerAbi } from "@gristmill/sdk";
import type { Address } from "viem";

import { readEvents } from "../chain/read-events.ts";
import type { Suite } from "../chain/suite.ts";
import { useChainQuery } from "../chain/use-chain-query.ts";
import { Card, Nothing } from "./card.tsx";
import { DataTable } from "./data-table.tsx";
import { formatAmount, formatCount } from "./format.ts";
import { HexText } from "./hex.tsx";

/** What each event did to the stake, in words. */
const EVENTS = {
  Staked: "staked",
  UnstakeRequested: "began to unbond",
  Withdrawn: "withdrew",
  Locked: "locked",
  Unlocked: "unlocked",
  Slashed: "slashed",
} as const;

/** Lines that are shown, the latest. */
const SHOWN = 30;

/** All that ever happened to an account's stake. */
export function StakeHistory({ account }: { readonly account: Address }) {
  const { data: history } = useChainQuery(["stake-history", account], async (suite) => readHistory(suite, account));
  return (
    <Card title="History">
      {history === undefined || history.length === 0 ? (
        <Nothing>{history === undefined ? "…" : "This account never staked."}</Nothing>
      ) : (
        <DataTable
          caption="History of the stake"
          rows={history.slice(0, SHOWN)}
          keyOf={({ id }) => id}
          columns={[
            { title: "Block", cell: ({ block }) => formatCount(block), isNumeric: true },
            { title: "What", cell: ({ what }) => what },
            { title: "Amount", cell: ({ amount }) => `${formatAmount(amount)} GRIST`, isNumeric: true },
            { title: "Transaction", cell: ({ hash }) => <HexText value={hash} name="transaction" /> },
          ]}
        />
      )}
    </Card>
  );
}

async function readHistory({ client, contracts, since }: Suite, account: Address) {
  const names = Object.keys(EVENTS) as (keyof typeof EVENTS)[];
  const read = await Promise.all(
    names.map(async (eventName) => {
      const events = await readEvents(client, {
        address: contracts.StakeManager,
        abi: stakeManagerAbi,
        eventName,
        args: { account },
        since,
      });
      return events.map(({ args, blockNumber, logIndex, transactionHash }) => ({
        id: `${blockNumber}-${logIndex}`,
        block: blockNumber,
        index: logIndex,
        what: EVENTS[eventName],
        amount: args.amount,
        hash: transactionHash,
      }));
    }),
  );
  return read.flat().sort((a, b) => Number(b.block - a.block) || b.index - a.index);
}
