/**
 * Encoders: what turns an input into the `int64[]` of a shared model. Dense models take values times 1e9, nearest-centroid
 * models and dense perceptrons with a norm of 1; sparse models take the ascending indices of the features present, each
 * once (contracts/collaborative/classification/Classifier64.sol).
 */
import { GristmillError } from "../errors.ts";
import { ONE, toFixedPoint } from "./fixed-point.ts";
import { murmurHash3 } from "./murmur-hash3.ts";

/** Index of tokens that a vocabulary does not have, upstream's choice. */
export const UNKNOWN_TOKEN = 1337;

/**
 * Integers as they are, for models whose inputs need no encoder ("none").
 * @throws GristmillError ENCODING_RANGE
 */
export function encodeIdentity(values: readonly (bigint | number)[]): bigint[] {
  return values.map((value, index) => {
    const isInteger = typeof value === "bigint" || Number.isSafeInteger(value);
    if (isInteger && BigInt.asIntN(64, BigInt(value)) === BigInt(value)) return BigInt(value);
    throw new GristmillError("ENCODING_RANGE", `Value ${index} is ${value}, no integer of 64 bits with sign.`, {
      hints: ["encode fractions with encodeFixedPoint or encodeUnitNorm"],
    });
  });
}

/**
 * Numbers times 1e9, rounded ("Multiply by 1E9, then round").
 * @throws GristmillError FIXED_POINT_RANGE
 */
export function encodeFixedPoint(values: readonly number[]): bigint[] {
  return values.map((value, index) => toFixedPoint(value, 64, `Value ${index}`));
}

/**
 * A vector stretched to norm 1, times 1e9: what dense models accept, whose squares have to sum to 1e18 within 1e11.
 * @throws GristmillError ENCODING_NO_DIRECTION for zeros, ENCODING_RANGE for infinities and NaN
 */
export function encodeUnitNorm(values: readonly number[]): bigint[] {
  // Divided by the largest first, so that no square overflows or vanishes.
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (!Number.isFinite(largest)) {
    throw new GristmillError("ENCODING_RANGE", "The vector has a value that is infinite or no number.");
  }
  if (largest === 0) {
    throw new GristmillError("ENCODING_NO_DIRECTION", "The vector is zero: it cannot be stretched to norm 1.", {
      hints: ["leave the sample out"],
    });
  }
  const scaled = values.map((value) => value / largest);
  const norm = Math.sqrt(scaled.reduce((sum, value) => sum + value * value, 0));
  return scaled.map((value) => BigInt(Math.round((value / norm) * Number(ONE))));
}

/** The words of a text as upstream's client splits it: lower case, at spaces. */
export function tokenize(text: string): string[] {
  return text
    .toLowerCase()
    .split(/\s+/u)
    .filter((token) => token !== "");
}

/**
 * Indices of a text's words in a vocabulary ("IMDB vocab" with upstream's imdb.json).
 * @param unknown index of all words that the vocabulary does not have; null leaves them out
 */
export function encodeVocabulary(
  text: string,
  vocabulary: Readonly<Record<string, number>>,
  unknown: number | null = UNKNOWN_TOKEN,
): bigint[] {
  const indices = tokenize(text).map((token) => (Object.hasOwn(vocabulary, token) ? vocabulary[token] : unknown));
  return asFeatures(indices.filter((index) => index !== null && index !== undefined));
}

/**
 * MurmurHash3 of each word of a text ("MurmurHash3"): indices below 2^32, or below `features`, by remainder.
 * @param features to hash to at most so many, where a model bounds its features; fewer make more words share one
 */
export function encodeTokenHashes(text: string, features = 2 ** 32): bigint[] {
  return asFeatures(tokenize(text).map((token) => murmurHash3(token) % features));
}

function asFeatures(indices: readonly number[]): bigint[] {
  return [...new Set(indices)].sort((a, b) => a - b).map(BigInt);
}

/** Names of encoders as they stand on-chain in a trainer's `encoder`; capitals do not matter. */
export const ENCODERS = {
  none: "none",
  fixedPoint: "Multiply by 1E9, then round",
  tokenHashes: "MurmurHash3",
  vocabulary: "IMDB vocab",
  unitNorm: "unit norm",
} as const;

/** What an encoder may need besides the input. */
export interface EncoderOptions {
  /** Index of each word, for the vocabulary encoder. */
  readonly vocabulary?: Readonly<Record<string, number>>;
}

/**
 * The encoder that a trainer names. Those of text take a string, the others numbers.
 * @throws GristmillError ENCODER_UNKNOWN, ENCODER_NO_VOCABULARY, ENCODER_INPUT and those of the encoders
 */
export function encode(name: string, input: string | readonly number[], options: EncoderOptions = {}): bigint[] {
  const [encoder] = Object.entries(ENCODERS).find(([, known]) => known.toLowerCase() === name.toLowerCase()) ?? [];
  switch (encoder as keyof typeof ENCODERS | undefined) {
    case "none":
      return encodeIdentity(numbers(name, input));
    case "fixedPoint":
      return encodeFixedPoint(numbers(name, input));
    case "unitNorm":
      return encodeUnitNorm(numbers(name, input));
    case "tokenHashes":
      return encodeTokenHashes(text(name, input));
    case "vocabulary":
      if (options.vocabulary === undefined) {
        throw new GristmillError("ENCODER_NO_VOCABULARY", `The encoder ${name} needs a vocabulary.`, {
          hints: ["give options.vocabulary, an index for each word"],
        });
      }
      return encodeVocabulary(text(name, input), options.vocabulary);
    case undefined:
      throw new GristmillError("ENCODER_UNKNOWN", `There is no encoder ${name} here.`, {
        hints: [`known are ${Object.values(ENCODERS).join("; ")}`, "encode the input yourself and give int64 values"],
      });
  }
}

function numbers(name: string, input: string | readonly number[]): readonly number[] {
  if (typeof input !== "string") return input;
  throw new GristmillError("ENCODER_INPUT", `The encoder ${name} takes numbers, not text.`);
}

function text(name: string, input: string | readonly number[]): string {
  if (typeof input === "string") return input;
  throw new GristmillError("ENCODER_INPUT", `The encoder ${name} takes text, not numbers.`);
}
