import { Phase, Role, taskRegistryAbi } from "@gristmill/sdk";
import { Group, Stack, Text } from "@mantine/core";
import type { Address, Hex } from "viem";
import { isAddressEqual } from "viem";
import { useConnection } from "wagmi";

import type { Suite } from "../../chain/suite.ts";
import { useSuite } from "../../chain/suite-context.ts";
import type { readTask } from "../../chain/tasks.ts";
import { useChainQuery } from "../../chain/use-chain-query.ts";
import { useTransaction } from "../../chain/use-transaction.ts";
import type { NodeAnswers } from "../../node/answers.ts";
import { useAskNode, useNodeToken } from "../../node/node-context.tsx";
import { useClientNode } from "../../node/use-client-node.ts";
import { Card, Nothing } from "../card.tsx";
import { formatAmount } from "../format.ts";
import { TokenForm } from "../token-form.tsx";
import { TransactionButton } from "../transaction-button.tsx";

interface ClientCardProps {
  readonly taskId: Hex;
  readonly task: NonNullable<Awaited<ReturnType<typeof readTask>>>;
}

/** What the task's client may do now; for the client's wallet only. */
export function ClientCard({ taskId, task: { view, created } }: ClientCardProps) {
  const { address: account } = useConnection();
  const isClient = account !== undefined && isAddressEqual(account, created.client);
  const isUnpaid = view.phase === Phase.Cancelled || view.phase === Phase.Failed;
  if (!isClient) return null;
  return (
    <Card title="You are the client">
      <Stack gap="sm">
        {view.phase === Phase.Registration ? <Registration taskId={taskId} /> : null}
        {view.phase === Phase.Reveal ? <Reveal taskId={taskId} /> : null}
        {isUnpaid || view.phase === Phase.Closing ? <Settlement taskId={taskId} /> : null}
        {view.phase > Phase.Registration && view.phase < Phase.Reveal ? (
          <Text size="sm">
            Nothing to do for now. When the training is over, come back to reveal the test set: whoever does not, pays
            the bonus in full.
          </Text>
        ) : null}
        <Credit account={account} />
      </Stack>
    </Card>
  );
}

function useRegistry() {
  const { contracts } = useSuite();
  return { address: contracts.TaskRegistry, abi: taskRegistryAbi } as const;
}

function Registration({ taskId }: { readonly taskId: Hex }) {
  const registry = useRegistry();
  const closing = useTransaction();
  const cancelling = useTransaction();
  const { data } = useChainQuery(["applicants", taskId], async (suite) => readApplicants(suite, taskId));
  return (
    <>
      <Text size="sm">
        {data === undefined
          ? "…"
          : data.map(({ role, applied, wanted }) => `${applied} of ${wanted} ${role} applied`).join(", ")}
        . More may apply until the time is over; you may begin as soon as there are enough.
      </Text>
      <Group align="flex-start">
        <TransactionButton
          label="Begin now"
          transaction={closing}
          disabled={data?.every(({ applied, wanted }) => applied >= wanted) !== true}
          onClick={() => void closing.send({ ...registry, functionName: "closeRegistration", args: [taskId] })}
        />
        <TransactionButton
          label="Cancel the task"
          variant="default"
          transaction={cancelling}
          onClick={() => void cancelling.send({ ...registry, functionName: "cancel", args: [taskId] })}
        />
      </Group>
    </>
  );
}

async function readApplicants({ client, contracts }: Suite, taskId: Hex) {
  const roles = [
    ["miners", Role.Miner],
    ["supervisors", Role.Supervisor],
    ["evaluators", Role.Evaluator],
  ] as const;
  return Promise.all(
    roles.map(async ([role, number]) => {
      const { applied, wanted } = await client.readContract({
        address: contracts.TaskRegistry,
        abi: taskRegistryAbi,
        functionName: "assignmentOf",
        args: [taskId, number],
      });
      return { role, applied, wanted };
    }),
  );
}

function Reveal({ taskId }: { readonly taskId: Hex }) {
  const registry = useRegistry();
  const node = useClientNode();
  const ask = useAskNode();
  const [token] = useNodeToken();
  const transaction = useTransaction();
  if (node === undefined) return <Nothing>Open this page at the node that keeps the test set, to reveal it.</Nothing>;
  if (token === undefined) return <TokenForm />;
  return (
    <>
      <Text size="sm">
        The training is over. The node serves the test set from now on, and you open what you committed to: evaluators
        score the model on it.
      </Text>
      <TransactionButton
        label="Reveal the test set"
        transaction={transaction}
        onClick={() =>
          void transaction.send(async () => {
            const path = `tasks/${taskId}/test-set`;
            const response = await ask(node, { path, method: "POST", body: {} });
            const { testRoot, testBatches, salt, manifest } = (await response.json()) as NodeAnswers["testSet"];
            return {
              ...registry,
              functionName: "revealTestSet",
              args: [taskId, testRoot, testBatches, salt, manifest],
            };
          })
        }
      />
    </>
  );
}

function Settlement({ taskId }: { readonly taskId: Hex }) {
  const registry = useRegistry();
  const transaction = useTransaction();
  return (
    <>
      <Text size="sm">
        Anybody may settle the task once nothing about it can be disputed any more; nodes mostly do.
      </Text>
      <TransactionButton
        label="Settle"
        variant="default"
        transaction={transaction}
        onClick={() => void transaction.send({ ...registry, functionName: "settle", args: [taskId] })}
      />
    </>
  );
}

/** What the registry owes the account, of this task and others. */
function Credit({ account }: { readonly account: Address }) {
  const registry = useRegistry();
  const transaction = useTransaction();
  const { data: credit } = useChainQuery(["credit", account], async ({ client }) =>
    client.readContract({ ...registry, functionName: "creditOf", args: [account] }),
  );
  if (credit === undefined || (credit === 0n && transaction.state.status === "idle")) return null;
  return (
    <>
      <Text size="sm">{formatAmount(credit)} GRIST of what you paid came back.</Text>
      <TransactionButton
        label="Withdraw it"
        transaction={transaction}
        disabled={credit === 0n}
        onClick={() => void transaction.send({ ...registry, functionName: "withdraw" })}
      />
    </>
  );
}
