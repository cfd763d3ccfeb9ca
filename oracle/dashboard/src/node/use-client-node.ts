import type { NodeAnswers } from "./answers.ts";
import type { NodeEndpoint } from "./node-api.ts";
import { useNodeQuery, useNodes } from "./node-context.tsx";

/** The node that serves tasks to their end, if there is one: of several the client, a single one if it is a client. */
export function useClientNode(): NodeEndpoint | undefined {
  const nodes = useNodes();
  const named = nodes.find(({ role }) => role === "client");
  const [single] = nodes;
  const unknown = single?.role === undefined ? single : undefined;
  const { data: status } = useNodeQuery<NodeAnswers["status"]>(unknown, "status");
  return named ?? (status?.role === "client" ? unknown : undefined);
}
