// BLS signatures over BLS12-381 as contracts/libraries/Bls12381.sol checks them: signatures in G1, keys in G2, messages
// hashed by BLS12381G1_XMD:SHA-256_SSWU_RO_ (RFC 9380), points encoded as EIP-2537 has them.

import { bls12_381 } from "@noble/curves/bls12-381.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import type { Hex } from "viem";
import { bytesToHex, hexToBytes } from "viem";

import { GristmillError } from "../errors.ts";

/** Domain separation of draft-irtf-cfrg-bls-signature-05, sections 4.2.3. */
const SIGNATURE_TAG = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
const POSSESSION_TAG = "BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";

const { shortSignatures, G1, G2, fields } = bls12_381;
const { Fp, Fp2 } = fields;

/** Bytes of a coordinate in EIP-2537: 16 zeros and 48 of the number, big-endian. */
const COORDINATE = 64;

/** A signature or a hash: two coordinates as four words. All zeros is the point at infinity. */
export interface G1Words {
  readonly words: readonly [Hex, Hex, Hex, Hex];
}

/** A key: two coordinates of two parts each, as eight words. */
export interface G2Words {
  readonly words: readonly [Hex, Hex, Hex, Hex, Hex, Hex, Hex, Hex];
}

/** A secret key with what others know of it. */
export interface BlsKey {
  readonly secret: Uint8Array;
  readonly public: G2Words;
}

/**
 * The BLS key that belongs to an operator's key: whoever has the one has the other, and there is nothing else to keep.
 * @param operatorKey 32 bytes
 */
export function blsKeyOf(operatorKey: Hex): BlsKey {
  const material = hkdf(sha256, hexToBytes(operatorKey), undefined, utf8ToBytes("gristmill supervisor log"), 48);
  const { secretKey, publicKey } = shortSignatures.keygen(material);
  return { secret: secretKey, public: encodeG2(publicKey) };
}

/** Signs the 32 bytes of an EIP-712 digest. */
export function blsSign(key: BlsKey, digest: Hex): G1Words {
  return sign(key, digest, SIGNATURE_TAG);
}

/** Shows that the signer knows the secret of its key. @param digest `SupervisorLog.possessionDigest` */
export function provePossession(key: BlsKey, digest: Hex): G1Words {
  return sign(key, digest, POSSESSION_TAG);
}

/** Whether the signature over the digest is of the key. False as well for words that are no points. */
export function blsVerify(key: G2Words, signature: G1Words, digest: Hex): boolean {
  try {
    const message = shortSignatures.hash(hexToBytes(digest), SIGNATURE_TAG);
    return shortSignatures.verify(decodeG1(signature), message, decodeG2(key));
  } catch {
    return false;
  }
}

/**
 * The sum of signatures, which is that of the sum of their keys.
 * @throws GristmillError BLS_POINT_INVALID
 */
export function addSignatures(signatures: readonly G1Words[]): G1Words {
  return encodeG1(signatures.map(decodeG1).reduce((sum, point) => sum.add(point), G1.Point.ZERO));
}

/**
 * The sum of keys.
 * @throws GristmillError BLS_POINT_INVALID
 */
export function addKeys(keys: readonly G2Words[]): G2Words {
  return encodeG2(keys.map(decodeG2).reduce((sum, point) => sum.add(point), G2.Point.ZERO));
}

function sign({ secret }: BlsKey, digest: Hex, tag: string): G1Words {
  return encodeG1(shortSignatures.sign(shortSignatures.hash(hexToBytes(digest), tag), secret));
}

type G1Point = InstanceType<typeof G1.Point>;
type G2Point = InstanceType<typeof G2.Point>;

/** RFC 9380 hash_to_curve, suite BLS12381G1_XMD:SHA-256_SSWU_RO_. @param tag domain separation, 1 to 255 bytes */
export function hashToG1(message: Uint8Array, tag: string): G1Words {
  return encodeG1(shortSignatures.hash(message, tag));
}

function encodeG1(point: G1Point): G1Words {
  if (point.is0()) return { words: wordsOf(new Uint8Array(2 * COORDINATE)) as G1Words["words"] };
  const { x, y } = point.toAffine();
  return { words: wordsOf(concat([x, y].map((value) => Fp.toBytes(value)))) as G1Words["words"] };
}

function encodeG2(point: G2Point): G2Words {
  if (point.is0()) return { words: wordsOf(new Uint8Array(4 * COORDINATE)) as G2Words["words"] };
  const { x, y } = point.toAffine();
  return { words: wordsOf(concat([x.c0, x.c1, y.c0, y.c1].map((value) => Fp.toBytes(value)))) as G2Words["words"] };
}

function decodeG1({ words }: G1Words): G1Point {
  const [x, y] = coordinates(words, 2);
  return checked(() => (x === 0n && y === 0n ? G1.Point.ZERO : G1.Point.fromAffine({ x: x!, y: y! })));
}

function decodeG2({ words }: G2Words): G2Point {
  const [x0, x1, y0, y1] = coordinates(words, 4);
  if ([x0, x1, y0, y1].every((value) => value === 0n)) return G2.Point.ZERO;
  return checked(() => G2.Point.fromAffine({ x: Fp2.fromBigTuple([x0!, x1!]), y: Fp2.fromBigTuple([y0!, y1!]) }));
}

/** The point, if it is one of the group. */
function checked<T extends { assertValidity: () => void }>(decode: () => T): T {
  try {
    const point = decode();
    point.assertValidity();
    return point;
  } catch (cause) {
    throw new GristmillError("BLS_POINT_INVALID", "These words are no point of BLS12-381.", {
      cause,
      hints: ["Keys and signatures have 64 bytes a coordinate, as in EIP-2537, and lie in the prime-order subgroup."],
    });
  }
}

function coordinates(words: readonly Hex[], count: number): bigint[] {
  return Array.from({ length: count }, (_, i) => BigInt(words[2 * i]! + words[2 * i + 1]!.slice(2)));
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.length * COORDINATE);
  parts.forEach((part, i) => {
    bytes.set(part, (i + 1) * COORDINATE - part.length);
  });
  return bytes;
}

function wordsOf(bytes: Uint8Array): readonly Hex[] {
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytesToHex(bytes.subarray(32 * i, 32 * i + 32)));
}
