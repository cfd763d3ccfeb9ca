import { GristmillError } from "@gristmill/sdk";
import type { UseQueryResult } from "@tanstack/react-query";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { createContext, use, useMemo, useSyncExternalStore } from "react";

import type { FeedSnapshot } from "./node-feed.ts";
import { NodeFeed } from "./node-feed.ts";

/** Milliseconds between two looks at what a node says of itself. */
const INTERVAL = 3_000;

interface NodeAccess {
  readonly apiUrl: string | undefined;
  readonly feed: NodeFeed;
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
  const access = useMemo(() => ({ apiUrl, feed: new NodeFeed(apiUrl) }), [apiUrl]);
  return <NodeContext value={access}>{children}</NodeContext>;
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

/**
 * An answer of the node's API, asked for again and again; null where the API does not offer it. Disabled without a node.
 * @param path below `/api/v1/`
 */
export function useNodeQuery<T>(path: string): UseQueryResult<T | null> {
  const { apiUrl } = useAccess();
  return useQuery({
    queryKey: ["node", path],
    queryFn: async ({ signal }): Promise<T | null> => {
      const response = await fetch(`${apiUrl ?? ""}api/v1/${path}`, { signal });
      if (response.status === 404) return null;
      if (!response.ok) {
        throw new GristmillError("NODE_REFUSED", `The node answers /api/v1/${path} with HTTP ${response.status}.`);
      }
      return (await response.json()) as T;
    },
    enabled: apiUrl !== undefined,
    refetchInterval: INTERVAL,
    retry: false,
  });
}
