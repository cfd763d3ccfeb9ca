import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";

import { noise, type ICryptoInterface } from "@chainsafe/libp2p-noise";
import { defaultCrypto } from "@chainsafe/libp2p-noise/crypto";
import type { ConnectionEncrypter, MessageStream } from "@libp2p/interface";

/**
 * Noise whose frames leave in one write each. It hands a frame over as some five pieces (length, header, body, tag), of which
 * the TCP transport makes as many system calls, segments on the wire, and reads at the other end: each costs more than
 * encrypting a kilobyte.
 */
export function encryption(): (components: Parameters<ReturnType<typeof noise>>[0]) => ConnectionEncrypter {
  const createNoise = noise({ crypto });
  return (components) => {
    const encrypter = createNoise(components);
    return {
      protocol: encrypter.protocol,
      secureOutbound: (connection, options) => encrypter.secureOutbound(inOneWrite(connection), options),
      secureInbound: (connection, options) => encrypter.secureInbound(inOneWrite(connection), options),
    };
  };
}

function inOneWrite(connection: MessageStream): MessageStream {
  const send = connection.send.bind(connection);
  connection.send = (data) => send(data.subarray());
  return connection;
}

const CIPHER = "chacha20-poly1305";
const TAG_BYTES = 16;

/** Below it WebAssembly, which noise uses by default, is faster than a call of OpenSSL. */
const NATIVE_BYTES = 1_200;

/**
 * Noise's own primitives, but for long frames: it passes Node the key as bytes, of which Node makes a key again for each
 * frame (finding out by an exception that it is none yet), and encrypts a frame piece by piece.
 */
export const crypto: ICryptoInterface = {
  ...defaultCrypto,
  chaCha20Poly1305Encrypt: (plaintext, nonce, ad, key) => {
    if (plaintext.byteLength < NATIVE_BYTES) return defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key);
    const cipher = createCipheriv(CIPHER, keyOf(key), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(ad, { plaintextLength: plaintext.byteLength });
    return Buffer.concat([cipher.update(plaintext.subarray()), cipher.final(), cipher.getAuthTag()]);
  },
  chaCha20Poly1305Decrypt: (ciphertext, nonce, ad, key, into) => {
    if (ciphertext.byteLength < NATIVE_BYTES)
      return defaultCrypto.chaCha20Poly1305Decrypt(ciphertext, nonce, ad, key, into);
    const length = ciphertext.byteLength - TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, keyOf(key), nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(ad, { plaintextLength: length });
    decipher.setAuthTag(ciphertext.subarray(length));
    const plaintext = decipher.update(ciphertext.subarray(0, length));
    decipher.final(); // throws unless the tag is right
    return plaintext;
  },
};

/** A connection keeps its two keys, so each is made once. */
const keys = new WeakMap<Uint8Array, KeyObject>();

function keyOf(bytes: Uint8Array): KeyObject {
  let key = keys.get(bytes);
  if (key === undefined) {
    key = createSecretKey(bytes);
    keys.set(bytes, key);
  }
  return key;
}
