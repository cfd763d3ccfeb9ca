import { existsSync, readFileSync, writeFileSync } from "node:fs";

import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import type { PrivateKey } from "@libp2p/interface";

import { GristmillError } from "@gristmill/sdk";

/**
 * The Ed25519 key that names this node to its peers, made at the first start. It signs nothing of the protocol: losing
 * it changes the peer id and no more.
 *
 * @param path file, readable by its owner only
 * @throws GristmillError PEER_KEY_INVALID
 */
export async function loadPeerKey(path: string): Promise<PrivateKey> {
  if (!existsSync(path)) {
    const key = await generateKeyPair("Ed25519");
    writeFileSync(path, privateKeyToProtobuf(key), { mode: 0o600 });
    return key;
  }
  try {
    return privateKeyFromProtobuf(readFileSync(path));
  } catch (cause) {
    throw new GristmillError("PEER_KEY_INVALID", `The file ${path} holds no libp2p private key.`, {
      cause,
      hints: ["Delete it to get a new peer id; nothing else depends on it."],
    });
  }
}
