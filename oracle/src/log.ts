import type { Logger } from "pino";
import { pino, stdTimeFunctions } from "pino";

/** Who writes the log: fields of every line. */
export interface LogIdentity {
  readonly role: string;
  readonly name: string;
}

/**
 * The node's structured log: JSON lines on standard output. A line that reports a step of the protocol has an `event`
 * field; the names and fields of these are part of the interface (ARCHITECTURE lists them).
 */
export function createLog(identity: LogIdentity, level: string): Logger {
  return pino({
    level,
    base: identity,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: describeError },
  });
}

/** An error as the log shows it: code, sentence, hints and the chain of causes, never a stack in the way. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const details = error as Error & { readonly code?: unknown; readonly hints?: unknown };
  return {
    message: error.message,
    ...(details.code === undefined ? {} : { code: details.code }),
    ...(Array.isArray(details.hints) && details.hints.length > 0 ? { hints: details.hints as unknown[] } : {}),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
