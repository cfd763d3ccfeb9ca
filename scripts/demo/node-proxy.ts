import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { request as ask } from "node:http";
import { join } from "node:path";

import { isOwnHost } from "../../oracle/src/api/hosts.ts";
import { isAuthorised, loadToken } from "../../oracle/src/api/token.ts";
import type { NodeEvent } from "./run-state.ts";

/** A node's API as it said itself where it is. */
interface ProxiedNode {
  readonly name: string;
  readonly role: string;
  readonly url: string;
  readonly dataDir: string;
}

const PATH = /^\/nodes\/([\w-]+)(\/api\/v1\/.*)$/;

/**
 * The APIs of a run's nodes under one roof: `/api/v1/nodes` lists them, `/nodes/NAME/api/v1/...` is passed on. The token
 * of the run stands for the tokens of all of its nodes, so that a page needs one.
 */
export class NodeProxy {
  readonly token = randomBytes(32).toString("hex");
  readonly #folder: string;
  readonly #nodes = new Map<string, ProxiedNode>();

  /** @param folder with the data folders of the nodes, by their names */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Notes where a node's API is, if the event says so. */
  see({ event, name, role, url }: NodeEvent): void {
    if (event === "api") this.#nodes.set(name, { name, role, url: String(url), dataDir: join(this.#folder, name) });
  }

  /** Answers a request for a node; false if it is not for one. */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    const { url = "/" } = request;
    const [, name = "", path = ""] = PATH.exec(url) ?? [];
    const isList = url === "/api/v1/nodes";
    if (!isList && path === "") return false;
    const node = this.#nodes.get(name);
    if (!isOwnHost(request.headers.host, [])) response.writeHead(421).end();
    else if (isList) response.writeHead(200, { "content-type": "application/json" }).end(this.#list());
    else if (node === undefined) response.writeHead(404).end();
    else this.#passOn(node, path, request, response);
    return true;
  }

  #list(): string {
    const nodes = [...this.#nodes.values()].map(({ name, role }) => ({ name, role, url: `nodes/${name}/` }));
    return JSON.stringify({ nodes });
  }

  #passOn({ url, dataDir }: ProxiedNode, path: string, request: IncomingMessage, response: ServerResponse): void {
    const { authorization, ...headers } = request.headers;
    // Of this proxy: a node answers to its own.
    delete headers.host;
    const passedOn = ask(`${url}${path}`, {
      method: request.method,
      headers: isAuthorised(authorization, this.token)
        ? { ...headers, authorization: `Bearer ${loadToken(dataDir)}` }
        : headers,
    });
    passedOn.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passedOn.on("error", () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
    response.on("close", () => passedOn.destroy());
    request.pipe(passedOn);
  }
}
