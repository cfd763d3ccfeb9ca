import type { Address, EIP1193Provider } from "viem";
import { custom, getAddress, http } from "viem";
import { createConnector } from "wagmi";

const CHOSEN = "gristmill.unlocked";

/** Which of the node's accounts the connector offers first. */
export function chooseUnlocked(account: Address): void {
  sessionStorage.setItem(CHOSEN, account);
}

/**
 * A connector for the accounts that a development node holds unlocked: no wallet asks, the node signs. Which account acts
 * is chosen with {@link chooseUnlocked} before connecting.
 */
export function unlockedAccounts(rpcUrl: string) {
  return createConnector<EIP1193Provider>(({ chains, emitter }) => {
    const [chain] = chains;
    const { request } = http(rpcUrl)({ chain });
    const provider = custom({ request })({ chain }) as unknown as EIP1193Provider;
    const accounts = async (): Promise<readonly Address[]> => {
      const held = ((await request({ method: "eth_accounts" })) as readonly string[]).map((account) =>
        getAddress(account),
      );
      const chosen = sessionStorage.getItem(CHOSEN);
      return [...held].sort((a, b) => Number(b === chosen) - Number(a === chosen));
    };
    return {
      id: "unlocked",
      name: "Account of the local chain",
      type: "unlocked",
      connect: async <withCapabilities extends boolean = false>() => ({
        accounts: (await accounts()) as never as withCapabilities extends true
          ? readonly { address: Address; capabilities: Record<string, unknown> }[]
          : readonly Address[],
        chainId: chain.id,
      }),
      disconnect: async () => {
        sessionStorage.removeItem(CHOSEN);
      },
      getAccounts: accounts,
      getChainId: async () => Number(await request({ method: "eth_chainId" })),
      getProvider: async () => provider,
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
