import { Anchor } from "@mantine/core";
import { useState } from "react";
import type { Hex } from "viem";
import { Link } from "wouter";

import type { NodeAnswers } from "../../node/answers.ts";
import type { NodeEndpoint } from "../../node/node-api.ts";
import { useNodeQuery } from "../../node/node-context.tsx";
import { Card, Nothing } from "../card.tsx";
import { DataTable } from "../data-table.tsx";
import { formatShare } from "../format.ts";
import { Why, WhyButton } from "./claims-card.tsx";

/** Tasks in which a node trains or trained since it started. */
export function TrainingCard({ node }: { readonly node: NodeEndpoint }) {
  const { data } = useNodeQuery<NodeAnswers["tasks"]>(node, "tasks");
  const [asked, setAsked] = useState<Hex>();
  const parts = (data?.tasks ?? []).flatMap(({ task, phase, part }) =>
    part === undefined ? [] : [{ task, phase, part }],
  );
  return (
    <Card title="Training">
      {parts.length === 0 ? (
        <Nothing>It has trained in no task since it started.</Nothing>
      ) : (
        <DataTable
          caption="Tasks in which the node trains"
          rows={parts}
          keyOf={({ task }) => task}
          columns={[
            {
              title: "Task",
              cell: ({ task }) => (
                <Anchor component={Link} href={`/tasks/${task}`} className="mono">
                  {task.slice(0, 10)}
                </Anchor>
              ),
            },
            { title: "Phase", cell: ({ phase }) => phase },
            { title: "Slot", cell: ({ part }) => part.slot, isNumeric: true },
            { title: "Iteration", cell: ({ part }) => part.iteration, isNumeric: true },
            { title: "Accuracy", cell: ({ part }) => formatShare(part.accuracy), isNumeric: true },
            { title: "Loss", cell: ({ part }) => part.loss.toFixed(2), isNumeric: true },
            { title: "Paid?", cell: ({ task }) => <WhyButton id={task} onAsk={setAsked} /> },
          ]}
        />
      )}
      {asked === undefined ? null : <Why node={node} id={asked} />}
    </Card>
  );
}
