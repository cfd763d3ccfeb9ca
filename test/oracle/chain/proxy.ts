import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What an endpoint does with a JSON-RPC call: answer it, pass it on and say nothing, or be gone. */
export type Behaviour = (method: string) => "answer" | "swallow" | "die";

/** A JSON-RPC endpoint in front of a chain, that can fail. */
export class Proxy {
  readonly #server: Server;
  readonly #target: string;
  behave: Behaviour = () => "answer";
  /** Another chain id than the real one, in hexadecimal. */
  chainId: string | undefined;
  readonly asked: string[] = [];

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  static async before(target: string): Promise<Proxy> {
    const proxy = new Proxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await request.toArray()).join("");
    const { id, method } = JSON.parse(body) as { id: number; method: string };
    this.asked.push(method);
    const what = this.behave(method);
    if (what === "die") return void response.destroy();
    const headers = { "content-type": "application/json" };
    if (method === "eth_chainId" && this.chainId !== undefined)
      return void response.writeHead(200, headers).end(JSON.stringify({ jsonrpc: "2.0", id, result: this.chainId }));
    const answer = await (await fetch(this.#target, { method: "POST", headers, body })).text();
    if (what === "swallow") return void response.destroy();
    response.writeHead(200, headers).end(answer);
  }
}
