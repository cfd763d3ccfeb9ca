import { randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { GristmillError } from "@gristmill/sdk";

const FILE = "api.token";
const TOKEN_BYTES = 32;

/** Where a data folder keeps the token of its node's API. */
export function tokenFile(dataDir: string): string {
  return join(dataDir, FILE);
}

/**
 * The token of a data folder's API, made at the first call: 32 random bytes in hexadecimal, for its owner's eyes only.
 * @throws GristmillError API_TOKEN_INVALID
 */
export function loadToken(dataDir: string): string {
  const file = tokenFile(dataDir);
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(TOKEN_BYTES).toString("hex")}\n`, { mode: 0o600 });
  const token = readFileSync(file, "utf8").trim();
  if (!/^[0-9a-f]{64}$/.test(token))
    throw new GristmillError("API_TOKEN_INVALID", `${file} holds no token`, {
      hints: ["delete it: the node makes a new one when it starts"],
    });
  return token;
}

/** Whether an `Authorization` header carries the token; as slow for a nearly right one as for any other. */
export function isAuthorised(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? "");
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
