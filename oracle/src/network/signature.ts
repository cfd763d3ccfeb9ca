import { GristmillError } from "@gristmill/sdk";
import { bytesToHex, hexToBytes, type Address, type Hex } from "viem";
import { publicKeyToAddress } from "viem/accounts";

import { loadSecp256k1 } from "./secp256k1.ts";

const secp256k1 = loadSecp256k1();

/**
 * Signatures of segments. Recovering signers is the largest cost of taking a message in: libsecp256k1 takes 60 µs natively
 * and 300 µs in WebAssembly where @noble/curves takes 1,500 µs.
 *
 * The signer is always recovered, although verifying against a known key would save a fifth: only recovery checks the
 * byte v, and a message with a wrong v would be accepted here and then fail in every contract it is shown to.
 */
const SIGNATURE_BYTES = 65;

/** Half the order of secp256k1, big-endian: s must not exceed it (EIP-2), or each signature would have a twin. */
const HALF_ORDER = hexToBytes("0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");

/**
 * Signs a 32-byte digest.
 *
 * @param privateKey 32 bytes
 * @returns 65 bytes r || s || v, v 27 or 28
 * @throws GristmillError PRIVATE_KEY_INVALID
 */
export function signDigest(digest: Hex, privateKey: Uint8Array): Hex {
  try {
    const { signature, recoveryId } = secp256k1.sign(hexToBytes(digest), privateKey);
    return `${bytesToHex(signature)}${(27 + recoveryId).toString(16)}`;
  } catch (cause) {
    throw new GristmillError("PRIVATE_KEY_INVALID", "The private key is not one of secp256k1.", { cause });
  }
}

/** Whose signature of the digest this is; undefined where it is nobody's or not in the one form allowed. */
export type RecoverSigner = (digest: Hex, signature: Hex) => Address | undefined;

/**
 * A {@link RecoverSigner} that remembers the addresses of public keys it met, of which a task has few: hashing a key to
 * its address would otherwise cost a fifth of a recovery.
 */
export function createSignerRecovery(): RecoverSigner {
  const addresses = new Map<Hex, Address>();
  return (digest, signature) => {
    const bytes = hexToBytes(signature);
    const v = bytes[SIGNATURE_BYTES - 1];
    if (bytes.length !== SIGNATURE_BYTES || (v !== 27 && v !== 28) || exceedsHalfOrder(bytes.subarray(32, 64))) {
      return undefined;
    }
    const key = recoverKey(hexToBytes(digest), bytes.subarray(0, 64), v === 27 ? 0 : 1);
    if (key === undefined) return undefined;
    let address = addresses.get(key);
    if (address === undefined) {
      address = publicKeyToAddress(key);
      // Strangers' keys come with forged messages; they must not pile up.
      if (addresses.size >= MAX_REMEMBERED) addresses.clear();
      addresses.set(key, address);
    }
    return address;
  };
}

const MAX_REMEMBERED = 256;

function recoverKey(digest: Uint8Array, signature: Uint8Array, recoveryId: 0 | 1): Hex | undefined {
  try {
    return bytesToHex(secp256k1.recover(digest, signature, recoveryId));
  } catch {
    // r or s out of range: nobody's signature.
    return undefined;
  }
}

function exceedsHalfOrder(s: Uint8Array): boolean {
  const at = s.findIndex((byte, index) => byte !== HALF_ORDER[index]);
  return at >= 0 && s[at]! > HALF_ORDER[at]!;
}
