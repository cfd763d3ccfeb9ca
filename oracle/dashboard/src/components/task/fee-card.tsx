import { taskRegistryAbi } from "@gristmill/sdk";
import type { Hex } from "viem";

import { readEvents } from "../../chain/read-events.ts";
import type { Suite } from "../../chain/suite.ts";
import type { readTask } from "../../chain/tasks.ts";
import { useChainQuery } from "../../chain/use-chain-query.ts";
import { Card, Nothing } from "../card.tsx";
import { DataTable } from "../data-table.tsx";
import { Facts } from "../facts.tsx";
import { formatAmount, formatShare } from "../format.ts";
import { HexText } from "../hex.tsx";

interface FeeCardProps {
  readonly taskId: Hex;
  readonly parameters: NonNullable<Awaited<ReturnType<typeof readTask>>>["created"]["parameters"];
}

/** How the client divided the fee, and what of it was credited to whom. */
export function FeeCard({ taskId, parameters: { fee, shares } }: FeeCardProps) {
  const { data: credits } = useChainQuery(["credits", taskId], async (suite) => readCredits(suite, taskId));
  const parts = Object.entries(shares).map(([name, basisPoints]) => [
    name === "burn" ? "burnt" : name,
    `${formatShare(basisPoints / 10_000)}, ${formatAmount((fee * BigInt(basisPoints)) / 10_000n)} GRIST`,
  ]);
  return (
    <Card title="Fee split">
      <Facts of={Object.fromEntries(parts) as Record<string, string>} />
      {credits === undefined || credits.length === 0 ? (
        <Nothing>Nothing was credited yet.</Nothing>
      ) : (
        <DataTable
          caption="Credits"
          rows={credits}
          keyOf={({ account }) => account}
          columns={[
            { title: "Account", cell: ({ account }) => <HexText value={account} name="account" /> },
            { title: "Credited", cell: ({ amount }) => `${formatAmount(amount)} GRIST`, isNumeric: true },
          ]}
        />
      )}
    </Card>
  );
}

async function readCredits({ client, contracts, since }: Suite, taskId: Hex) {
  const events = await readEvents(client, {
    address: contracts.TaskRegistry,
    abi: taskRegistryAbi,
    eventName: "Credited",
    args: { taskId },
    since,
  });
  const sums = new Map<Hex, bigint>();
  for (const { args } of events) sums.set(args.account, (sums.get(args.account) ?? 0n) + args.amount);
  return [...sums].map(([account, amount]) => ({ account, amount }));
}
