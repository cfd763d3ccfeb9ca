import { Anchor, SimpleGrid, Stack } from "@mantine/core";
import { epochBeaconAbi, gristTokenAbi, workMintAbi } from "@gristmill/sdk";
import { Link } from "wouter";

import { OPEN, readDisputes, WAITING } from "../chain/disputes.ts";
import { readEvents } from "../chain/read-events.ts";
import type { Suite } from "../chain/suite.ts";
import { useSuite } from "../chain/suite-context.ts";
import { isRunning, PHASES, readTasks } from "../chain/tasks.ts";
import { useChainQuery } from "../chain/use-chain-query.ts";
import { Card, Figure, Nothing, PageTitle } from "../components/card.tsx";
import { DataTable } from "../components/data-table.tsx";
import { ErrorNote } from "../components/error-note.tsx";
import { formatAmount, formatCount } from "../components/format.ts";
import { HexText } from "../components/hex.tsx";
import { TaskTable } from "../components/task-table.tsx";

/** Latest claims that are shown. */
const CLAIMS = 8;

/** Everything at a glance, all of it from the chain. */
export function Overview() {
  const { chain } = useSuite();
  const { data: money, error } = useChainQuery(["money"], readMoney);
  const { data: tasks } = useChainQuery(["tasks"], readTasks);
  const { data: disputes } = useChainQuery(["disputes"], readDisputes);
  const { data: claims } = useChainQuery(["claims"], readClaims);
  const open = disputes?.filter(({ view }) => view.state === OPEN || view.state === WAITING);
  return (
    <Stack gap="lg">
      <PageTitle title="Overview" />
      {error === null || money !== undefined ? null : <ErrorNote error={error} title="The chain cannot be read" />}
      <SimpleGrid cols={{ base: 2, lg: 4 }}>
        <Figure label="Chain" value={chain.name} note={`id ${chain.id}`} />
        <Figure
          label="Epoch"
          value={money && formatCount(money.epoch)}
          note={money && `ends with block ${formatCount(money.epochEnds)}`}
        />
        <Figure
          label="Target of this epoch"
          value={money && chanceOf(money.target)}
          note="tickets for a lucky one, on average"
        />
        <Figure
          label="Emission of this epoch"
          value={money && `${formatAmount(money.emission)} GRIST`}
          note="shared by its accepted claims"
        />
        <Figure
          label="Supply"
          value={money && `${formatAmount(money.supply)} GRIST`}
          note={money && `of at most ${formatAmount(money.cap)}`}
        />
        <Figure
          label="Tasks that run"
          value={tasks?.tasks.filter(({ view }) => isRunning(view.phase)).length}
          note={tasks && `${formatCount(tasks.count)} in all`}
        />
        <Figure label="Open disputes" value={open?.length} note={disputes && `${disputes.length} in all`} />
        <Figure label="Lucky tickets claimed" value={claims?.count} />
      </SimpleGrid>
      <Card
        title="Tasks"
        aside={
          <Anchor component={Link} href="/tasks">
            All tasks
          </Anchor>
        }
      >
        {tasks === undefined ? null : <PhaseCounts phases={tasks.tasks.map(({ view }) => view.phase)} />}
        <TaskTable tasks={tasks?.tasks.slice(0, 5)} />
      </Card>
      <Card title="Recent lucky tickets">
        {claims === undefined || claims.latest.length === 0 ? (
          <Nothing>{claims === undefined ? "…" : "No ticket was lucky yet."}</Nothing>
        ) : (
          <DataTable
            caption="Recent lucky tickets"
            rows={claims.latest}
            keyOf={({ claimId }) => claimId}
            columns={[
              { title: "Claim", cell: ({ claimId }) => <HexText value={claimId} name="claim" /> },
              { title: "Miner", cell: ({ miner }) => <HexText value={miner} name="miner" /> },
              {
                title: "Task",
                cell: ({ taskId }) => (
                  <Anchor component={Link} href={`/tasks/${taskId}`} className="mono">
                    {taskId.slice(0, 10)}
                  </Anchor>
                ),
              },
              { title: "Epoch", cell: ({ epoch }) => formatCount(epoch), isNumeric: true },
              { title: "Iteration", cell: ({ iteration }) => formatCount(iteration), isNumeric: true },
              { title: "Block", cell: ({ block }) => formatCount(block), isNumeric: true },
            ]}
          />
        )}
      </Card>
    </Stack>
  );
}

function PhaseCounts({ phases }: { readonly phases: readonly number[] }) {
  const counts = PHASES.map((name, phase) => ({ name, count: phases.filter((one) => one === phase).length }));
  return (
    <p>
      {counts
        .filter(({ count }) => count > 0)
        .map(({ name, count }) => `${count} in ${name}`)
        .join(", ")}
    </p>
  );
}

async function readMoney({ client, contracts }: Suite) {
  const beacon = { address: contracts.EpochBeacon, abi: epochBeaconAbi } as const;
  const token = { address: contracts.GristToken, abi: gristTokenAbi } as const;
  const mint = { address: contracts.WorkMint, abi: workMintAbi } as const;
  const epoch = await client.readContract({ ...beacon, functionName: "currentEpoch" });
  const [epochEnds, supply, cap, emission, target] = await Promise.all([
    client.readContract({ ...beacon, functionName: "lastBlockOf", args: [epoch] }),
    client.readContract({ ...token, functionName: "totalSupply" }),
    client.readContract({ ...token, functionName: "cap" }),
    client.readContract({ ...mint, functionName: "emissionOf", args: [epoch] }),
    client.readContract({ ...mint, functionName: "targetOf", args: [epoch] }),
  ]);
  return { epoch, epochEnds, supply, cap, emission, target };
}

async function readClaims({ client, contracts, since }: Suite) {
  const events = await readEvents(client, {
    address: contracts.WorkMint,
    abi: workMintAbi,
    eventName: "TicketClaimed",
    since,
  });
  const latest = events
    .slice(-CLAIMS)
    .reverse()
    .map(({ args, blockNumber }) => ({
      claimId: args.claimId,
      taskId: args.taskId,
      miner: args.miner,
      epoch: args.details.epoch,
      iteration: args.details.index,
      block: blockNumber,
    }));
  return { count: events.length, latest };
}

/** "1 in 64": a ticket is lucky with the probability (target + 1) / 2^256. */
function chanceOf(target: bigint): string {
  return target === 0n ? "closed" : `1 in ${formatCount(2 ** 256 / Number(target))}`;
}
