import { Button, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { Hex } from "viem";

import type { NodeAnswers } from "../../node/answers.ts";
import type { NodeEndpoint } from "../../node/node-api.ts";
import { useNodeQuery } from "../../node/node-context.tsx";
import { Card, Nothing } from "../card.tsx";
import { DataTable } from "../data-table.tsx";
import { HexText } from "../hex.tsx";

/** Claims that are shown, the latest: the others are on their tasks' pages. */
const SHOWN = 50;

/** Claims of a node, and why each was paid or not. */
export function ClaimsCard({ node }: { readonly node: NodeEndpoint }) {
  const { data } = useNodeQuery<NodeAnswers["claims"]>(node, "claims");
  const [asked, setAsked] = useState<Hex>();
  const claims = data?.claims.slice(-SHOWN).reverse() ?? [];
  return (
    <Card title="Claims">
      {claims.length === 0 ? (
        <Nothing>It made no claim, and was drawn to verify none.</Nothing>
      ) : (
        <DataTable
          caption="Claims that the node made or was drawn for"
          rows={claims}
          keyOf={({ claim, as }) => `${claim} ${as}`}
          columns={[
            { title: "Claim", cell: ({ claim }) => <HexText value={claim} name="claim" /> },
            { title: "As", cell: ({ as }) => as },
            { title: "State", cell: ({ state }) => state },
            { title: "Slot", cell: ({ slot }) => slot, isNumeric: true },
            { title: "Iteration", cell: ({ iteration }) => iteration, isNumeric: true },
            { title: "Attestations", cell: ({ attestations }) => attestations, isNumeric: true },
            { title: "Mintable from block", cell: ({ mintableAt }) => mintableAt ?? "–", isNumeric: true },
            { title: "Paid?", cell: ({ claim }) => <WhyButton id={claim} onAsk={setAsked} /> },
          ]}
        />
      )}
      {asked === undefined ? null : <Why node={node} id={asked} />}
    </Card>
  );
}

/** Asks why something was paid or not. */
export function WhyButton({ id, onAsk }: { readonly id: Hex; readonly onAsk: (id: Hex) => void }) {
  return (
    <Button
      size="compact-xs"
      variant="default"
      aria-label={`Why ${id.slice(0, 10)} is paid or not`}
      onClick={() => {
        onAsk(id);
      }}
    >
      Why
    </Button>
  );
}

/** The node's account of why a task or claim was paid or not. */
export function Why({ node, id }: { readonly node: NodeEndpoint; readonly id: Hex }) {
  const { data } = useNodeQuery<NodeAnswers["explanation"]>(node, `explain/${id}`);
  return (
    <Stack gap={4} mt="md" role="status" aria-label="Why it is paid or not">
      <Text fw={600} size="sm">
        {data?.about ?? "About"} {id.slice(0, 10)}
      </Text>
      {data === undefined || data === null ? (
        <Nothing>{data === null ? "The chain knows nothing of it." : "…"}</Nothing>
      ) : (
        <ul className="story">
          {data.story.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      {data?.next === undefined ? null : <Text size="sm">What to do: {data.next}</Text>}
    </Stack>
  );
}
