import { Button, Checkbox, NumberInput, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { SubmitEvent } from "react";
import { useState } from "react";

import { explainError } from "../../chain/explain-error.ts";
import type { NodeAnswers, Policy } from "../../node/answers.ts";
import type { NodeEndpoint } from "../../node/node-api.ts";
import { useAskNode, useNodeQuery, useNodeToken } from "../../node/node-context.tsx";
import { Card } from "../card.tsx";
import { TokenForm } from "../token-form.tsx";

/** Which bounties a node works for, to be changed; nothing where it works for none. */
export function PolicyCard({ node }: { readonly node: NodeEndpoint }) {
  const { data: policy } = useNodeQuery<NodeAnswers["policy"]>(node, "policy");
  const [token] = useNodeToken();
  if (policy === undefined || policy === null) return null;
  return (
    <Card title="Policy for bounties">
      {token === undefined ? <TokenForm /> : <PolicyForm key={JSON.stringify(policy)} node={node} policy={policy} />}
    </Card>
  );
}

function PolicyForm({ node, policy }: { readonly node: NodeEndpoint; readonly policy: Policy }) {
  const ask = useAskNode();
  const queries = useQueryClient();
  const [draft, setDraft] = useState(policy);
  const { mutate, error, isPending, isSuccess } = useMutation({
    mutationFn: async () => ask(node, { path: "policy", method: "PUT", body: draft }),
    onSuccess: async () => queries.invalidateQueries({ queryKey: ["node", node.url, "policy"] }),
  });
  const change = (part: Partial<Policy>): void => {
    setDraft({ ...draft, ...part });
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm" align="flex-start">
        <Checkbox
          label="Work for bounties"
          checked={draft.enabled}
          onChange={(event) => {
            change({ enabled: event.currentTarget.checked });
          }}
        />
        <SimpleGrid cols={{ base: 1, sm: 2 }} w="100%">
          <TextInput
            label="Least bounty (GRIST)"
            inputMode="decimal"
            value={draft.minimumBounty}
            onChange={(event) => {
              change({ minimumBounty: event.currentTarget.value });
            }}
          />
          <Count
            label="Least time left (seconds)"
            value={draft.minimumTimeLeft}
            onChange={(minimumTimeLeft) => {
              change({ minimumTimeLeft });
            }}
          />
          <Count
            label="Longest training (seconds)"
            value={draft.maximumExecutionTime}
            onChange={(maximumExecutionTime) => {
              change({ maximumExecutionTime });
            }}
          />
          <Count
            label="Jobs at a time"
            value={draft.maximumJobs}
            onChange={(maximumJobs) => {
              change({ maximumJobs });
            }}
          />
          <TextInput
            label="Topics"
            description="With commas between them; any if there are none."
            value={draft.topics.join(", ")}
            onChange={(event) => {
              change({ topics: event.currentTarget.value.split(/,\s*/).filter((topic) => topic !== "") });
            }}
          />
        </SimpleGrid>
        <Button type="submit" variant="default" loading={isPending} disabled={draft === policy}>
          Change the policy
        </Button>
        <div role="status">
          {error === null ? null : <Text className="failure">{explainError(error).sentence}</Text>}
          {isSuccess ? <Text size="sm">The node works by it from now on.</Text> : null}
        </div>
      </Stack>
    </form>
  );
}

interface CountProps {
  readonly label: string;
  readonly value: number;
  readonly onChange: (value: number) => void;
}

function Count({ label, value, onChange }: CountProps) {
  return (
    <NumberInput
      label={label}
      min={0}
      allowDecimal={false}
      value={value}
      onChange={(given) => {
        onChange(Number(given));
      }}
    />
  );
}
