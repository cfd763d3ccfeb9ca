import { Button, Stack } from "@mantine/core";
import { Link } from "wouter";

import { readTasks } from "../chain/tasks.ts";
import { useChainQuery } from "../chain/use-chain-query.ts";
import { Card, PageTitle } from "../components/card.tsx";
import { TaskTable } from "../components/task-table.tsx";

/** The newest tasks. */
export default function Tasks() {
  const { data } = useChainQuery(["tasks"], readTasks);
  return (
    <Stack gap="lg">
      <PageTitle title="Tasks">
        <Button component={Link} href="/tasks/new">
          New task
        </Button>
      </PageTitle>
      <Card title={data === undefined ? "Tasks" : `${data.tasks.length} of ${data.count}`}>
        <TaskTable tasks={data?.tasks} />
      </Card>
    </Stack>
  );
}
