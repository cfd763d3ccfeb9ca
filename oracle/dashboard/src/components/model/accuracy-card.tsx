import type { SharedModelParts } from "@gristmill/sdk";
import { classifier64Abi } from "@gristmill/sdk";
import { lazy, Suspense } from "react";

import type { Contribution } from "../../chain/shared-models.ts";
import { readContributions } from "../../chain/shared-models.ts";
import type { Suite } from "../../chain/suite.ts";
import { useChainQuery } from "../../chain/use-chain-query.ts";
import { Card, Nothing } from "../card.tsx";
import { formatShare } from "../format.ts";

const LineChart = lazy(async () => ({ default: (await import("../line-chart.tsx")).LineChart }));

/** Samples that are looked at, the latest: each costs a call on the state of its time. */
const SAMPLES = 100;

/** Samples over which the share of right predictions is taken. */
const WINDOW = 10;

/** What a model said of each sample just before it learned it, which never changes. */
const said = new Map<string, boolean>();

/** How often the model was right about samples that it had not learned yet. */
export function AccuracyCard({ model }: { readonly model: SharedModelParts }) {
  const { data, error } = useChainQuery(["model-accuracy", model.trainer], async (suite) => readAccuracy(suite, model));
  return (
    <Card title="Accuracy over time">
      {error === null ? null : (
        <Nothing>
          This endpoint does not keep the past states of the chain, from which the accuracy is computed.
        </Nothing>
      )}
      {data?.length === 0 ? <Nothing>It is computed from the samples added, and there are none yet.</Nothing> : null}
      {data === undefined || data.length === 0 ? null : (
        <Suspense fallback={null}>
          <LineChart
            label="Accuracy over time"
            xLabel="sample"
            format={formatShare}
            series={[{ name: `right about the last ${WINDOW} before learning them`, points: data }]}
          />
        </Suspense>
      )}
    </Card>
  );
}

async function readAccuracy(suite: Suite, model: SharedModelParts): Promise<readonly (readonly [number, number])[]> {
  const contributions = await readContributions(suite, model.trainer);
  const latest = contributions.slice(0, SAMPLES).reverse();
  const rights = await Promise.all(latest.map(async (one) => wasRight(suite, model, one)));
  const first = contributions.length - latest.length;
  return rights.map((_, index) => {
    const window = rights.slice(Math.max(0, index + 1 - WINDOW), index + 1);
    return [first + index + 1, window.filter(Boolean).length / window.length];
  });
}

async function wasRight({ client }: Suite, { classifier }: SharedModelParts, one: Contribution): Promise<boolean> {
  const key = `${classifier}-${one.hash}-${one.id}`;
  const known = said.get(key);
  if (known !== undefined) return known;
  const prediction = await client.readContract({
    address: classifier,
    abi: classifier64Abi,
    functionName: "predict",
    args: [one.data],
    blockNumber: one.block - 1n,
  });
  const isRight = Number(prediction) === one.label;
  said.set(key, isRight);
  return isRight;
}
