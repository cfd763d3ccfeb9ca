import { GristmillError } from "@gristmill/sdk";
import type { UseQueryResult } from "@tanstack/react-query";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { createContext, use, useCallback, useMemo, useState, useSyncExternalStore } from "react";

import type { NodeEndpoint, NodeRequest } from "./node-api.ts";
import { askNode, isMissing } from "./node-api.ts";
import type { FeedSnapshot } from "./node-feed.ts";
import { NodeFeed } from "./node-feed.ts";
import { keepToken, readToken } from "./node-token.ts";

/** Milliseconds between two looks at what a node says of itself. */
const INTERVAL = 3_000;

interface NodeAccess {
  readonly feed: NodeFeed;
  /** The node, or the nodes of a run of the demo. */
  readonly nodes: readonly NodeEndpoint[];
  readonly token: string | undefined;
  readonly setToken: (token: string) => void;
}

const NodeContext = createContext<NodeAccess | undefined>(undefined);

/** Gives the page the node whose API is at `apiUrl`, or none. */
export function NodeProvider({
  apiUrl,
  children,
}: {
  readonly apiUrl: string | undefined;
  readonly children: ReactNode;
}) {
  const feed = useMemo(() => new NodeFeed(apiUrl), [apiUrl]);
  const [token, setToken] = useState(readToken);
  const { data: nodes } = useQuery({
    queryKey: ["nodes", apiUrl],
    queryFn: async () => (apiUrl === undefined ? [] : readNodes(apiUrl)),
    refetchInterval: INTERVAL,
    retry: false,
  });
  const access = useMemo(
    () => ({
      feed,
      nodes: nodes ?? [],
      token,
      setToken: (given: string) => {
        keepToken(given);
        setToken(given);
      },
    }),
    [feed, nodes, token],
  );
  return <NodeContext value={access}>{children}</NodeContext>;
}

/** The demo's server stands for several nodes, and says which; a node stands for itself. */
async function readNodes(apiUrl: string): Promise<readonly NodeEndpoint[]> {
  try {
    const response = await askNode({ name: "", url: apiUrl }, { path: "nodes" });
    const { nodes } = (await response.json()) as { readonly nodes: readonly NodeEndpoint[] };
    return nodes.map((node) => ({ ...node, url: apiUrl + node.url }));
  } catch (error) {
    if (isMissing(error)) return [{ name: "", url: apiUrl }];
    throw error;
  }
}

function useAccess(): NodeAccess {
  const access = use(NodeContext);
  if (access === undefined) {
    throw new GristmillError("NODE_CONTEXT_MISSING", "A component that needs the node stands outside its provider.");
  }
  return access;
}

/** The node's events so far, and whether they still come. */
export function useNode(): FeedSnapshot {
  const { feed } = useAccess();
  return useSyncExternalStore(feed.subscribe, feed.snapshot);
}

/** The nodes that the page may ask. */
export function useNodes(): readonly NodeEndpoint[] {
  return useAccess().nodes;
}

/** The token of the nodes' APIs, and what sets it. */
export function useNodeToken(): readonly [token: string | undefined, setToken: (token: string) => void] {
  const { token, setToken } = useAccess();
  return [token, setToken];
}

/**
 * An answer of a node's API, asked for again and again; null where the node has none. Disabled without a node.
 * @param path below `/api/v1/`
 */
export function useNodeQuery<T>(node: NodeEndpoint | undefined, path: string): UseQueryResult<T | null> {
  const { token } = useAccess();
  return useQuery({
    queryKey: ["node", node?.url, path],
    queryFn: async ({ signal }): Promise<T | null> => {
      if (node === undefined) return null;
      try {
        return (await (await askNode(node, { path, token, signal })).json()) as T;
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
    enabled: node !== undefined,
    refetchInterval: INTERVAL,
    retry: false,
  });
}

/** Asks nodes with the page's token. */
export function useAskNode(): (node: NodeEndpoint, request: NodeRequest) => Promise<Response> {
  const { token } = useAccess();
  return useCallback(async (node, request) => askNode(node, { ...request, token }), [token]);
}
