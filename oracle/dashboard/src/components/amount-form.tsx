import { Anchor, Group, Stack, TextInput } from "@mantine/core";
import type { SubmitEvent, ReactNode } from "react";
import { useState } from "react";
import { formatEther, parseEther } from "viem";

import type { Call, Transaction } from "../chain/use-transaction.ts";
import { formatAmount } from "./format.ts";
import { TransactionButton } from "./transaction-button.tsx";

interface AmountFormProps {
  readonly label: string;
  readonly action: string;
  readonly transaction: Transaction;
  /** GRIST wei that there are at most. */
  readonly most: bigint | undefined;
  readonly call: (amount: bigint) => Call | (() => Promise<Call>);
  readonly children?: ReactNode;
}

/** Asks for an amount of GRIST and sends what `call` makes of it. */
export function AmountForm({ label, action, transaction, most, call, children }: AmountFormProps) {
  const [text, setText] = useState("");
  const [error, setError] = useState<string>();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const amount = amountOf(text);
    setError(amount === undefined ? "Write a decimal number with at most 18 decimals, such as 12.5." : undefined);
    if (amount === undefined) return;
    void transaction.send(call(amount)).then((isDone) => {
      if (isDone) setText("");
    });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <TextInput
          label={label}
          inputMode="decimal"
          autoComplete="off"
          value={text}
          error={error}
          onChange={(event) => {
            setText(event.currentTarget.value);
          }}
        />
        {most === undefined ? null : (
          <Group gap={6}>
            <Anchor
              component="button"
              type="button"
              size="sm"
              onClick={() => {
                setText(formatEther(most));
              }}
            >
              All: {formatAmount(most)} GRIST
            </Anchor>
          </Group>
        )}
        {children}
        <TransactionButton label={action} transaction={transaction} disabled={text === ""} />
      </Stack>
    </form>
  );
}

function amountOf(text: string): bigint | undefined {
  return /^\d+(\.\d{1,18})?$/.test(text.trim()) ? parseEther(text.trim()) : undefined;
}
