import { Phase } from "@gristmill/sdk";
import { SimpleGrid, Stack } from "@mantine/core";
import { isHex, size } from "viem";

import { isRunning, PHASES, programOf, RAIL, readTask } from "../chain/tasks.ts";
import { useChainQuery } from "../chain/use-chain-query.ts";
import { useChainTime } from "../chain/use-head.ts";
import { Card, Figure, Nothing, PageTitle } from "../components/card.tsx";
import { ErrorNote } from "../components/error-note.tsx";
import { formatAmount, formatCount, formatDuration } from "../components/format.ts";
import { PhaseRail } from "../components/phase-rail.tsx";
import { ClaimsCard } from "../components/task/claims-card.tsx";
import { ClientCard } from "../components/task/client-card.tsx";
import { CurvesCard } from "../components/task/curves-card.tsx";
import { FeeCard } from "../components/task/fee-card.tsx";
import { MembersCard } from "../components/task/members-card.tsx";
import { ResultCard } from "../components/task/result-card.tsx";
import { SpecCard } from "../components/task/spec-card.tsx";

/** One task: what was ordered, who works on it, what came of it. */
export default function Task({ taskId }: { readonly taskId: string }) {
  if (!isHex(taskId) || size(taskId) !== 32) return <Nothing>{taskId} is no id of a task.</Nothing>;
  return <TaskPage taskId={taskId} />;
}

function TaskPage({ taskId }: { readonly taskId: `0x${string}` }) {
  const now = useChainTime();
  const { data: task, error, isPending } = useChainQuery(["task", taskId], async (suite) => readTask(suite, taskId));
  if (error !== null && task === undefined) return <ErrorNote error={error} title="The task cannot be read" />;
  if (task === undefined) return <Nothing>{isPending ? "Reading the task …" : "There is no such task here."}</Nothing>;
  const { view, created } = task;
  const { parameters } = created;
  const left = view.phaseEndsAt === 0n || now === undefined ? undefined : Number(view.phaseEndsAt) - now;
  const countdown =
    left === undefined ? "until it is done" : left > 0 ? `${formatDuration(left)} left` : "its time is over";
  const note = <span data-testid="countdown">{countdown}</span>;
  return (
    <Stack gap="lg">
      <PageTitle title={`Task ${taskId.slice(0, 10)}`} />
      {view.phase > Phase.Settled ? (
        <Card title={PHASES[view.phase] ?? "Over"}>
          {view.phase === Phase.Cancelled
            ? "It never started: the fee went back in full."
            : "It started, but no final state was agreed on."}
        </Card>
      ) : (
        <section className="card">
          <PhaseRail
            label="Phases of the task"
            phases={RAIL}
            current={view.phase - 1}
            note={isRunning(view.phase) ? note : undefined}
          />
        </section>
      )}
      <ClientCard taskId={taskId} task={task} />
      <SimpleGrid cols={{ base: 2, lg: 4 }}>
        <Figure
          label="Fee"
          value={`${formatAmount(parameters.fee)} GRIST`}
          note={`${formatAmount(view.burned)} of it burnt`}
        />
        <Figure
          label="Miners"
          value={`${view.slotsJoined} of ${view.slots}`}
          note={`at least ${parameters.minSlots}`}
        />
        <Figure label="Iterations" value={formatCount(view.iterations)} note="of each miner" />
        <Figure
          label="Multiply-accumulates"
          value={formatCount(view.macs)}
          note="of an iteration, which is what earns tickets"
        />
      </SimpleGrid>
      <CurvesCard taskId={taskId} slots={view.slots} />
      <MembersCard taskId={taskId} view={view} batch={programOf(parameters.program)?.batch} />
      <ClaimsCard taskId={taskId} macs={created.macs} />
      <ResultCard taskId={taskId} view={view} created={created} />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <FeeCard taskId={taskId} parameters={parameters} />
        <SpecCard taskId={taskId} created={created} />
      </SimpleGrid>
    </Stack>
  );
}
