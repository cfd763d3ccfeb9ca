import { GristmillError } from "../errors.ts";

/** Codes of what can be wrong with a task spec or its data. */
export type SpecErrorCode =
  | "SPEC_SYNTAX"
  | "SPEC_INVALID"
  | "SPEC_FILE_MISSING"
  | "SPEC_FILE_CHANGED"
  | "DATASET_MALFORMED"
  | "DATASET_TOO_SMALL"
  | "DATASET_TOO_LARGE";

/** One thing that is wrong with a spec. */
export interface SpecProblem {
  /** Path of the field, such as `ml.model.hidden-units[0].nodes`. */
  readonly field: string;
  /** What is wrong, continuing a sentence that starts with the field. */
  readonly problem: string;
  /** What to write instead. */
  readonly mend: string;
}

/** An error that names each wrong field and, as its hints, the mend of each. */
export function specError(
  code: SpecErrorCode,
  problems: SpecProblem | readonly SpecProblem[],
  cause?: unknown,
): GristmillError {
  const list: readonly SpecProblem[] = "field" in problems ? [problems] : problems;
  return new GristmillError(code, `${list.map(({ field, problem }) => `${field} ${problem}`).join("; ")}.`, {
    hints: list.map(({ mend }) => mend),
    cause,
  });
}

/** `["ml", "model", "hidden-units", 0]` as `ml.model.hidden-units[0]`; the root is "the task spec". */
export function fieldPath(path: readonly PropertyKey[]): string {
  const joined = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  return joined === "" ? "the task spec" : joined.replace(/^\./, "");
}
