import type { CompiledTask, TaskParameters } from "@gristmill/sdk";
import {
  batchLeaf,
  datasetRoot as rootOf,
  encodeProgram,
  GristmillError,
  gristTokenAbi,
  taskRegistryAbi,
} from "@gristmill/sdk";
import { Anchor, Button, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { Address, Hex } from "viem";
import { useConnection } from "wagmi";
import { Link } from "wouter";

import { explainError } from "../../chain/explain-error.ts";
import { useSuite } from "../../chain/suite-context.ts";
import { useTransaction } from "../../chain/use-transaction.ts";
import type { NodeAnswers } from "../../node/answers.ts";
import type { NodeEndpoint } from "../../node/node-api.ts";
import { useAskNode, useNodeToken } from "../../node/node-context.tsx";
import { useClientNode } from "../../node/use-client-node.ts";
import { Card, Nothing } from "../card.tsx";
import { TokenForm } from "../token-form.tsx";
import { TransactionNote, useObstacle } from "../transaction-button.tsx";

/** Bytes that become text at once. */
const PART = 8_192;

/** A task as the page compiled it, and what it was compiled from. */
export interface Draft {
  readonly text: string;
  readonly files: readonly File[];
  readonly task: CompiledTask;
}

/**
 * Creates the task: a node compiles it as well, serves its data and keeps its test set; the wallet pays the fee and is the
 * client.
 */
export function SubmitCard({ draft }: { readonly draft: Draft }) {
  const node = useClientNode();
  const [token] = useNodeToken();
  const { address } = useConnection();
  const obstacle = useObstacle();
  return (
    <Card title="Submit">
      {node === undefined ? (
        <Nothing>
          Whoever trains must be able to fetch the data, and the test set must stay with somebody until the reveal. That
          takes a client's node, and this page has none: open it at one that runs as “oracle-miner run --role client”,
          or submit the file with “oracle-miner task submit”.
        </Nothing>
      ) : token === undefined ? (
        <TokenForm />
      ) : address === undefined || obstacle !== "" ? (
        <Nothing>{obstacle}</Nothing>
      ) : (
        <Submission key={address} draft={draft} node={node} client={address} />
      )}
    </Card>
  );
}

interface SubmissionProps {
  readonly draft: Draft;
  readonly node: NodeEndpoint;
  readonly client: Address;
}

function Submission({ draft, node, client }: SubmissionProps) {
  const suite = useSuite();
  const ask = useAskNode();
  const approval = useTransaction();
  const creation = useTransaction();
  const registry = suite.contracts.TaskRegistry;
  const { fee } = draft.task.payment;
  const { mutate, data, error, isPending } = useMutation({
    mutationFn: async (): Promise<Hex | undefined> => {
      const body = { spec: draft.text, files: await encodeFiles(draft.files), client };
      const response = await ask(node, { path: "tasks/prepare", method: "POST", body });
      const prepared = (await response.json()) as NodeAnswers["prepared"];
      const parameters = agreedParameters(draft.task, prepared);
      const token = { address: suite.contracts.GristToken, abi: gristTokenAbi } as const;
      const allowed = await suite.client.readContract({
        ...token,
        functionName: "allowance",
        args: [client, registry],
      });
      const isAllowed =
        allowed >= fee || (await approval.send({ ...token, functionName: "approve", args: [registry, fee] }));
      if (!isAllowed) return undefined;
      const call = { address: registry, abi: taskRegistryAbi, functionName: "createTask", args: [parameters] };
      return (await creation.send(call)) ? prepared.task : undefined;
    },
  });
  return (
    <Stack gap="xs" align="flex-start">
      <Text size="sm">
        The node compiles the file as well, serves the training data and keeps the test set. Your wallet is the client:
        it approves and escrows the fee, and later reveals the test set on the task's page.
      </Text>
      <Button
        loading={isPending}
        disabled={data !== undefined}
        onClick={() => {
          mutate();
        }}
      >
        Submit with the wallet
      </Button>
      {isPending && approval.state.status === "idle" && creation.state.status === "idle" ? (
        <Text size="sm">The node compiles it and publishes the data …</Text>
      ) : null}
      <TransactionNote state={approval.state} label="Approve the fee" />
      <TransactionNote state={creation.state} label="Create the task" />
      {error === null ? null : (
        <div role="alert" className="failure">
          <Text size="sm">{explainError(error).sentence}</Text>
          {explainError(error).hints.map((hint) => (
            <Text key={hint} size="sm">
              {hint}
            </Text>
          ))}
        </div>
      )}
      {data === undefined ? null : (
        <Anchor component={Link} href={`/tasks/${data}`}>
          See it train
        </Anchor>
      )}
    </Stack>
  );
}

/**
 * What the wallet signs is what this page compiled; of the node it takes only where its data is and what it keeps.
 * @throws GristmillError NODE_DISAGREES
 */
function agreedParameters(task: CompiledTask, prepared: NodeAnswers["prepared"]): TaskParameters {
  const { testCommitment, salt, manifest } = prepared;
  const { specHash } = task;
  const datasetRoot = rootOf(task.train.batches.map((batch) => batchLeaf(batch)));
  if (specHash !== prepared.specHash || datasetRoot !== prepared.datasetRoot) {
    throw new GristmillError("NODE_DISAGREES", "The node compiled the file to another task than this page.", {
      hints: ["node and page are of different versions: use those of one release"],
    });
  }
  const program = encodeProgram(task.parameters);
  return { ...task.payment, salt, specHash, datasetRoot, testCommitment, manifest, program };
}

/** Files by name, in base64. */
async function encodeFiles(files: readonly File[]): Promise<Record<string, string>> {
  const encoded = files.map(async (file) => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    // In parts: a call takes some ten thousand arguments at most.
    const parts = Array.from({ length: Math.ceil(bytes.length / PART) }, (_, part) =>
      String.fromCharCode(...bytes.subarray(part * PART, (part + 1) * PART)),
    );
    return [file.name, btoa(parts.join(""))] as const;
  });
  return Object.fromEntries(await Promise.all(encoded));
}
