import { randomBytes, scrypt as scryptCallback } from "node:crypto";
import type { BinaryLike, ScryptOptions } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { promisify } from "node:util";

import { GristmillError } from "@gristmill/sdk";
import { Keystore } from "ox";
import type { Hex } from "viem";
import { isAddress } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import { z } from "zod";

import type { NodeConfig } from "./config.ts";

/** Cost of scrypt in files that this node writes: 2^17, OWASP's minimum; about half a second and 128 MiB. */
const SCRYPT_N = 131_072;

/** Of files that it reads: 1 GiB, so that a file cannot take all of the memory. */
const MAX_SCRYPT_N = 1_048_576;

const scrypt = promisify<BinaryLike, BinaryLike, number, ScryptOptions, Buffer>(scryptCallback);

const MIN_PASSWORD_LENGTH = 8;

/** Asks an operator for a password. */
export type AskPassword = (question: string) => Promise<string>;

const keystoreSchema = z
  .looseObject({ version: z.literal(3), address: z.string().optional(), crypto: z.looseObject({ kdf: z.string() }) })
  .transform((value) => value as unknown as Keystore.Keystore & { readonly address?: string });

/**
 * Encrypts a key as Web3 Secret Storage, version 3
 * (https://ethereum.org/developers/docs/data-structures-and-encoding/web3-secret-storage), with its address in the clear.
 * @throws GristmillError PASSWORD_WEAK
 */
export async function encryptKey(privateKey: Hex, password: string): Promise<string> {
  if (password.length < MIN_PASSWORD_LENGTH)
    throw new GristmillError("PASSWORD_WEAK", `a password has at least ${String(MIN_PASSWORD_LENGTH)} characters`);
  const address = privateKeyToAddress(privateKey).slice(2).toLowerCase();
  return `${JSON.stringify({ address, ...(await seal(privateKey, password)) }, undefined, 2)}\n`;
}

/** Encrypts a secret of any length in the format of keystores; {@link decryptKey} opens it. */
export async function seal(secret: Hex, password: string): Promise<Keystore.Keystore> {
  const kdfparams = { dklen: 32, n: SCRYPT_N, p: 1, r: 8, salt: randomBytes(32).toString("hex") };
  const key = await deriveScrypt(password, kdfparams);
  return Keystore.encrypt(secret, key, { kdf: "scrypt", kdfparams, iv: randomBytes(16) });
}

const scryptSchema = z.object({
  dklen: z.number().int().min(32).max(64),
  n: z.number().int().min(2).max(MAX_SCRYPT_N),
  p: z.number().int().min(1).max(16),
  r: z.number().int().min(1).max(16),
  salt: z.string(),
});

/** By Node's own scrypt, which is many times faster than one in JavaScript. */
async function deriveScrypt(password: string, params: z.infer<typeof scryptSchema>): Promise<Hex> {
  const { dklen, n: N, p, r, salt } = params;
  const key = await scrypt(password, Buffer.from(salt.replace(/^0x/, ""), "hex"), dklen, {
    N,
    r,
    p,
    maxmem: 256 * N * r,
  });
  return `0x${key.toString("hex")}`;
}

async function keyOf({ crypto }: Keystore.Keystore, password: string): Promise<Hex> {
  if (crypto.kdf === "scrypt") {
    const params = scryptSchema.parse(crypto.kdfparams);
    // OpenSSL holds to the bound of RFC 7914, which some old files do not meet.
    if (params.n < 2 ** (16 * params.r)) return deriveScrypt(password, params);
  }
  const key = await Keystore.toKeyAsync({ crypto } as Keystore.Keystore, { password });
  return typeof key === "function" ? key() : key;
}

/**
 * @throws GristmillError KEYSTORE_INVALID, PASSWORD_WRONG
 */
export async function decryptKey(text: string, password: string, file: string): Promise<Hex> {
  const keystore = parseKeystore(text, file);
  let privateKey: Hex;
  try {
    privateKey = Keystore.decrypt(keystore, await keyOf(keystore, password));
  } catch (cause) {
    throw new GristmillError("PASSWORD_WRONG", `the password does not open the keystore ${resolve(file)}`, { cause });
  }
  return privateKey;
}

/** The address of a keystore, without its password; undefined where the file does not say. */
export function keystoreAddress(file: string): Hex | undefined {
  const { address } = parseKeystore(read(file, "keystore"), file);
  const hex = `0x${(address ?? "").replace(/^0x/, "")}`;
  return isAddress(hex, { strict: false }) ? hex : undefined;
}

/** Writes a keystore that only its owner can read, and never over another one. */
export async function writeKeystore(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600, flag: "wx" }).catch((cause: unknown) => {
    throw new GristmillError("KEYSTORE_EXISTS", `the keystore ${resolve(file)} cannot be written`, {
      cause,
      hints: ["a keystore is never replaced: move the old one away first, and keep it"],
    });
  });
}

/**
 * The node's key: given, or from the keystore with the password of the environment, the password file or, on a terminal,
 * the operator. Undefined if no key is configured.
 * @throws GristmillError CONFIG_UNREADABLE, KEYSTORE_INVALID, PASSWORD_MISSING, PASSWORD_WRONG
 */
export async function unlockKey(config: NodeConfig, ask: AskPassword = askOnTerminal): Promise<Hex | undefined> {
  const { privateKey, keystore: file } = config;
  if (privateKey !== undefined || file === undefined) return privateKey;
  return decryptKey(read(file, "keystore"), await passwordOf(config, ask), file);
}

/** The password of a node's keystore. */
export async function passwordOf(
  { password, passwordFile }: Pick<NodeConfig, "password" | "passwordFile">,
  ask: AskPassword = askOnTerminal,
): Promise<string> {
  if (password !== undefined) return password;
  if (passwordFile !== undefined) return read(passwordFile, "password file").split(/\r?\n/, 1)[0] ?? "";
  return ask("Password of the keystore");
}

/**
 * Writes a random password of 256 bits to a new file that only its owner can read.
 * @throws GristmillError PASSWORD_FILE_UNWRITABLE
 */
export async function createPasswordFile(file: string): Promise<void> {
  const password = randomBytes(32).toString("base64url");
  await writeFile(file, `${password}\n`, { mode: 0o600, flag: "wx" }).catch((cause: unknown) => {
    throw new GristmillError("PASSWORD_FILE_UNWRITABLE", `the password file ${resolve(file)} cannot be written`, {
      cause,
      hints: ["name one in a folder that is there, with --password-file"],
    });
  });
}

/** @throws GristmillError PASSWORD_MISSING where there is no terminal */
export async function askOnTerminal(message: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new GristmillError(
      "PASSWORD_MISSING",
      "the keystore needs its password, and there is no terminal to ask on",
      {
        hints: ["set ORACLE_MINER_PASSWORD, or name a file with --password-file"],
      },
    );
  const { password } = await import("@inquirer/prompts");
  return password({ message, mask: true });
}

function parseKeystore(text: string, file: string): Keystore.Keystore & { readonly address?: string } {
  try {
    return keystoreSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new GristmillError("KEYSTORE_INVALID", `${resolve(file)} is not a keystore`, {
      cause,
      hints: ["a JSON file of Web3 Secret Storage, version 3, as `oracle-miner init` writes it"],
    });
  }
}

function read(file: string, what: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new GristmillError("CONFIG_UNREADABLE", `the ${what} ${resolve(file)} cannot be read`, { cause });
  }
}
