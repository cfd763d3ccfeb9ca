import { createRequire } from "node:module";

import * as wasm from "tiny-secp256k1";

/** What segments need of the curve secp256k1. */
export interface Secp256k1 {
  /** Where it runs, for logs and benchmarks. */
  readonly name: "native" | "wasm";
  /**
   * @param digest 32 bytes
   * @param privateKey 32 bytes
   * @returns 64 bytes r || s, s in the lower half, and whether y is odd
   * @throws if the key is none of the curve
   */
  sign(digest: Uint8Array, privateKey: Uint8Array): { readonly signature: Uint8Array; readonly recoveryId: number };
  /**
   * @param signature 64 bytes r || s
   * @returns the signer's uncompressed public key, 65 bytes
   * @throws if it is nobody's signature
   */
  recover(digest: Uint8Array, signature: Uint8Array, recoveryId: 0 | 1): Uint8Array;
}

/** The native addon's interface (secp256k1 5, `bindings.js`), as far as it is used. */
interface NativeAddon {
  ecdsaSign(digest: Uint8Array, privateKey: Uint8Array): { readonly signature: Uint8Array; readonly recid: number };
  ecdsaRecover(signature: Uint8Array, recoveryId: number, digest: Uint8Array, compressed: boolean): Uint8Array;
}

/**
 * libsecp256k1: as the native addon that the package `secp256k1` brings prebuilt for common platforms, else compiled to
 * WebAssembly (`tiny-secp256k1`), which is some five times slower. The addon's own fallback, plain JavaScript, is not
 * used: it is slower still.
 */
export function loadSecp256k1(): Secp256k1 {
  return loadNative() ?? wasmSecp256k1;
}

/** libsecp256k1 in WebAssembly: there on every platform. */
export const wasmSecp256k1: Secp256k1 = {
  name: "wasm",
  sign: (digest, privateKey) => wasm.signRecoverable(digest, privateKey),
  recover: (digest, signature, recoveryId) => {
    const key = wasm.recover(digest, signature, recoveryId, false);
    if (key === null) throw new RangeError("no such public key");
    return key;
  },
};

/** The native addon, undefined where there is none for this platform. */
export function loadNative(): Secp256k1 | undefined {
  let addon: NativeAddon;
  try {
    addon = createRequire(import.meta.url)("secp256k1/bindings.js") as NativeAddon;
  } catch {
    return undefined;
  }
  return {
    name: "native",
    sign: (digest, privateKey) => {
      const { signature, recid } = addon.ecdsaSign(digest, privateKey);
      return { signature, recoveryId: recid };
    },
    recover: (digest, signature, recoveryId) => addon.ecdsaRecover(signature, recoveryId, digest, false),
  };
}
