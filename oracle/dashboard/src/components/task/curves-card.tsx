import { SimpleGrid, Text } from "@mantine/core";
import { lazy, Suspense, useMemo } from "react";
import type { Hex } from "viem";

import { useNode } from "../../node/node-context.tsx";
import type { NodeEvent } from "../../node/node-feed.ts";
import { Card, Nothing } from "../card.tsx";
import { formatCount, formatShare } from "../format.ts";
import type { Series } from "../line-chart.tsx";

const LineChart = lazy(async () => ({ default: (await import("../line-chart.tsx")).LineChart }));

const loss = (value: number): string => value.toFixed(2);

/** What miners report of their batches while they train: only nodes know, the chain has ids alone. */
export function CurvesCard({ taskId, slots }: { readonly taskId: Hex; readonly slots: number }) {
  const { state, events } = useNode();
  const progress = useMemo(
    () => events.filter(({ event, task }) => event === "progress" && task === taskId),
    [events, taskId],
  );
  return (
    <Card title="Training">
      {state === "none" ? (
        <Nothing>
          No node is configured: accuracy, loss and updates are in the nodes' own reports, not on the chain.
        </Nothing>
      ) : progress.length === 0 ? (
        <Nothing>
          This node has reported no training of this task{state === "stale" ? ", and does not answer now" : ""}.
        </Nothing>
      ) : (
        <Suspense fallback={null}>
          {state === "stale" ? (
            <Text className="failure">The node does not answer: these curves stand still.</Text>
          ) : null}
          <SimpleGrid cols={{ base: 1, lg: 3 }}>
            <Curve
              title="Accuracy on its batches"
              field="accuracy"
              progress={progress}
              slots={slots}
              format={formatShare}
            />
            <Curve title="Loss on its batches" field="loss" progress={progress} slots={slots} format={loss} />
            <Curve
              title="Changed weights an iteration"
              field="updates"
              progress={progress}
              slots={slots}
              format={formatCount}
            />
          </SimpleGrid>
        </Suspense>
      )}
    </Card>
  );
}

interface CurveProps {
  readonly title: string;
  readonly field: string;
  readonly progress: readonly NodeEvent[];
  readonly slots: number;
  readonly format: (value: number) => string;
}

function Curve({ title, field, progress, slots, format }: CurveProps) {
  const series = Array.from({ length: slots }, (_, slot): Series => {
    const points = progress
      .filter((event) => event["slot"] === slot)
      .map((event) => [Number(event["iteration"]), Number(event[field])] as const)
      .sort(([a], [b]) => a - b);
    return { name: `slot ${slot}`, points };
  }).filter(({ points }) => points.length > 0);
  return (
    <figure style={{ margin: 0, minWidth: 0 }}>
      <Text component="figcaption" fw={600} size="sm">
        {title}
      </Text>
      <LineChart label={title} xLabel="iteration" series={series} format={format} />
    </figure>
  );
}
