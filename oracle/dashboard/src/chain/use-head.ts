import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { useSuite } from "./suite-context.ts";

/** Milliseconds between two looks at the chain: blocks of a second on chains of one's own, of several elsewhere. */
const DEVELOPMENT_INTERVAL = 1_000;
const PUBLIC_INTERVAL = 4_000;

/** Milliseconds without an answer after which figures count as stale: several looks in a row failed. */
const STALE_AFTER = 5_000;

/** The latest block, and how sure we are that it is the latest. */
export interface Head {
  readonly number: bigint;
  /** Unix seconds. */
  readonly timestamp: bigint;
  /** When this page saw it first, by the clock on the wall. */
  readonly arrivedAt: number;
}

/** The head of the chain as last seen; undefined until the first answer. */
export function useHead(): { readonly head: Head | undefined; readonly seenAt: number; readonly isStale: boolean } {
  const { client, isDevelopment } = useSuite();
  const queries = useQueryClient();
  const now = useNow();
  const { data, dataUpdatedAt, failureCount, isError } = useQuery({
    queryKey: ["head"],
    queryFn: async (): Promise<Head> => {
      const { number, timestamp } = await client.getBlock();
      const known = queries.getQueryData<Head>(["head"]);
      return known?.number === number ? known : { number, timestamp, arrivedAt: Date.now() };
    },
    refetchInterval: isDevelopment ? DEVELOPMENT_INTERVAL : PUBLIC_INTERVAL,
    refetchIntervalInBackground: false,
    retry: false,
  });
  const isLate = data !== undefined && now - dataUpdatedAt > STALE_AFTER;
  return {
    head: data,
    seenAt: dataUpdatedAt,
    isStale: (isError || failureCount > 0) && (isLate || data === undefined),
  };
}

/** Reads everything on the page anew with each block: what a page shows belongs together. */
export function useRefreshOnBlock(): void {
  const { head } = useHead();
  const queries = useQueryClient();
  const number = head?.number;
  useEffect(() => {
    if (number !== undefined) void queries.invalidateQueries({ queryKey: ["chain"] });
  }, [number, queries]);
}

/** The clock on the wall, once a second. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, 1_000);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return now;
}

/** Unix seconds by the chain's clock, which on a chain of one's own may be far from the one on the wall. */
export function useChainTime(): number | undefined {
  const { head } = useHead();
  const now = useNow();
  if (head === undefined) return undefined;
  return Number(head.timestamp) + Math.max(0, Math.floor((now - head.arrivedAt) / 1_000));
}
