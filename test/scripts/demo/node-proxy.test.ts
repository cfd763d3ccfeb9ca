import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders, Server } from "node:http";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { loadToken } from "../../../oracle/src/api/token.ts";
import { NodeProxy } from "../../../scripts/demo/node-proxy.ts";

describe("the demo's way to its nodes", () => {
  let folder: string;
  let proxy: NodeProxy;
  let servers: Server[];
  let url: string;
  let seen: { readonly path: string | undefined; readonly headers: IncomingHttpHeaders; readonly body: string }[];

  async function listen(server: Server): Promise<string> {
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-proxy-"));
    mkdirSync(join(folder, "miner-1"));
    servers = [];
    seen = [];
    proxy = new NodeProxy(folder);
    const node = createServer((incoming, response) => {
      let body = "";
      incoming.on("data", (chunk: Buffer) => (body += chunk.toString()));
      incoming.on("end", () => {
        seen.push({ path: incoming.url, headers: incoming.headers, body });
        response.writeHead(201, { "content-type": "application/json" }).end('{"ok":true}');
      });
    });
    proxy.see({ event: "api", role: "miner", name: "miner-1", url: await listen(node) });
    url = await listen(
      createServer((incoming, response) => {
        if (!proxy.serve(incoming, response)) response.writeHead(418).end();
      }),
    );
  });

  afterEach(() => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
    rmSync(folder, { recursive: true });
  });

  it("lists the nodes that have said where they are", async () => {
    const nodes = [{ name: "miner-1", role: "miner", url: "nodes/miner-1/" }];
    expect(await (await fetch(`${url}/api/v1/nodes`)).json()).to.deep.equal({ nodes });
    expect((await fetch(`${url}/nodes/nobody/api/v1/status`)).status).to.equal(404);
    expect((await fetch(`${url}/index.html`)).status).to.equal(418);
  });

  it("passes requests on as they are, and answers back", async () => {
    const answer = await fetch(`${url}/nodes/miner-1/api/v1/log?limit=2`, { method: "POST", body: "{}" });
    expect(answer.status).to.equal(201);
    expect(await answer.json()).to.deep.equal({ ok: true });
    expect(seen).to.have.length(1);
    expect(seen[0]).to.include({ path: "/api/v1/log?limit=2", body: "{}" });
  });

  it("puts a node's own token in the place of the run's, and no token in the place of another", async () => {
    for (const token of [proxy.token, "0".repeat(64)])
      await fetch(`${url}/nodes/miner-1/api/v1/status`, { headers: { authorization: `Bearer ${token}` } });
    expect(seen.map(({ headers }) => headers.authorization)).to.deep.equal([
      `Bearer ${loadToken(join(folder, "miner-1"))}`,
      undefined,
    ]);
  });

  it("refuses names that are not of this machine", async () => {
    const status = await new Promise((resolve, reject) => {
      const sent = request(`${url}/nodes/miner-1/api/v1/status`, { headers: { host: "evil.example" } }, (answer) => {
        resolve(answer.statusCode);
        answer.resume();
      });
      sent.on("error", reject).end();
    });
    expect(status).to.equal(421);
    expect(seen).to.deep.equal([]);
  });
});
