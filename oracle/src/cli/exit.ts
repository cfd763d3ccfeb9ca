import { GristmillError } from "@gristmill/sdk";

/** Exit codes: done, the user's mistake, and a failure that trying again later may mend (EX_TEMPFAIL). */
export const EXIT = { done: 0, user: 1, later: 75 } as const;

/** Codes of errors that come from outside and pass. */
const PASSING = new Set([
  "CHAIN_UNREACHABLE",
  "CHAIN_TIMEOUT",
  "CHAIN_FAILED",
  "GAS_PRICE_HIGH",
  "BLOB_UNAVAILABLE",
  "TEST_SET_UNAVAILABLE",
  "MODEL_UNAVAILABLE",
]);

/** The exit code that an error calls for. */
export function exitCodeOf(error: unknown): number {
  return error instanceof GristmillError && PASSING.has(error.code) ? EXIT.later : EXIT.user;
}

/** An error as a person reads it: the sentence, then the hints; with its causes where it is not one of ours. */
export function describe(error: unknown): string {
  if (error instanceof GristmillError)
    return [`${error.code}: ${error.message}`, ...error.hints.map((hint) => `  - ${hint}`)].join("\n");
  if (error instanceof Error) return `unexpected ${error.name}: ${error.stack ?? error.message}`;
  return `unexpected error: ${String(error)}`;
}
