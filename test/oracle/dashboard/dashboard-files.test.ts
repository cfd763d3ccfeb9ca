import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { dashboardFiles } from "../../../oracle/src/dashboard/dashboard-files.ts";
import { rejection } from "../../rejection.ts";

const SETTINGS = { rpcUrl: "http://127.0.0.1:8545/key", apiUrl: "", deployment: { chainId: 31_337 } };

describe("the dashboard's files", () => {
  let folder: string;
  let server: Server;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "dashboard-"));
    await mkdir(join(folder, "site", "assets"), { recursive: true });
    await writeFile(join(folder, "secret.json"), "{}");
    await writeFile(join(folder, "site", "index.html"), "<!doctype html>");
    await writeFile(join(folder, "site", "assets", "index-1a2b.js"), "1;");
    const files = await dashboardFiles(join(folder, "site"), SETTINGS);
    server = createServer((incoming, response) => void files(incoming, response));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });

  afterEach(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });

  /** Sends the path as it is, which fetch would tidy up. */
  async function get(path: string, method = "GET") {
    const { port } = server.address() as AddressInfo;
    return new Promise<{ status: number | undefined; headers: Record<string, unknown>; body: string }>((done, fail) => {
      const sent = request({ host: "127.0.0.1", port, path, method }, (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => (body += chunk.toString()));
        response.on("end", () => {
          done({ status: response.statusCode, headers: response.headers, body });
        });
      });
      sent.on("error", fail).end();
    });
  }

  it("serve the page at the root, and its scripts for ever", async () => {
    expect(await get("/")).to.deep.include({ status: 200, body: "<!doctype html>" });
    const script = await get("/assets/index-1a2b.js");
    expect(script.headers).to.include({
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
    });
  });

  it("serve the settings as config.json", async () => {
    expect(JSON.parse((await get("/config.json")).body)).to.deep.equal(SETTINGS);
  });

  it("let the page talk to this server and the chain's endpoint alone", async () => {
    const { headers } = await get("/");
    expect(headers["content-security-policy"]).to.include("default-src 'none'; script-src 'self';");
    expect(headers["content-security-policy"]).to.include("connect-src 'self' http://127.0.0.1:8545;");
  });

  it("serve nothing from outside the folder, however the path is written", async () => {
    for (const path of [
      "/../secret.json",
      "/%2e%2e/secret.json",
      "/assets/../../secret.json",
      "/%zz",
      "/..%2fsecret.json",
    ])
      expect((await get(path)).status, path).to.equal(404);
  });

  it("refuse to write", async () => {
    expect(await get("/config.json", "POST")).to.deep.include({ status: 405, body: "" });
  });

  it("are refused with the mend where nothing was built", async () => {
    const error = await rejection(dashboardFiles(join(folder, "nowhere"), SETTINGS));
    expect(error).to.have.property("code", "DASHBOARD_MISSING");
  });
});
