import { Alert, Button, Group, Text } from "@mantine/core";
import { useConnection, useSwitchChain } from "wagmi";

import { explainError } from "../chain/explain-error.ts";
import { useSuite } from "../chain/suite-context.ts";
import { useHead, useNow } from "../chain/use-head.ts";
import { formatDuration } from "./format.ts";

/** What keeps the figures from being the latest, or transactions from being sent. */
export function ChainWarning() {
  const { chain, config } = useSuite();
  const { head, seenAt, isStale } = useHead();
  const now = useNow();
  const { chainId, isConnected } = useConnection();
  const { mutate: switchChain, isPending, error } = useSwitchChain();
  return (
    <div aria-live="polite">
      {isStale ? (
        <Alert color="red" variant="outline" mb="md" title="The chain does not answer" data-testid="stale">
          {head === undefined
            ? `Nothing was read from ${config.rpcUrl} yet.`
            : `Everything below is as of block ${head.number}, ${formatDuration((now - seenAt) / 1_000)} ago. ` +
              `The page keeps asking ${config.rpcUrl}.`}
        </Alert>
      ) : null}
      {isConnected && chainId !== chain.id ? (
        <Alert
          color="orange"
          variant="outline"
          mb="md"
          title="The wallet is on another chain"
          data-testid="wrong-chain"
        >
          <Group justify="space-between">
            <Text size="sm">
              It is on chain {chainId}, Gristmill is on {chain.name} ({chain.id}). Nothing is sent until that is mended.
              {error === null ? null : ` ${explainError(error).sentence}`}
            </Text>
            <Button
              size="xs"
              loading={isPending}
              onClick={() => {
                switchChain({ chainId: chain.id });
              }}
            >
              Switch to {chain.name}
            </Button>
          </Group>
        </Alert>
      ) : null}
    </div>
  );
}
