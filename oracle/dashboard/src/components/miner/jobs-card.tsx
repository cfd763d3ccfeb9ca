import { Button, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { explainError } from "../../chain/explain-error.ts";
import type { NodeAnswers } from "../../node/answers.ts";
import type { NodeEndpoint } from "../../node/node-api.ts";
import { useAskNode, useNodeQuery, useNodeToken } from "../../node/node-context.tsx";
import { Card, Nothing } from "../card.tsx";
import { DataTable } from "../data-table.tsx";
import { formatTime, shortHex } from "../format.ts";

/** A node's jobs for bounties; nothing where it works for none. */
export function JobsCard({ node }: { readonly node: NodeEndpoint }) {
  const ask = useAskNode();
  const queries = useQueryClient();
  const [token] = useNodeToken();
  const { data } = useNodeQuery<NodeAnswers["jobs"]>(node, "jobs");
  const { mutate: stop, error } = useMutation({
    mutationFn: async (id: string) => ask(node, { path: `jobs/${encodeURIComponent(id)}`, method: "DELETE" }),
    onSuccess: async () => queries.invalidateQueries({ queryKey: ["node", node.url, "jobs"] }),
  });
  if (data === undefined || data === null) return null;
  return (
    <Card title="Jobs for bounties">
      {data.jobs.length === 0 ? (
        <Nothing>It works for no bounty now.</Nothing>
      ) : (
        <DataTable
          caption="Jobs for bounties"
          rows={data.jobs}
          keyOf={({ id }) => id}
          columns={[
            { title: "Bounty", cell: ({ bounty }) => <span className="mono">{shortHex(bounty)}</span> },
            { title: "State", cell: ({ state }) => state },
            { title: "Runner", cell: ({ runner }) => runner },
            { title: "Since", cell: ({ startedAt }) => formatTime(startedAt) },
            { title: "Deadline", cell: ({ deadline }) => formatTime(deadline) },
            { title: "Loss", cell: ({ loss }) => loss?.toFixed(4) ?? "–", isNumeric: true },
            {
              title: "Stop",
              cell: ({ id }) => (
                <Button
                  size="compact-xs"
                  variant="default"
                  disabled={token === undefined}
                  aria-label={`Stop job ${id}`}
                  onClick={() => {
                    stop(id);
                  }}
                >
                  Stop
                </Button>
              ),
            },
          ]}
        />
      )}
      {error === null ? null : <Text className="failure">{explainError(error).sentence}</Text>}
    </Card>
  );
}
