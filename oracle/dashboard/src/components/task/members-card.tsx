import { supervisorLogAbi, taskRegistryAbi } from "@gristmill/sdk";
import { Progress } from "@mantine/core";
import type { Hex } from "viem";

import { readEvents } from "../../chain/read-events.ts";
import type { Suite } from "../../chain/suite.ts";
import type { readTask } from "../../chain/tasks.ts";
import { useChainQuery } from "../../chain/use-chain-query.ts";
import { Card, Nothing } from "../card.tsx";
import { DataTable } from "../data-table.tsx";
import { formatCount } from "../format.ts";
import { HexText } from "../hex.tsx";

type TaskView = NonNullable<Awaited<ReturnType<typeof readTask>>>["view"];

interface MembersCardProps {
  readonly taskId: Hex;
  readonly view: TaskView;
  /** Examples of a batch, where the task's program is known. */
  readonly batch: number | undefined;
}

/** Who trains, how far each is, and whether all ended in the same state. */
export function MembersCard({ taskId, view, batch }: MembersCardProps) {
  const { data: slots } = useChainQuery(["slots", taskId, view.slotsJoined], async (suite) =>
    readSlots(suite, taskId, view.slotsJoined),
  );
  const { data: logs } = useChainQuery(["logs", taskId], async (suite) => readLogs(suite, taskId));
  const submitted = slots?.filter(({ submittedState }) => Number(submittedState) !== 0) ?? [];
  const agreeing = submitted.filter(({ agrees }) => agrees);
  return (
    <Card title="Miners">
      {slots === undefined || slots.length === 0 ? (
        <Nothing>{slots === undefined ? "…" : "Nobody joined yet."}</Nothing>
      ) : (
        <DataTable
          caption="Miners of the task"
          rows={slots}
          keyOf={({ slot }) => String(slot)}
          columns={[
            { title: "Slot", cell: ({ slot }) => slot, isNumeric: true },
            { title: "Owner", cell: ({ owner }) => <HexText value={owner} name="owner" /> },
            {
              title: "Committed",
              cell: ({ slot, next }) => (
                <Progress
                  value={(100 * next) / view.iterations}
                  miw={90}
                  aria-label={`Iterations that slot ${slot} has committed`}
                />
              ),
            },
            {
              title: "Iterations",
              cell: ({ next }) => `${formatCount(next)} of ${formatCount(view.iterations)}`,
              isNumeric: true,
            },
            { title: "Head", cell: ({ head }) => (Number(head) === 0 ? "–" : <HexText value={head} name="head" />) },
            {
              title: "Final state",
              cell: ({ submittedState }) =>
                Number(submittedState) === 0 ? "–" : <HexText value={submittedState} name="final state" />,
            },
            {
              title: "Standing",
              cell: ({ convicted, dropped }) => (convicted ? "convicted" : dropped ? "dropped" : "good"),
            },
          ]}
        />
      )}
      {submitted.length === 0 ? null : (
        <p data-testid="agreement">
          {agreeing.length} of {submitted.length} that submitted a final state agree, bit for bit.
        </p>
      )}
      <p>
        Supervisors: {view.supervisorsJoined}, with the logs of {logs?.length ?? "…"} epochs; evaluators:{" "}
        {view.evaluatorsJoined}.{batch === undefined ? null : ` An iteration is a batch of ${batch} examples.`}
      </p>
    </Card>
  );
}

async function readSlots({ client, contracts }: Suite, taskId: Hex, count: number) {
  const slots = Array.from({ length: count }, (_, slot) => slot);
  return Promise.all(
    slots.map(async (slot) => ({
      slot,
      ...(await client.readContract({
        address: contracts.TaskRegistry,
        abi: taskRegistryAbi,
        functionName: "slotOf",
        args: [taskId, slot],
      })),
    })),
  );
}

async function readLogs({ client, contracts, since }: Suite, taskId: Hex) {
  return readEvents(client, {
    address: contracts.SupervisorLog,
    abi: supervisorLogAbi,
    eventName: "LogPosted",
    args: { taskId },
    since,
  });
}
