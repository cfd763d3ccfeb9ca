import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

import { GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";
import { bytesToHex, hexToBytes } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import { z } from "zod";

import { decryptKey, encryptKey, seal, writeKeystore } from "../config/keystore.ts";

const bundleSchema = z.strictObject({
  kind: z.literal("gristmill-identity"),
  version: z.literal(1),
  account: z.string(),
  keystore: z.string(),
  /** The peer's key, encrypted like the account's; nodes that never ran have none. */
  peer: z.string().optional(),
});

/** Where a data folder keeps the node's keystore, unless its operator says otherwise. */
export function keystoreFile(dataDir: string): string {
  return join(dataDir, "keystore.json");
}

function peerKeyFile(dataDir: string): string {
  return join(dataDir, "network", "peer.key");
}

/**
 * Writes a node's identity, the account's key and the peer's, into one encrypted file. The password is tried first: a
 * backup that nobody can open is none.
 * @returns the account
 * @throws GristmillError PASSWORD_WRONG, KEYSTORE_INVALID, BACKUP_EXISTS
 */
export async function exportIdentity(options: {
  readonly keystore: string;
  readonly dataDir: string;
  readonly password: string;
  readonly file: string;
}): Promise<Hex> {
  const { keystore, dataDir, password, file } = options;
  const text = await readFile(keystore, "utf8").catch((cause: unknown) => {
    throw new GristmillError("CONFIG_UNREADABLE", `the keystore ${resolve(keystore)} cannot be read`, { cause });
  });
  const account = privateKeyToAddress(await decryptKey(text, password, keystore));
  const peerFile = peerKeyFile(dataDir);
  const peer = existsSync(peerFile)
    ? JSON.stringify(await seal(bytesToHex(await readFile(peerFile)), password))
    : undefined;
  const bundle = { kind: "gristmill-identity", version: 1, account, keystore: text, ...(peer && { peer }) };
  await writeFile(file, `${JSON.stringify(bundle, undefined, 2)}\n`, { mode: 0o600, flag: "wx" }).catch(
    (cause: unknown) => {
      throw new GristmillError("BACKUP_EXISTS", `the backup ${resolve(file)} cannot be written`, {
        cause,
        hints: ["a backup is never replaced: choose another name"],
      });
    },
  );
  return account;
}

/**
 * Puts an exported identity into a data folder that has none.
 * @returns the account
 * @throws GristmillError BACKUP_INVALID, PASSWORD_WRONG, KEYSTORE_EXISTS
 */
export async function importIdentity(options: {
  readonly file: string;
  readonly keystore: string;
  readonly dataDir: string;
  readonly password: string;
}): Promise<Hex> {
  const { file, keystore, dataDir, password } = options;
  const bundle = await readFile(file, "utf8")
    .then((text) => bundleSchema.parse(JSON.parse(text)))
    .catch((cause: unknown) => {
      throw new GristmillError("BACKUP_INVALID", `${resolve(file)} is not an identity that oracle-miner exported`, {
        cause,
      });
    });
  const account = privateKeyToAddress(await decryptKey(bundle.keystore, password, file));
  await mkdir(dirname(keystore), { recursive: true });
  await writeKeystore(keystore, bundle.keystore);
  const peerFile = peerKeyFile(dataDir);
  if (bundle.peer !== undefined && !existsSync(peerFile)) {
    await mkdir(dirname(peerFile), { recursive: true });
    await writeFile(peerFile, hexToBytes(await decryptKey(bundle.peer, password, file)), { mode: 0o600 });
  }
  return account;
}

/** Makes a keystore of a key. */
export async function createKeystore(file: string, privateKey: Hex, password: string): Promise<Hex> {
  const text = await encryptKey(privateKey, password);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeKeystore(file, text);
  return privateKeyToAddress(privateKey);
}
