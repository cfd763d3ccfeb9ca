import type { UseQueryResult } from "@tanstack/react-query";
import { keepPreviousData, useQuery } from "@tanstack/react-query";

import type { Suite } from "./suite.ts";
import { useSuite } from "./suite-context.ts";

/**
 * What `read` finds on the chain, read anew with each block; the last answer stays while the next one is on its way or
 * does not come.
 * @param key what the answer depends on, the name of the question first
 */
export function useChainQuery<T>(
  key: readonly (string | number | boolean | undefined)[],
  read: (suite: Suite) => Promise<T>,
  { enabled = true }: { readonly enabled?: boolean } = {},
): UseQueryResult<T> {
  const suite = useSuite();
  return useQuery({
    queryKey: ["chain", ...key],
    queryFn: () => read(suite),
    enabled,
    placeholderData: keepPreviousData,
    retry: false,
    // A failed look is repeated with the next block, or by itself while there is none.
    refetchInterval: ({ state }) => (state.status === "error" ? 3_000 : false),
  });
}
