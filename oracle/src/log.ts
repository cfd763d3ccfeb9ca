import { GristmillError } from "@gristmill/sdk";
import type { Logger } from "pino";
import { destination, multistream, pino, stdTimeFunctions } from "pino";

import type { Journal } from "./journal.ts";

/** Who writes the log: fields of every line. */
export interface LogIdentity {
  readonly role: string;
  readonly name: string;
}

/**
 * The node's structured log: JSON lines on standard output. A line that reports a step of the protocol has an `event`
 * field; the names and fields of these are part of the interface (ARCHITECTURE lists them).
 *
 * @param journal gets every line as well
 * @param quiet leaves standard output to somebody who reads the journal
 */
export function createLog(identity: LogIdentity, level: string, journal: Journal, quiet = false): Logger {
  return pino(
    {
      level,
      base: identity,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError },
    },
    // Each stream takes whatever the logger's level lets through.
    multistream([...(quiet ? [] : [destination(1)]), journal].map((stream) => ({ stream, level: "trace" }))),
  );
}

/** An error as the log shows it: ours with code, hints and what caused it, others with the first line of what they say. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof GristmillError)) return { message: firstLine(error) };
  const { code, message, hints, cause } = error;
  return {
    code,
    message,
    ...(hints.length > 0 ? { hints } : {}),
    ...(cause === undefined ? {} : { cause: firstLine(cause) }),
  };
}

/** Libraries put whole calls into their messages; the first line says what went wrong. */
function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
}
