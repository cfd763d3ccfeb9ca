import { GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import type { NodeConfig } from "../config/config.ts";
import { keystoreAddress } from "../config/keystore.ts";
import type { Reader } from "../operator/reader.ts";
import { startReader } from "../roles/start-node.ts";

/** Connects for a command that only looks: it needs no key, so nobody is asked for a password. */
export function startViewer({ privateKey: _, keystore: __, ...config }: NodeConfig): Promise<Reader> {
  return startReader(config);
}

/**
 * The account of a node, without opening its keystore.
 * @throws GristmillError KEY_MISSING, KEYSTORE_INVALID
 */
export function accountOf({ privateKey, keystore }: NodeConfig): Hex {
  const account =
    privateKey !== undefined
      ? privateKeyToAddress(privateKey)
      : keystore === undefined
        ? undefined
        : keystoreAddress(keystore);
  if (account !== undefined) return account;
  throw new GristmillError("KEY_MISSING", "this command is about the node's account, and no key is configured", {
    hints: ["make one with `oracle-miner init`, or name a keystore with --keystore"],
  });
}
