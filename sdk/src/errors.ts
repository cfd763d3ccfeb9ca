/** What every error of Gristmill's packages carries besides its sentence. */
export interface GristmillErrorOptions {
  /** What to do about it, one hint a line. */
  readonly hints?: readonly string[];
  readonly cause?: unknown;
}

/**
 * The one error base of the packages: a stable code to match on, one sentence that names what and where, and hints
 * that name the mend.
 */
export class GristmillError extends Error {
  readonly code: string;
  readonly hints: readonly string[];

  /**
   * @param code stable identifier, SCREAMING_SNAKE_CASE
   * @param message one sentence
   */
  constructor(code: string, message: string, options: GristmillErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "GristmillError";
    this.code = code;
    this.hints = options.hints ?? [];
  }
}
