import { NativeSelect, SimpleGrid, Stack, Text } from "@mantine/core";
import { useMemo, useState } from "react";

import { Card, Figure, Nothing, PageTitle } from "../components/card.tsx";
import { DataTable } from "../components/data-table.tsx";
import { ErrorNote } from "../components/error-note.tsx";
import { Facts } from "../components/facts.tsx";
import { formatCount, formatRate, formatTime } from "../components/format.ts";
import { HexText } from "../components/hex.tsx";
import { ClaimsCard } from "../components/miner/claims-card.tsx";
import { JobsCard } from "../components/miner/jobs-card.tsx";
import { PolicyCard } from "../components/miner/policy-card.tsx";
import { ratesOf } from "../components/miner/rates.ts";
import { TrainingCard } from "../components/miner/training-card.tsx";
import { NodeLog } from "../components/node-log.tsx";
import type { NodeAnswers } from "../node/answers.ts";
import type { NodeEndpoint } from "../node/node-api.ts";
import { useNode, useNodeQuery, useNodes } from "../node/node-context.tsx";

/** A node behind the page: what it is, does, risks and earns, as it says itself (docs/API.md). */
export default function Miner() {
  const { state } = useNode();
  const nodes = useNodes();
  const [chosen, setChosen] = useState<string>();
  const node = nodes.find(({ name }) => name === chosen) ?? nodes.find(({ role }) => role === "miner") ?? nodes[0];
  return (
    <Stack gap="lg">
      <PageTitle title="Miner">
        {nodes.length < 2 ? null : (
          <NativeSelect
            aria-label="Node"
            value={node?.name ?? ""}
            data={nodes.map(({ name }) => name)}
            onChange={(event) => {
              setChosen(event.currentTarget.value);
            }}
          />
        )}
      </PageTitle>
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
          {node === undefined ? null : <NodeCards key={node.url} node={node} />}
          <NodeLog name={node?.name ?? ""} />
        </>
      )}
    </Stack>
  );
}

function NodeCards({ node }: { readonly node: NodeEndpoint }) {
  const { data: status, error } = useNodeQuery<NodeAnswers["status"]>(node, "status");
  if (status === undefined || status === null) {
    return error === null ? (
      <Nothing>Asking the node …</Nothing>
    ) : (
      <ErrorNote error={error} title="The node says nothing of itself" />
    );
  }
  return (
    <>
      <NodeFigures node={node} status={status} />
      <Card title="The node">
        <Facts
          of={{
            Account:
              status.account === undefined ? "none: it only looks" : <HexText value={status.account} name="account" />,
            "Peer id": <span className="mono">{status.peerId}</span>,
            Addresses: <span className="mono">{status.addresses.join(" ")}</span>,
            Version: status.version,
            "Running since": formatTime(status.startedAt),
            "Chain's endpoints": status.chain.endpoints.map(({ host, state }) => `${host}: ${state}`).join(", "),
          }}
        />
      </Card>
      <TrainingCard node={node} />
      <JobsCard node={node} />
      <PolicyCard node={node} />
      <ClaimsCard node={node} />
      <PeersCard node={node} />
    </>
  );
}

function NodeFigures({
  node,
  status,
}: {
  readonly node: NodeEndpoint;
  readonly status: NonNullable<NodeAnswers["status"]>;
}) {
  const { events } = useNode();
  const { data: stake } = useNodeQuery<NodeAnswers["stake"]>(node, "stake");
  const { data: rewards } = useNodeQuery<NodeAnswers["rewards"]>(node, "rewards");
  const rates = useMemo(
    () => ratesOf(events.filter(({ name }) => node.name === "" || name === node.name)),
    [events, node],
  );
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }}>
      <Figure label="Role" value={status.role} note={status.name} />
      <Figure
        label="Training"
        value={rates.training === undefined ? "–" : `${formatRate(rates.training)} iterations/s`}
        note="over its last reports"
      />
      <Figure
        label="Hashing"
        value={rates.hashing === undefined ? "–" : `${formatRate(rates.hashing)} TensHash/s`}
        note={rates.hasher ?? "in its last draw"}
      />
      <Figure label="Peers" value={formatCount(status.peers)} note="connected now" />
      <Figure
        label="Stake"
        value={stake && `${stake.free} GRIST`}
        note={stake && `free; ${stake.locked} at risk behind work and bonds`}
      />
      <Figure
        label="Rewards"
        value={rewards && `${rewards.minted} GRIST`}
        note={
          rewards &&
          `minted; ${rewards.credit} to withdraw; ${rewards.pending.claims} claims pending, ${rewards.pending.expected} at most`
        }
      />
    </SimpleGrid>
  );
}

function PeersCard({ node }: { readonly node: NodeEndpoint }) {
  const { data } = useNodeQuery<NodeAnswers["peers"]>(node, "peers");
  return (
    <Card title="Peers">
      {data === undefined || data === null ? (
        <Nothing>…</Nothing>
      ) : (
        <>
          <DataTable
            caption="Peers"
            rows={data.peers}
            keyOf={({ id }) => id}
            columns={[
              { title: "Peer", cell: ({ id }) => <span className="mono">{id}</span> },
              { title: "Tasks", cell: ({ tasks: shared }) => shared.length, isNumeric: true },
            ]}
          />
          <p>
            Messages:{" "}
            {Object.entries(data.messages)
              .filter(([, count]) => count > 0)
              .map(([verdict, count]) => `${formatCount(count)} ${verdict}`)
              .join(", ") || "none yet"}
          </p>
        </>
      )}
    </Card>
  );
}
