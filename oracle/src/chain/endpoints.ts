import { GristmillError } from "@gristmill/sdk";
import type { Transport } from "viem";
import { BaseError, fallback, http, HttpRequestError, TimeoutError } from "viem";

/** Milliseconds that a request may take, and for which an endpoint that failed is passed over while others answer. */
const REQUEST_TIMEOUT = 20_000;
const REST = 15_000;

/** How an endpoint is doing; of its URL only the host, since paths carry access keys. */
export interface EndpointState {
  readonly host: string;
  readonly state: "ok" | "failing";
}

interface Endpoint {
  readonly url: string;
  readonly host: string;
  /** Whether it said, since it last failed, that it speaks of the right chain. */
  verified: boolean;
  /** Unix milliseconds; 0 for one that answers. */
  restsUntil: number;
  failure: unknown;
}

/**
 * Several JSON-RPC endpoints of one chain as one transport: viem's fallback in the given order, with two things added.
 * An endpoint that does not answer is passed over for a while, so that not every request waits for it first; and none is
 * believed before it has said that it speaks of the right chain, also when it comes back from an outage.
 */
export class Endpoints {
  readonly transport: Transport;
  readonly #chainId: number;
  readonly #all: readonly Endpoint[];
  readonly #now: () => number;

  /** @param now Unix milliseconds */
  constructor(urls: readonly string[], chainId: number, now: () => number = Date.now) {
    this.#chainId = chainId;
    this.#now = now;
    this.#all = urls.map((url) => ({
      url,
      host: new URL(url).host,
      verified: false,
      restsUntil: 0,
      failure: undefined,
    }));
    this.transport = fallback(
      this.#all.map((endpoint) => this.#guard(endpoint)),
      { retryCount: 3 },
    );
  }

  get states(): EndpointState[] {
    return this.#all.map(({ host, restsUntil }) => ({ host, state: restsUntil === 0 ? "ok" : "failing" }));
  }

  /**
   * Asks every endpoint which chain it speaks of. Those that do not answer are left for later, as long as one does.
   * @throws GristmillError CHAIN_UNREACHABLE, CHAIN_MISMATCH
   */
  async verify(): Promise<void> {
    const answers = await Promise.allSettled(
      this.#all.map((endpoint) => this.#guard(endpoint)({ retryCount: 0 }).request({ method: "eth_chainId" })),
    );
    const failures = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason as unknown] : []));
    const mismatch = failures.find((error) => error instanceof GristmillError);
    if (mismatch !== undefined) throw mismatch;
    if (failures.length === answers.length)
      throw new GristmillError(
        "CHAIN_UNREACHABLE",
        `no JSON-RPC endpoint answers at ${this.#all.map(({ host }) => host).join(", ")}`,
        { cause: failures[0], hints: ["start the chain, or name its endpoint with --rpc"] },
      );
  }

  #guard(endpoint: Endpoint): Transport {
    const inner = http(endpoint.url, { timeout: REQUEST_TIMEOUT, retryCount: 0 });
    return (options) => {
      const transport = inner({ ...options, retryCount: 0 });
      const request = (async (call: { method: string; params?: unknown }) => {
        if (this.#rests(endpoint)) throw endpoint.failure;
        try {
          if (!endpoint.verified) await this.#identify(endpoint, transport);
          const answer: unknown = await transport.request(call);
          endpoint.restsUntil = 0;
          return answer;
        } catch (error) {
          if (isOutage(error)) {
            endpoint.restsUntil = this.#now() + REST;
            endpoint.verified = false;
            endpoint.failure = error;
          }
          throw error;
        }
      }) as typeof transport.request;
      return { ...transport, request };
    };
  }

  /** An endpoint rests only while another one is there to be asked. */
  #rests(endpoint: Endpoint): boolean {
    const now = this.#now();
    return endpoint.restsUntil > now && this.#all.some(({ restsUntil }) => restsUntil <= now);
  }

  async #identify(endpoint: Endpoint, transport: ReturnType<Transport>): Promise<void> {
    const id = Number(await transport.request({ method: "eth_chainId" }));
    if (id !== this.#chainId)
      throw new GristmillError(
        "CHAIN_MISMATCH",
        `${endpoint.host} is chain ${String(id)}, the deployment is for chain ${String(this.#chainId)}`,
        { hints: ["name the endpoint of the right chain with --rpc, or its deployment with --deployment"] },
      );
    endpoint.verified = true;
  }
}

/** Whether an endpoint failed, and not what was asked of it. */
function isOutage(error: unknown): boolean {
  return (
    error instanceof BaseError &&
    error.walk((cause) => cause instanceof HttpRequestError || cause instanceof TimeoutError) !== null
  );
}
