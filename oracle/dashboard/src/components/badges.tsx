import { useSuite } from "../chain/suite-context.ts";
import { useHead } from "../chain/use-head.ts";
import { useNode } from "../node/node-context.tsx";
import { formatCount } from "./format.ts";

/** Which chain, how high, and whether it still answers. */
export function ChainBadge() {
  const { chain } = useSuite();
  const { head, isStale } = useHead();
  const height = head === undefined ? "…" : formatCount(head.number);
  return (
    <span className={`pill ${isStale ? "bad" : "good"}`} title={`${chain.name}, id ${chain.id}`}>
      <span className="dot" aria-hidden="true" />
      <span>
        <span className="word">{isStale ? "stale at " : "block "}</span>
        <span data-testid="block">{height}</span>
      </span>
    </span>
  );
}

/** Whether a node's API feeds the page. */
export function NodeBadge() {
  const { state } = useNode();
  if (state === "none") return null;
  return (
    <span className={`pill ${state === "live" ? "good" : "bad"}`} data-testid="node-state">
      <span className="dot" aria-hidden="true" />
      <span className="word">{state === "live" ? "node" : "node stale"}</span>
    </span>
  );
}
