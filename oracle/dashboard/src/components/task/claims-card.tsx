import { workMintAbi } from "@gristmill/sdk";
import { Text } from "@mantine/core";
import type { Hex } from "viem";

import { readEvents } from "../../chain/read-events.ts";
import type { Suite } from "../../chain/suite.ts";
import { useChainQuery } from "../../chain/use-chain-query.ts";
import { Card, Nothing } from "../card.tsx";
import { DataTable } from "../data-table.tsx";
import { formatAmount, formatCount } from "../format.ts";
import { HexText } from "../hex.tsx";

/** States of a claim by the mint's numbers, and what each means for its reward. */
const STATES = [
  "none",
  "waits for attestations",
  "attested, waits for its window to end",
  "minted",
  "minted, verifiers paid too",
  "not paid: too few attested it in time",
  "not paid: the slot was convicted",
] as const;

/** The latest claims that are shown. */
const SHOWN = 50;

/** Tickets of the task that were lucky, and what became of each: why it was paid or not. */
export function ClaimsCard({ taskId, macs }: { readonly taskId: Hex; readonly macs: bigint }) {
  const { data } = useChainQuery(["task-claims", taskId], async (suite) => readClaims(suite, taskId));
  return (
    <Card title="Lucky tickets">
      {data === undefined ? (
        <Nothing>…</Nothing>
      ) : (
        <Text size="sm" c="dimmed">
          An iteration earns {(Number(macs) / Number(data.macsPerTicket)).toFixed(2)} tickets. The task's tickets have
          minted {formatAmount(data.minted)} of the at most {formatAmount(data.cap)} GRIST that its burn allows.
        </Text>
      )}
      {data === undefined || data.claims.length === 0 ? null : (
        <DataTable
          caption="Claims of lucky tickets"
          rows={data.claims}
          keyOf={({ claimId }) => claimId}
          columns={[
            { title: "Claim", cell: ({ claimId }) => <HexText value={claimId} name="claim" /> },
            { title: "Slot", cell: ({ slot }) => slot, isNumeric: true },
            { title: "Iteration", cell: ({ iteration }) => formatCount(iteration), isNumeric: true },
            { title: "Epoch", cell: ({ epoch }) => formatCount(epoch), isNumeric: true },
            { title: "Attestations", cell: ({ attestations }) => attestations, isNumeric: true },
            { title: "State", cell: ({ state }) => STATES[state] ?? `state ${state}` },
          ]}
        />
      )}
    </Card>
  );
}

async function readClaims({ client, contracts, since }: Suite, taskId: Hex) {
  const mint = { address: contracts.WorkMint, abi: workMintAbi } as const;
  const [events, macsPerTicket, minted, cap] = await Promise.all([
    readEvents(client, { ...mint, eventName: "TicketClaimed", args: { taskId }, since }),
    client.readContract({ ...mint, functionName: "macsPerTicket" }),
    client.readContract({ ...mint, functionName: "mintedFor", args: [taskId] }),
    client.readContract({ ...mint, functionName: "mintCapOf", args: [taskId] }),
  ]);
  const claims = await Promise.all(
    events
      .slice(-SHOWN)
      .reverse()
      .map(async ({ args: { claimId, details } }) => {
        const view = await client.readContract({ ...mint, functionName: "claimOf", args: [claimId] });
        return {
          claimId,
          slot: details.slot,
          iteration: details.index,
          epoch: details.epoch,
          attestations: view.attestations,
          state: view.state,
        };
      }),
  );
  return { claims, macsPerTicket, minted, cap };
}
