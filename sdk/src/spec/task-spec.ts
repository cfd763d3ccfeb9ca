import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";

import { fieldPath, specError, type SpecProblem } from "./spec-error.ts";
import { type TaskSpec, taskSpecSchema } from "./schema.ts";

/** Longest text that is read as a spec, in characters. */
const MAX_SPEC_LENGTH = 256 * 1024;

/**
 * Reads a task spec in YAML 1.2 (of which JSON is a part), fills in its defaults, and checks all that can be checked
 * without the data.
 *
 * @throws GristmillError SPEC_SYNTAX with line and column; SPEC_INVALID naming every wrong field, with the mends as hints
 */
export function parseTaskSpec(text: string): TaskSpec {
  const spec = parseSpec(taskSpecSchema, text);
  const problems = contradictions(spec);
  if (problems.length > 0) throw specError("SPEC_INVALID", problems);
  return spec;
}

/**
 * Reads YAML of any schema.
 *
 * @throws GristmillError SPEC_SYNTAX, SPEC_INVALID, as {@link parseTaskSpec}
 */
export function parseSpec<Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> {
  const result = schema.safeParse(parseYaml(text), { reportInput: true });
  if (!result.success) throw specError("SPEC_INVALID", result.error.issues.flatMap(explain));
  return result.data;
}

function parseYaml(text: string): unknown {
  if (text.length > MAX_SPEC_LENGTH) {
    throw specError("SPEC_SYNTAX", {
      field: "the task spec",
      problem: `has ${text.length} characters, more than ${MAX_SPEC_LENGTH}`,
      mend: "Keep data in files of their own and name them in ml.dataset.source.",
    });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw specError(
      "SPEC_SYNTAX",
      {
        field: `line ${line}, column ${col}`,
        problem: `is not YAML: ${error.message.replace(/\.$/, "")}`,
        mend: "Correct the line; examples/tasks holds specs to start from.",
      },
      error,
    );
  }
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    const problem = "has YAML aliases that cannot be resolved";
    throw specError("SPEC_SYNTAX", { field: "the task spec", problem, mend: "Write the values out." }, cause);
  }
}

/** A zod issue as problems in the words of the spec. */
function explain(issue: z.core.$ZodIssue): SpecProblem[] {
  const field = fieldPath(issue.path);
  switch (issue.code) {
    case "invalid_value":
      return [notOneOf(field, issue.input, issue.values)];
    case "invalid_union": {
      if (issue.discriminator === undefined) return [wrongType(field, issue.input, "number or text")];
      // Of a discriminated union zod reports the whole object, at the path of the field that tells its kind.
      const found = (issue.input as Readonly<Record<string, unknown>>)[issue.discriminator];
      return [notOneOf(field, found, "options" in issue ? (issue.options ?? []) : [])];
    }
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        field: fieldPath([...issue.path, key]),
        problem: "is not a field of a task spec",
        mend: `Remove ${key}, or correct its spelling.`,
      }));
    case "too_big":
      return [{ field, problem: `is too large${shown(issue.input)}`, mend: `Make it at most ${issue.maximum}.` }];
    case "too_small": {
      const bound = issue.inclusive === false ? "more than" : "at least";
      return [{ field, problem: `is too small${shown(issue.input)}`, mend: `Make it ${bound} ${issue.minimum}.` }];
    }
    case "invalid_type":
      return [wrongType(field, issue.input, issue.expected === "int" ? "whole number" : issue.expected)];
    case "custom":
      return [{ field, problem: issue.message, mend: String(issue.params?.mend) }];
    default:
      return [{ field, problem: `is not valid${shown(issue.input)}: ${issue.message}`, mend: `Correct ${field}.` }];
  }
}

function wrongType(field: string, found: unknown, expected: string): SpecProblem {
  if (found === undefined) return { field, problem: "is missing", mend: `Add ${field}, of type ${expected}.` };
  return { field, problem: `is not of type ${expected}${shown(found)}`, mend: `Correct ${field}.` };
}

function notOneOf(field: string, found: unknown, values: readonly unknown[]): SpecProblem {
  const allowed = values.map(String).join(" or ");
  if (found === undefined) return { field, problem: "is missing", mend: `Set ${field} to ${allowed}.` };
  return { field, problem: `is not known here${shown(found)}`, mend: `Set ${field} to ${allowed}.` };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined || text.length > 60 ? "" : ` (${text})`;
}

/** Rules between fields. */
function contradictions(spec: TaskSpec): SpecProblem[] {
  const { coordination, exact, ml } = spec;
  const problems: SpecProblem[] = [];
  const units = ml.model["hidden-units"];
  for (const [i, { activation }] of units.slice(0, -1).entries()) {
    if (activation === "softmax") {
      problems.push({
        field: `ml.model.hidden-units[${i}].activation`,
        problem: "is softmax, which only the output layer has",
        mend: "Set it to relu.",
      });
    }
  }
  const lists = (coordination.miners - 1) * exact["segment-length"];
  if (lists > 128) {
    problems.push({
      field: "exact.segment-length",
      problem: `lets ${coordination.miners} miners bring ${lists} lists at once, more than 128`,
      mend: `Set it to at most ${Math.floor(128 / (coordination.miners - 1))}, or take fewer miners.`,
    });
  }
  if ((coordination["min-miners"] ?? 1) > coordination.miners) {
    problems.push({
      field: "coordination.min-miners",
      problem: `is ${coordination["min-miners"]}, more than the ${coordination.miners} miners wanted`,
      mend: "Lower min-miners or raise miners.",
    });
  }
  const bins = ml.dataset.format === "CSV" ? (ml.dataset.source.bins ?? []) : [];
  if (bins.some((edge, i) => i > 0 && edge <= bins[i - 1]!)) {
    problems.push({
      field: "ml.dataset.source.bins",
      problem: "do not ascend",
      mend: "Sort the lowest values of the classes and remove repeated ones.",
    });
  }
  return problems;
}
