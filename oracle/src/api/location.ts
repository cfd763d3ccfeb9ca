import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

const schema = z.object({ url: z.url() });

function fileIn(dataDir: string): string {
  return join(dataDir, "api.json");
}

/** Says in a data folder at which URL its node's API answers. */
export function publishUrl(dataDir: string, url: string): void {
  writeFileSync(fileIn(dataDir), `${JSON.stringify({ url })}\n`, { mode: 0o600 });
}

export function withdrawUrl(dataDir: string): void {
  rmSync(fileIn(dataDir), { force: true });
}

/** Where the node of a data folder answers; undefined if none runs there. One that was killed leaves its URL behind. */
export function findApi(dataDir: string): string | undefined {
  const file = fileIn(dataDir);
  return existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, "utf8"))).url : undefined;
}
