import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { GristmillError } from "@gristmill/sdk";

/** `config.json` of the page; oracle/dashboard/src/config.ts reads it. */
export interface DashboardSettings {
  readonly rpcUrl: string;
  /** Where the node's API is, seen from the page; "" where it is served beside the page. Left out: there is none. */
  readonly apiUrl?: string;
  /** The content of the deployment's addresses.json. */
  readonly deployment: unknown;
  /** Trainers of shared models. */
  readonly models?: readonly string[];
  /** Prediction markets. */
  readonly markets?: readonly string[];
}

/** Media types of what Vite builds; anything else is not served. */
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

/** Built files carry their hash in their names, so they never change. */
const IMMUTABLE = "public, max-age=31536000, immutable";

/** Answers a request for the dashboard. */
export type DashboardFiles = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The folder of the built dashboard: beside the sources in the repository, in their place in the package. */
export function builtDashboard(): string | undefined {
  return ["../../dashboard", "../../dashboard/dist"]
    .map((folder) => fileURLToPath(new URL(folder, import.meta.url)))
    .find((folder) => existsSync(join(folder, "assets")));
}

/**
 * Serves the built dashboard from a folder, and beside it its settings as `config.json`. The page may ask this server and
 * the chain's endpoint for data, and no other host for anything.
 *
 * @param folder that Vite built, with index.html
 * @throws GristmillError DASHBOARD_MISSING if it was not built
 */
export async function dashboardFiles(folder: string, settings: DashboardSettings): Promise<DashboardFiles> {
  const root = resolve(folder);
  await readFile(join(root, "index.html")).catch((cause: unknown) => {
    throw new GristmillError("DASHBOARD_MISSING", `There is no built dashboard in ${root}.`, {
      hints: ["build it: npm run build -- --all"],
      cause,
    });
  });
  const config = JSON.stringify(settings);
  const headers = {
    // Mantine sets its variables in a style element; scripts are files of this server only.
    "content-security-policy":
      `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; ` +
      `connect-src 'self' ${new URL(settings.rpcUrl).origin}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  };
  return async ({ method, url = "/" }, response) => {
    if (method !== "GET" && method !== "HEAD") {
      response.writeHead(405, { ...headers, allow: "GET, HEAD" }).end();
      return;
    }
    const [path = "/"] = url.split("?");
    const body =
      path === "/config.json" ? Buffer.from(config) : await fileAt(root, path === "/" ? "/index.html" : path);
    const type = TYPES[path === "/" ? ".html" : extname(path)];
    if (body === undefined || type === undefined) {
      response.writeHead(404, { ...headers, "content-type": "text/plain" }).end("not found\n");
      return;
    }
    response.writeHead(200, {
      ...headers,
      "content-type": type,
      "content-length": body.length,
      "cache-control": path.startsWith("/assets/") ? IMMUTABLE : "no-cache",
    });
    response.end(method === "HEAD" ? undefined : body);
  };
}

/** A file below the root, undefined where there is none or the path leads out. */
async function fileAt(root: string, path: string): Promise<Buffer | undefined> {
  let file: string;
  try {
    file = resolve(root, `.${decodeURIComponent(path)}`);
  } catch {
    return undefined;
  }
  if (!file.startsWith(root + sep)) return undefined;
  return readFile(file).catch(() => undefined);
}
