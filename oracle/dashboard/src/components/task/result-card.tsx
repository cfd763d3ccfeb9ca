import { taskRegistryAbi } from "@gristmill/sdk";
import { Code, Text } from "@mantine/core";
import type { Hex } from "viem";

import { readEvents } from "../../chain/read-events.ts";
import type { Suite } from "../../chain/suite.ts";
import type { readTask } from "../../chain/tasks.ts";
import { programOf } from "../../chain/tasks.ts";
import { useChainQuery } from "../../chain/use-chain-query.ts";
import { Card, Nothing } from "../card.tsx";
import { Facts } from "../facts.tsx";
import { formatCount } from "../format.ts";
import { HexText } from "../hex.tsx";
import { ModelDownload } from "./model-download.tsx";

type Task = NonNullable<Awaited<ReturnType<typeof readTask>>>;

interface ResultCardProps {
  readonly taskId: Hex;
  readonly view: Task["view"];
  readonly created: Task["created"];
}

/** What the training came to: the state that was agreed on, and how it was scored. */
export function ResultCard({ taskId, view, created: { parameters } }: ResultCardProps) {
  const { baseline, goal } = parameters;
  const program = programOf(parameters.program);
  const { data: scores } = useChainQuery(["scores", taskId], async (suite) => readScores(suite, taskId));
  if (Number(view.finalState) === 0) {
    return (
      <Card title="Result">
        <Nothing>There is none before the miners have submitted a final state.</Nothing>
      </Card>
    );
  }
  return (
    <Card title="Result">
      <Facts
        of={{
          "Final state": <HexText value={view.finalState} name="final state" />,
          "Right answers on the hidden test set": view.scored ? formatCount(view.score.correct) : "not agreed on yet",
          Bonus: `starts at ${formatCount(baseline)} right answers, is earned in full at ${formatCount(goal)}`,
          "Scores opened": scores
            ?.map(({ evaluator, correct }) => `evaluator ${evaluator}: ${formatCount(correct)}`)
            .join(", "),
        }}
      />
      {program === undefined ? null : <ModelDownload taskId={taskId} program={program} finalState={view.finalState} />}
      <Text size="sm" mt="md" c="dimmed">
        Anybody can fetch the model from the task's peers: it is content-addressed, and no web server keeps it.
      </Text>
      <Code block>npx oracle-miner task fetch {taskId} --out model</Code>
    </Card>
  );
}

async function readScores({ client, contracts, since }: Suite, taskId: Hex) {
  const events = await readEvents(client, {
    address: contracts.TaskRegistry,
    abi: taskRegistryAbi,
    eventName: "ScoreRevealed",
    args: { taskId },
    since,
  });
  return events.map(({ args }) => ({ evaluator: args.evaluator, correct: args.score.correct }));
}
