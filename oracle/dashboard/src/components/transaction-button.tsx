import { Button, Code, Stack, Text } from "@mantine/core";
import { useConnection } from "wagmi";

import { useSuite } from "../chain/suite-context.ts";
import type { Transaction, TransactionState } from "../chain/use-transaction.ts";
import { HexText } from "./hex.tsx";

interface TransactionButtonProps {
  readonly label: string;
  readonly transaction: Transaction;
  /** What the click does; left out where the button submits its form. */
  readonly onClick?: () => void;
  readonly disabled?: boolean;
  readonly variant?: "filled" | "default";
}

/** A button that costs something, and below it how far that is. */
export function TransactionButton({
  label,
  transaction,
  onClick,
  disabled,
  variant = "filled",
}: TransactionButtonProps) {
  const obstacle = useObstacle();
  const { state } = transaction;
  const isBusy = state.status === "checking" || state.status === "signing" || state.status === "pending";
  return (
    <Stack gap={4} align="flex-start">
      <Button
        type={onClick === undefined ? "submit" : "button"}
        variant={variant}
        loading={isBusy}
        disabled={disabled === true || obstacle !== ""}
        {...(onClick === undefined ? {} : { onClick })}
      >
        {label}
      </Button>
      {obstacle === "" ? null : (
        <Text size="sm" c="dimmed">
          {obstacle}
        </Text>
      )}
      <TransactionNote state={state} label={label} />
    </Stack>
  );
}

/** What keeps the visitor from sending anything; empty if nothing does. */
export function useObstacle(): string {
  const { isConnected, chainId } = useConnection();
  const { chain } = useSuite();
  if (!isConnected) return "Connect a wallet first.";
  return chainId === chain.id ? "" : "Switch the wallet's chain first.";
}

/** How far a transaction is. */
export function TransactionNote({ state, label }: { readonly state: TransactionState; readonly label: string }) {
  return (
    <div role="status" aria-label={label} data-status={state.status}>
      <Text size="sm" component="div">
        {describe(state)}
      </Text>
    </div>
  );
}

function describe(state: TransactionState) {
  switch (state.status) {
    case "idle":
      return null;
    case "checking":
      return "Trying it without paying …";
    case "signing":
      return "Waiting for the wallet …";
    case "pending":
      return (
        <>
          Sent as <HexText value={state.hash} name="transaction" />, waiting for its block …
        </>
      );
    case "done":
      return (
        <>
          Done in block {state.blockNumber}: <HexText value={state.hash} name="transaction" />
        </>
      );
    case "failed":
      return (
        <Text size="sm" component="div" className="failure">
          {state.why.sentence}
          {state.why.detail === undefined ? null : (
            <Code block mt={4}>
              {state.why.detail}
            </Code>
          )}
        </Text>
      );
  }
}
