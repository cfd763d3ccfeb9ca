import { Center, Loader, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { WagmiProvider } from "wagmi";

import { App } from "./app.tsx";
import type { Suite } from "./chain/suite.ts";
import { connectSuite } from "./chain/suite.ts";
import { SuiteContext } from "./chain/suite-context.ts";
import { walletConfig } from "./chain/wallet-config.ts";
import { ErrorNote } from "./components/error-note.tsx";
import { loadConfig } from "./config.ts";
import { NodeProvider } from "./node/node-context.tsx";

/** Milliseconds between two tries to reach the chain. */
const RETRY = 3_000;

/** Reads the configuration and finds the suite; then shows the pages. */
export function Connect() {
  const { data, error } = useQuery({
    queryKey: ["suite"],
    queryFn: async () => connectSuite(await loadConfig()),
    staleTime: Infinity,
    retry: false,
    refetchInterval: ({ state }) => (state.data === undefined ? RETRY : false),
  });
  if (data !== undefined) return <Connected suite={data} />;
  return (
    <Center component="main" mih="100dvh" p="md">
      {error === null ? (
        <Loader aria-label="Looking for the chain" />
      ) : (
        <Stack maw={560} w="100%">
          <h1>Gristmill</h1>
          <ErrorNote error={error} title="The dashboard cannot start" />
          <Text c="dimmed">It tries again every few seconds.</Text>
        </Stack>
      )}
    </Center>
  );
}

function Connected({ suite }: { readonly suite: Suite }) {
  const config = useMemo(() => walletConfig(suite), [suite]);
  return (
    <SuiteContext value={suite}>
      <WagmiProvider config={config}>
        <NodeProvider apiUrl={suite.config.apiUrl}>
          <App />
        </NodeProvider>
      </WagmiProvider>
    </SuiteContext>
  );
}
