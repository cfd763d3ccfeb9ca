import { Button, Menu, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Address } from "viem";
import { useConnect, useConnection, useConnectors, useDisconnect } from "wagmi";

import { explainError } from "../chain/explain-error.ts";
import { useSuite } from "../chain/suite-context.ts";
import { chooseUnlocked, readUnlocked } from "../chain/unlocked-accounts.ts";
import { shortHex } from "./format.ts";

/** Most of a development node's accounts that are offered. */
const OFFERED = 8;

/** Connects a wallet, or an account that a local chain holds unlocked. */
export function AccountMenu() {
  const { config, isDevelopment } = useSuite();
  const { address, connector: connected } = useConnection();
  const connectors = useConnectors();
  const { mutate: connect, isPending, error } = useConnect();
  const { mutate: disconnect, mutateAsync: disconnectFirst } = useDisconnect();
  const { data: accounts = [] } = useQuery({
    queryKey: ["unlocked"],
    queryFn: async () => readUnlocked(config.rpcUrl),
    enabled: isDevelopment,
    retry: false,
  });
  const unlocked = connectors.find(({ id }) => id === "unlocked");
  const wallets = connectors.filter(({ id }) => id !== "unlocked");

  const takeUnlocked = async (account: Address): Promise<void> => {
    if (unlocked === undefined) return;
    if (connected !== undefined) await disconnectFirst();
    chooseUnlocked(account);
    connect({ connector: unlocked });
  };

  return (
    <Menu position="bottom-end" width={270} withinPortal>
      <Menu.Target>
        <Button variant={address === undefined ? "filled" : "default"} size="sm" loading={isPending} px="sm">
          {address === undefined ? "Connect" : <span className="mono">{shortHex(address)}</span>}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {error === null ? null : (
          <Text size="sm" c="red" px="sm" role="alert">
            {explainError(error).sentence}
          </Text>
        )}
        <Menu.Label>Wallets</Menu.Label>
        {wallets.map((connector) => (
          <Menu.Item
            key={connector.uid}
            onClick={() => {
              connect({ connector });
            }}
          >
            {connector.id === "injected" ? "Browser wallet" : connector.name}
          </Menu.Item>
        ))}
        {accounts.length === 0 ? null : (
          <>
            <Menu.Label>Unlocked accounts of this local chain</Menu.Label>
            {accounts.slice(0, OFFERED).map((account, index) => (
              <Menu.Item key={account} onClick={() => void takeUnlocked(account)}>
                #{index} <span className="mono">{shortHex(account)}</span>
              </Menu.Item>
            ))}
          </>
        )}
        {address === undefined ? null : (
          <>
            <Menu.Divider />
            <Menu.Item
              onClick={() => {
                disconnect();
              }}
            >
              Disconnect
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
