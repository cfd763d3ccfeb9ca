import type { SharedModelParts } from "@gristmill/sdk";
import { collaborativeTrainer64Abi } from "@gristmill/sdk";
import { NativeSelect, Stack, Text } from "@mantine/core";
import type { SubmitEvent } from "react";
import { useState } from "react";

import { rememberOriginal } from "../../chain/shared-models.ts";
import type { Call } from "../../chain/use-transaction.ts";
import { useTransaction } from "../../chain/use-transaction.ts";
import { Card } from "../card.tsx";
import { formatAmount } from "../format.ts";
import { TransactionButton } from "../transaction-button.tsx";
import { encodeTyped, SampleInput } from "./sample-input.tsx";

interface AddDataCardProps {
  readonly model: SharedModelParts;
  /** Wei; undefined while it is read. */
  readonly price: bigint | undefined;
}

/** Trains the model with a sample, against a deposit. */
export function AddDataCard({ model, price }: AddDataCardProps) {
  const [typed, setTyped] = useState("");
  const [label, setLabel] = useState("0");
  const transaction = useTransaction();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const prepare = async (): Promise<Call> => {
      const data = encodeTyped(model.encoder, typed);
      rememberOriginal(model.trainer, data, typed);
      return {
        address: model.trainer,
        abi: collaborativeTrainer64Abi,
        functionName: "addData",
        args: [data, BigInt(label)],
        // One sample before this one at most doubles the price; what is not needed returns.
        value: 2n * (price ?? 0n),
      };
    };
    void transaction.send(prepare);
  };
  return (
    <Card title="Add data">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <SampleInput encoder={model.encoder} value={typed} onChange={setTyped} />
          <NativeSelect
            label="It is"
            value={label}
            data={model.classes.map((name, index) => ({ value: String(index), label: name }))}
            onChange={(event) => {
              setLabel(event.currentTarget.value);
            }}
          />
          <Text size="sm" c="dimmed">
            {price === undefined
              ? "The price is being read …"
              : `Costs a deposit of ${formatAmount(price)} ETH now. Twice that is offered, in case somebody comes first; ` +
                "what is not needed returns at once."}
          </Text>
          <TransactionButton label="Add data" transaction={transaction} disabled={price === undefined} />
        </Stack>
      </form>
    </Card>
  );
}
