import type { CompiledTask } from "@gristmill/sdk";
import { compileTask, encodeProgram, GristmillError, macsPerIteration } from "@gristmill/sdk";
import { Button, FileInput, SimpleGrid, Stack, Text, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { SubmitEvent } from "react";
import { useState } from "react";
import { formatEther, size } from "viem";

import digits from "../../../../examples/tasks/synthetic-digits.yaml?raw";
import { macsPerTicket } from "../chain/macs-per-ticket.ts";
import { explainError } from "../chain/explain-error.ts";
import { useChainQuery } from "../chain/use-chain-query.ts";
import { Card, Nothing, PageTitle } from "../components/card.tsx";
import { Facts } from "../components/facts.tsx";
import { formatAmount, formatCount } from "../components/format.ts";
import type { Draft } from "../components/task/submit-card.tsx";
import { SubmitCard } from "../components/task/submit-card.tsx";

/** Compiles a task file here in the page, says what it would cost and order, and submits it. */
export default function NewTask() {
  const [text, setText] = useState(digits);
  const [files, setFiles] = useState<File[]>([]);
  const { mutate, data, error, isPending } = useMutation({
    mutationFn: async (): Promise<Draft> => ({ text, files, task: await compile(text, files) }),
  });
  const { data: perTicket } = useChainQuery(["macs-per-ticket"], macsPerTicket);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    mutate();
  };
  return (
    <Stack gap="lg">
      <PageTitle title="New task" />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Card title="Spec">
          <form onSubmit={submit}>
            <Stack gap="sm">
              <Textarea
                label="Task file (YAML or JSON)"
                autosize
                minRows={12}
                maxRows={30}
                spellCheck={false}
                styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: "0.85rem" } }}
                value={text}
                onChange={(event) => {
                  setText(event.currentTarget.value);
                }}
              />
              <FileInput
                label="Files that it names"
                description="Read here, and sent to the node when you submit; synthetic-digits needs none."
                multiple
                clearable
                value={files}
                onChange={setFiles}
              />
              <Button type="submit" loading={isPending} style={{ alignSelf: "flex-start" }}>
                Compile
              </Button>
              {error === null ? null : (
                <div role="alert" className="failure">
                  <Text>{explainError(error).sentence}</Text>
                  {explainError(error).hints.map((hint) => (
                    <Text key={hint} size="sm">
                      {hint}
                    </Text>
                  ))}
                </div>
              )}
            </Stack>
          </form>
        </Card>
        <Stack gap="lg">
          <Card title="What it comes to">
            {data === undefined ? (
              <Nothing>Compile it to see.</Nothing>
            ) : (
              <Compiled task={data.task} perTicket={perTicket} />
            )}
          </Card>
          {data === undefined ? null : <SubmitCard draft={data} />}
        </Stack>
      </SimpleGrid>
    </Stack>
  );
}

function Compiled({ task, perTicket }: { readonly task: CompiledTask; readonly perTicket: bigint | undefined }) {
  const { parameters, payment, warnings, specHash } = task;
  const { sizes, batch } = parameters;
  const macs = macsPerIteration(parameters);
  const escrow = payment.fee;
  return (
    <Stack gap="sm">
      <Facts
        of={{
          Fee: `${formatAmount(escrow)} GRIST, escrowed`,
          "Of it burnt": `${formatEther((escrow * BigInt(payment.shares.burn)) / 10_000n)} GRIST`,
          Miners: `${payment.slots}, each with ${formatAmount(payment.minerStake)} GRIST at stake`,
          Network: sizes.join(" – "),
          Data: `${formatCount(parameters.batches)} batches of ${batch} examples`,
          Iterations: `${formatCount(payment.iterations)} of each miner`,
          "Multiply-accumulates": `${formatCount(macs)} an iteration`,
          Tickets:
            perTicket === undefined
              ? undefined
              : formatCount((BigInt(payment.iterations) * BigInt(payment.slots) * macs) / perTicket),
          "Thresholds tau": parameters.tau.join(", "),
          "Shifts forward; back": `${parameters.shift.join(", ")}; ${parameters.back.join(", ")}`,
          Program: `${formatCount(size(encodeProgram(parameters)))} bytes`,
          "Hash of the spec": <span className="mono">{specHash}</span>,
        }}
      />
      {warnings.map((warning) => (
        <Text key={warning} size="sm">
          {warning}
        </Text>
      ))}
    </Stack>
  );
}

async function compile(text: string, files: readonly File[]): Promise<CompiledTask> {
  return compileTask(text, {
    baseDir: "",
    readFile: async (path) => {
      const name = path.split("/").at(-1);
      const file = files.find((one) => one.name === name);
      if (file === undefined) {
        throw new GristmillError("SPEC_FILE_MISSING", `The spec names ${name ?? path}, which was not chosen below it.`);
      }
      return new Uint8Array(await file.arrayBuffer());
    },
  });
}
