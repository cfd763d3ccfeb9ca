import { CsvError, parse } from "csv-parse/sync";

import { BIAS_INPUT, chooseRows, type Examples, type Split } from "./examples.ts";
import type { DatasetSpec } from "./schema.ts";
import { specError } from "./spec-error.ts";

type CsvSource = Extract<DatasetSpec, { format: "CSV" }>["source"];

/** Standard deviations of a numeric column that reach 127; what lies beyond is clipped. */
const FULL_SCALE_DEVIATIONS = 3;

const MAX_CLASSES = 256;

/** One column of the table, turned into one or more inputs. */
interface InputColumn {
  readonly width: number;
  /** Writes the inputs of `cell` into `x` from `offset`. */
  readonly write: (cell: string, x: Int8Array, offset: number) => void;
}

/**
 * Examples from a CSV table (RFC 4180). A numeric column becomes one input, standardised with the mean and deviation of
 * the training rows so that three deviations are 127; a nominal one becomes an input per value, 127 for the row's own and
 * 0 for the others. Integer labels are classes in ascending order, other labels in the order of their code points, and
 * with `bins` a numeric label is the number of bins whose lowest value it reaches.
 *
 * @throws GristmillError DATASET_MALFORMED naming row and column, DATASET_TOO_SMALL, SPEC_INVALID
 */
export function readCsv(bytes: Uint8Array, source: CsvSource, split: Split): Examples {
  const table = parseTable(bytes, source.delimiter);
  const names = source.header ? table.shift()! : undefined;
  const columns = table[0]?.length ?? 0;
  if (table.length === 0 || columns < 2) {
    throw malformed("needs at least one row of data and two columns", "Name a table with inputs and a label.");
  }
  const labelColumn = columnIndex(source.label ?? columns - 1, names, columns, "ml.dataset.source.label");
  const nominal = new Set(
    source.nominal.map((column, i) => columnIndex(column, names, columns, `ml.dataset.source.nominal[${i}]`)),
  );
  const place = { names, firstRow: source.header ? 2 : 1 };
  checkCells(table, place);

  const order = chooseRows(table.length, split);
  const training = [...order.subarray(0, split.training)];
  const inputColumns = Array.from({ length: columns }, (_, column): InputColumn => {
    if (column === labelColumn) return { width: 0, write: () => undefined };
    const cells = table.map((row) => row[column]!);
    return nominal.has(column) || !cells.every(isNumber)
      ? oneHot(cells)
      : standardised(training.map((row) => Number(cells[row])));
  });
  const labels = table.map((row) => row[labelColumn]!);
  const { classes, classOf } =
    source.bins === undefined ? distinctClasses(labels) : binnedClasses(labels, source.bins, place.firstRow);

  const inputs = inputColumns.reduce((sum, { width }) => sum + width, 0);
  const x = new Int8Array(order.length * (inputs + 1));
  const y = new Uint8Array(order.length);
  for (const [target, row] of order.entries()) {
    let offset = target * (inputs + 1);
    for (const [column, { width, write }] of inputColumns.entries()) {
      write(table[row]![column]!, x, offset);
      offset += width;
    }
    x[offset] = BIAS_INPUT;
    y[target] = classOf(labels[row]!);
  }
  return { inputs, classes, x, y };
}

function parseTable(bytes: Uint8Array, delimiter: string): string[][] {
  try {
    return parse(bytes, { delimiter, bom: true, trim: true, skip_empty_lines: true, max_record_size: 2 ** 20 });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw specError(
      "DATASET_MALFORMED",
      {
        field: "ml.dataset.source.file",
        problem: `names a table that cannot be read: ${cause.message.replace(/\.$/, "")}`,
        mend: "Correct the line, or set ml.dataset.source.delimiter to what separates the columns.",
      },
      cause,
    );
  }
}

function columnIndex(
  column: number | string,
  names: readonly string[] | undefined,
  columns: number,
  field: string,
): number {
  const index = typeof column === "number" ? column : (names?.indexOf(column) ?? -1);
  if (index >= 0 && index < columns) return index;
  const known = names === undefined ? `numbers from 0 to ${columns - 1}` : names.join(", ");
  throw specError("SPEC_INVALID", {
    field,
    problem: `is ${column}, which is no column of the table`,
    mend: `Its columns are ${known}${names === undefined ? "; names need header: true" : ""}.`,
  });
}

function checkCells(
  table: readonly string[][],
  { names, firstRow }: { readonly names: readonly string[] | undefined; readonly firstRow: number },
): void {
  for (const [row, cells] of table.entries()) {
    const column = cells.findIndex((cell) => cell === "" || cell === "?");
    if (column >= 0) {
      throw malformed(
        `has no value in row ${row + firstRow}, column ${names?.[column] ?? column}`,
        "Fill the value in, or remove the row.",
      );
    }
  }
}

function isNumber(cell: string): boolean {
  return Number.isFinite(Number(cell));
}

function oneHot(cells: readonly string[]): InputColumn {
  const values = [...new Set(cells)].sort(byCodePoint);
  const positions = new Map(values.map((value, i) => [value, i]));
  return {
    width: values.length,
    write: (cell, x, offset) => {
      x[offset + positions.get(cell)!] = 127;
    },
  };
}

function standardised(training: readonly number[]): InputColumn {
  const mean = training.reduce((sum, value) => sum + value, 0) / training.length;
  const variance = training.reduce((sum, value) => sum + (value - mean) ** 2, 0) / training.length;
  // A column that is the same in all training rows says nothing and reads as 0.
  const scale = variance === 0 ? 0 : 127 / (FULL_SCALE_DEVIATIONS * Math.sqrt(variance));
  return {
    width: 1,
    write: (cell, x, offset) => {
      x[offset] = Math.max(-127, Math.min(127, Math.round((Number(cell) - mean) * scale)));
    },
  };
}

interface Classes {
  readonly classes: readonly string[];
  readonly classOf: (label: string) => number;
}

function distinctClasses(labels: readonly string[]): Classes {
  const distinct = [...new Set(labels)];
  const classes = distinct.every((label) => /^[+-]?[0-9]+$/.test(label))
    ? distinct.sort((a, b) => Number(a) - Number(b))
    : distinct.sort(byCodePoint);
  if (classes.length < 2 || classes.length > MAX_CLASSES) {
    throw malformed(
      `has ${classes.length} different labels, but a network tells 2 to ${MAX_CLASSES} classes apart`,
      "Choose another ml.dataset.source.label, or group a numeric one by ml.dataset.source.bins.",
    );
  }
  const indices = new Map(classes.map((label, i) => [label, i]));
  return { classes, classOf: (label) => indices.get(label)! };
}

function binnedClasses(labels: readonly string[], bins: readonly number[], firstRow: number): Classes {
  const row = labels.findIndex((label) => !isNumber(label));
  if (row >= 0) {
    throw malformed(
      `has the label "${labels[row]!}" in row ${row + firstRow}, but bins need numbers`,
      "Remove ml.dataset.source.bins, or choose a numeric label.",
    );
  }
  const between = bins.slice(1).map((edge, i) => `${bins[i]!} to below ${edge}`);
  return {
    classes: [`below ${bins[0]!}`, ...between, `${bins.at(-1)!} and more`],
    classOf: (label) => bins.filter((edge) => Number(label) >= edge).length,
  };
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function malformed(problem: string, mend: string): Error {
  return specError("DATASET_MALFORMED", {
    field: "ml.dataset.source.file",
    problem: `names a table that ${problem}`,
    mend,
  });
}
