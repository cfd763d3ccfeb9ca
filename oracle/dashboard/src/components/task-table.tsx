import { Phase } from "@gristmill/sdk";
import { Anchor } from "@mantine/core";
import { Link } from "wouter";

import type { readTasks } from "../chain/tasks.ts";
import { isRunning, PHASES } from "../chain/tasks.ts";
import { Nothing } from "./card.tsx";
import { DataTable } from "./data-table.tsx";
import { formatAmount, formatCount } from "./format.ts";
import { HexText } from "./hex.tsx";

type Tasks = Awaited<ReturnType<typeof readTasks>>["tasks"];

/** Tasks, a line each; undefined while they are read. */
export function TaskTable({ tasks }: { readonly tasks: Tasks | undefined }) {
  if (tasks === undefined) return <Nothing>…</Nothing>;
  if (tasks.length === 0) return <Nothing>No task was ever created here.</Nothing>;
  return (
    <DataTable
      caption="Tasks"
      rows={tasks}
      keyOf={({ taskId }) => taskId}
      columns={[
        {
          title: "Task",
          cell: ({ taskId }) => (
            <Anchor component={Link} href={`/tasks/${taskId}`} className="mono">
              {taskId.slice(0, 10)}
            </Anchor>
          ),
        },
        { title: "Phase", cell: ({ view }) => <PhasePill phase={view.phase} /> },
        { title: "Client", cell: ({ view }) => <HexText value={view.client} name="client" /> },
        { title: "Fee", cell: ({ parameters }) => `${formatAmount(parameters.fee)} GRIST`, isNumeric: true },
        { title: "Miners", cell: ({ view }) => `${view.slotsJoined} of ${view.slots}`, isNumeric: true },
        { title: "Iterations each", cell: ({ view }) => formatCount(view.iterations), isNumeric: true },
      ]}
    />
  );
}

/** A phase's name and whether it is good, busy or bad news. */
export function PhasePill({ phase }: { readonly phase: number }) {
  const tone = phase === Phase.Settled ? "good" : isRunning(phase) ? "busy" : "bad";
  return (
    <span className={`pill ${tone}`}>
      <span className="dot" aria-hidden="true" />
      {PHASES[phase] ?? `phase ${phase}`}
    </span>
  );
}
