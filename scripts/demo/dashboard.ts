import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { GristmillError } from "@gristmill/sdk";

import type { Deployment } from "../../oracle/src/chain/deployment.ts";
import { dashboardFiles } from "../../oracle/src/dashboard/dashboard-files.ts";
import { buildDashboard, DASHBOARD } from "../dashboard/build.ts";
import { EventFeed } from "./event-feed.ts";
import { NodeProxy } from "./node-proxy.ts";
import type { NodeEvent } from "./run-state.ts";

/** The dashboard of a run. */
export interface DemoDashboard {
  /** With the token of the run behind the #, which the page keeps and no server sees. */
  readonly url: string;
  /** Shows an event of a node. */
  readonly say: (event: NodeEvent) => void;
  readonly stop: () => void;
}

/**
 * Builds the dashboard if its sources are newer, and serves it on a free port of the loopback with all nodes' events.
 * @param folder with the nodes' data folders
 */
export async function startDashboard(rpcUrl: string, deployment: Deployment, folder: string): Promise<DemoDashboard> {
  await buildDashboard();
  const files = await dashboardFiles(DASHBOARD, { rpcUrl, apiUrl: "", deployment });
  const feed = new EventFeed();
  const proxy = new NodeProxy(folder);
  const server = createServer((request, response) => {
    if (request.url?.startsWith("/api/v1/events") === true) feed.serve(request, response);
    else if (!proxy.serve(request, response)) void files(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new GristmillError("DASHBOARD_FAILED", "the dashboard's server could not start", { cause }));
    });
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/#token=${proxy.token}`,
    say: (event) => {
      proxy.see(event);
      feed.say(event);
    },
    stop: () => {
      feed.cut();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** What opens an address in the user's browser, by platform. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [program: string, ...args: string[]]>>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start"],
  linux: ["xdg-open"],
};

/** Opens the address where somebody looks: on a terminal, with a desktop, and not in CI. Where it fails, nothing happens. */
export function openInBrowser(url: string): void {
  const { CI, DISPLAY, WAYLAND_DISPLAY } = process.env;
  const hasDesktop = process.platform !== "linux" || DISPLAY !== undefined || WAYLAND_DISPLAY !== undefined;
  const [program, ...args] = OPENERS[process.platform] ?? [];
  if (!process.stdout.isTTY || CI !== undefined || !hasDesktop || program === undefined) return;
  spawn(program, [...args, url], { stdio: "ignore", detached: true })
    .on("error", () => undefined)
    .unref();
}
