import type { Address, EIP1193Provider } from "viem";
import { createWalletClient, getAddress, http } from "viem";
import { createConnector } from "wagmi";

const CHOSEN = "gristmill.unlocked";

/** Which of the node's accounts the connector offers first. */
export function chooseUnlocked(account: Address): void {
  sessionStorage.setItem(CHOSEN, account);
}

/** Accounts that the node at an endpoint signs for; public endpoints have none. */
export async function readUnlocked(rpcUrl: string): Promise<readonly Address[]> {
  return createWalletClient({ transport: http(rpcUrl) }).getAddresses();
}

/**
 * A connector for the accounts that a development node holds unlocked: no wallet asks, the node signs. Which account acts
 * is chosen with {@link chooseUnlocked} before connecting.
 */
export function unlockedAccounts(rpcUrl: string) {
  return createConnector<EIP1193Provider>(({ chains, emitter }) => {
    const [chain] = chains;
    const client = createWalletClient({ chain, transport: http(rpcUrl) });
    const accounts = async (): Promise<readonly Address[]> => {
      const chosen = sessionStorage.getItem(CHOSEN);
      return [...(await readUnlocked(rpcUrl))].sort((a, b) => Number(b === chosen) - Number(a === chosen));
    };
    return {
      id: "unlocked",
      name: "Account of the local chain",
      type: "unlocked",
      // Its result depends on a parameter that says whether capabilities are asked for; the node has none.
      connect: async () => ({ accounts: (await accounts()) as never, chainId: chain.id }),
      disconnect: async () => {
        sessionStorage.removeItem(CHOSEN);
      },
      getAccounts: accounts,
      getChainId: async () => client.getChainId(),
      getProvider: async () => client as unknown as EIP1193Provider,
      isAuthorized: async () => sessionStorage.getItem(CHOSEN) !== null,
      onAccountsChanged: (changed) => {
        emitter.emit("change", { accounts: changed.map((account) => getAddress(account)) });
      },
      onChainChanged: (chainId) => {
        emitter.emit("change", { chainId: Number(chainId) });
      },
      onDisconnect: () => {
        emitter.emit("disconnect");
      },
    };
  });
}
