import { SimpleGrid, Stack, Text } from "@mantine/core";

import { Card, Figure, Nothing, PageTitle } from "../components/card.tsx";
import { DataTable } from "../components/data-table.tsx";
import { ErrorNote } from "../components/error-note.tsx";
import { Facts } from "../components/facts.tsx";
import { formatCount, formatShare, formatTime } from "../components/format.ts";
import { HexText } from "../components/hex.tsx";
import { NodeLog } from "../components/node-log.tsx";
import type { NodeAnswers } from "../node/answers.ts";
import { useNode, useNodeQuery } from "../node/node-context.tsx";

/** The node behind the page: what it is, does, risks and earns, as it says itself (docs/API.md). */
export default function Miner() {
  const { state } = useNode();
  return (
    <Stack gap="lg">
      <PageTitle title="Miner" />
      {state === "none" ? (
        <Nothing>
          No node is configured. Open the page that a node serves itself (oracle-miner run), or name its address as
          apiUrl in config.json.
        </Nothing>
      ) : (
        <>
          {state === "stale" ? (
            <Text className="failure" role="status">
              The node does not answer. What stands below is what it said last.
            </Text>
          ) : null}
          <NodeFigures />
          <NodeLog />
        </>
      )}
    </Stack>
  );
}

function NodeFigures() {
  const { data: status, error } = useNodeQuery<NodeAnswers["status"]>("status");
  const { data: stake } = useNodeQuery<NodeAnswers["stake"]>("stake");
  const { data: rewards } = useNodeQuery<NodeAnswers["rewards"]>("rewards");
  const { data: tasks } = useNodeQuery<NodeAnswers["tasks"]>("tasks");
  const { data: claims } = useNodeQuery<NodeAnswers["claims"]>("claims");
  const { data: peers } = useNodeQuery<NodeAnswers["peers"]>("peers");
  if (status === null) {
    return <Nothing>What feeds this page gives the events of several nodes, and no figures of a single one.</Nothing>;
  }
  if (status === undefined) {
    return error === null ? <Nothing>Asking the node …</Nothing> : <ErrorNote error={error} title="The node refuses" />;
  }
  const parts = tasks?.tasks.filter(({ part }) => part !== undefined) ?? [];
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
        <Figure label="Role" value={status.role} note={status.name} />
        <Figure label="Peers" value={formatCount(status.peers)} />
        <Figure
          label="Stake"
          value={stake && `${stake.free} GRIST`}
          note={stake && `free; ${stake.locked} at risk behind work`}
        />
        <Figure
          label="Rewards"
          value={rewards && `${rewards.minted} GRIST`}
          note={rewards && `minted since its start; ${rewards.paid} paid, ${rewards.credit} to withdraw`}
        />
      </SimpleGrid>
      <Card title="The node">
        <Facts
          of={{
            Account: <HexText value={status.account} name="account" />,
            "Peer id": <span className="mono">{status.peerId}</span>,
            Addresses: <span className="mono">{status.addresses.join(" ")}</span>,
            Version: status.version,
            "Running since": formatTime(status.startedAt),
            "Chain's endpoints": status.chain.endpoints.map(({ url, state }) => `${url}: ${state}`).join(", "),
          }}
        />
      </Card>
      <Card title="Training">
        {parts.length === 0 ? (
          <Nothing>It trains in no task now.</Nothing>
        ) : (
          <DataTable
            caption="Tasks in which the node trains"
            rows={parts}
            keyOf={({ task }) => task}
            columns={[
              { title: "Task", cell: ({ task }) => <HexText value={task} name="task" /> },
              { title: "Phase", cell: ({ phase }) => phase },
              { title: "Slot", cell: ({ part }) => part?.slot, isNumeric: true },
              { title: "Iteration", cell: ({ part }) => part?.iteration, isNumeric: true },
              {
                title: "Accuracy",
                cell: ({ part }) => (part?.accuracy === undefined ? "–" : formatShare(part.accuracy)),
                isNumeric: true,
              },
              { title: "Loss", cell: ({ part }) => part?.loss?.toFixed(2) ?? "–", isNumeric: true },
            ]}
          />
        )}
      </Card>
      <Card title="Claims">
        {claims === undefined || claims === null || claims.claims.length === 0 ? (
          <Nothing>It made no claim, and was drawn to verify none.</Nothing>
        ) : (
          <DataTable
            caption="Claims that the node made or was drawn for"
            rows={claims.claims}
            keyOf={({ claim, as }) => `${claim} ${as}`}
            columns={[
              { title: "Claim", cell: ({ claim }) => <HexText value={claim} name="claim" /> },
              { title: "As", cell: ({ as }) => as },
              { title: "State", cell: ({ state }) => state },
              { title: "Slot", cell: ({ slot }) => slot, isNumeric: true },
              { title: "Iteration", cell: ({ iteration }) => iteration, isNumeric: true },
              { title: "Attestations", cell: ({ attestations }) => attestations, isNumeric: true },
              { title: "Mintable from block", cell: ({ mintableAt }) => mintableAt ?? "–", isNumeric: true },
            ]}
          />
        )}
      </Card>
      <Card title="Peers">
        {peers === undefined || peers === null ? (
          <Nothing>…</Nothing>
        ) : (
          <>
            <DataTable
              caption="Peers"
              rows={peers.peers}
              keyOf={({ id }) => id}
              columns={[
                { title: "Peer", cell: ({ id }) => <span className="mono">{id}</span> },
                { title: "Tasks", cell: ({ tasks: shared }) => shared.length, isNumeric: true },
              ]}
            />
            <p>
              Messages:{" "}
              {Object.entries(peers.messages)
                .map(([verdict, count]) => `${formatCount(count)} ${verdict}`)
                .join(", ")}
            </p>
          </>
        )}
      </Card>
    </>
  );
}
