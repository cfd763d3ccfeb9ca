import { existsSync, globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { GristmillError } from "@gristmill/sdk";
import { build } from "vite";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SOURCE = join(ROOT, "oracle", "dashboard");

/** Where the built dashboard is. */
export const DASHBOARD = join(SOURCE, "dist");

/** Most bytes of compressed script that the first page may load. */
const BUDGET = 300_000;

/**
 * Builds the dashboard, unless what is there is newer than all its sources.
 * @throws GristmillError DASHBOARD_TOO_LARGE if the first page loads more script than {@link BUDGET}
 */
export async function buildDashboard(folder: string = DASHBOARD): Promise<void> {
  if (isFresh(folder)) return;
  await build({ root: SOURCE, logLevel: "error", build: { outDir: folder, emptyOutDir: true } });
  const bytes = firstLoad(folder);
  if (bytes <= BUDGET) return;
  throw new GristmillError("DASHBOARD_TOO_LARGE", `The first page loads ${bytes} bytes of compressed script.`, {
    hints: [`at most ${BUDGET} are allowed: load what it does not need with import()`],
  });
}

/** Bytes of compressed script that index.html loads, with what those scripts import statically. */
export function firstLoad(folder: string): number {
  const page = readFileSync(join(folder, "index.html"), "utf8");
  const loaded = new Set<string>();
  const load = (name: string): void => {
    if (loaded.has(name)) return;
    loaded.add(name);
    const script = readFileSync(join(folder, "assets", name), "utf8");
    for (const [, imported = ""] of script.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) load(imported);
  };
  for (const [, name = ""] of page.matchAll(/assets\/([^"]+\.js)"/g)) load(name);
  return [...loaded].reduce((sum, name) => sum + gzipSync(readFileSync(join(folder, "assets", name))).length, 0);
}

function isFresh(folder: string): boolean {
  const page = join(folder, "index.html");
  if (!existsSync(page) || !readdirSync(folder).includes("assets")) return false;
  const built = statSync(page).mtimeMs;
  const sources = globSync(
    ["oracle/dashboard/{src,public}/**/*", "oracle/dashboard/*.{html,ts,json}", "sdk/src/**/*.ts", "package-lock.json"],
    { cwd: ROOT },
  );
  return sources.every((file) => statSync(join(ROOT, file)).mtimeMs <= built);
}
