import type { Page } from "playwright-core";

/** What the test's wallet does when it is asked. */
export interface WalletBehaviour {
  chainId: number;
  rejects: boolean;
}

/**
 * Injects a wallet (EIP-1193) before the page loads: it has one account, which the chain's node signs for, and changes its
 * chain or rejects as the global `walletBehaviour` says.
 */
export async function injectWallet(
  page: Page,
  rpcUrl: string,
  account: string,
  behaviour: WalletBehaviour,
): Promise<void> {
  await page.addInitScript(
    ({ rpcUrl: url, account: own, behaviour: initial }) => {
      const state = initial;
      const listeners = new Map<string, ((value: unknown) => void)[]>();
      const forward = async (method: string, params: unknown): Promise<unknown> => {
        const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: params ?? [] });
        const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
        const { result, error } = (await response.json()) as { result?: unknown; error?: unknown };
        if (error !== undefined) throw error as Error;
        return result;
      };
      const ethereum = {
        request: async ({ method, params }: { method: string; params?: readonly unknown[] }): Promise<unknown> => {
          switch (method) {
            case "eth_requestAccounts":
            case "eth_accounts":
              return [own];
            case "eth_chainId":
              return `0x${state.chainId.toString(16)}`;
            case "wallet_switchEthereumChain": {
              const [{ chainId }] = params as [{ chainId: string }];
              state.chainId = Number(chainId);
              for (const listener of listeners.get("chainChanged") ?? []) listener(chainId);
              return null;
            }
            case "eth_sendTransaction":
              if (state.rejects) throw Object.assign(new TypeError("User rejected the request."), { code: 4001 });
              return forward(method, params);
            default:
              return forward(method, params);
          }
        },
        on: (name: string, listener: (value: unknown) => void): void => {
          listeners.set(name, [...(listeners.get(name) ?? []), listener]);
        },
        removeListener: (): void => undefined,
      };
      Object.assign(globalThis, { ethereum, walletBehaviour: state });
    },
    { rpcUrl, account, behaviour },
  );
}
