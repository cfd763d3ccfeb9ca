import { sha256Hex } from "#sha256";

import { specError } from "./spec-error.ts";

/** Where the compiler reads files from. */
export interface SourceFiles {
  /** Folder that relative paths in a spec are resolved against. */
  readonly baseDir: string;
  /** Reads a whole file; rejects if it cannot. */
  readonly readFile: (path: string) => Promise<Uint8Array>;
}

/** A file named in a spec. */
export interface SourceFile {
  /** The field that names it. */
  readonly field: string;
  /** As it stands in the spec. */
  readonly path: string;
  /** Field of the digest, and the digest, if the spec has one. */
  readonly sha256Field: string;
  readonly sha256: string | undefined;
}

/** Most bytes that a compressed file may unpack to. */
const MAX_UNPACKED_BYTES = 2 ** 30;

/**
 * The bytes of a file that a spec names, checked against their digest and unpacked if they are gzipped (RFC 1952).
 *
 * @param onWarning is told the digest where the spec has none
 * @throws GristmillError SPEC_FILE_MISSING, SPEC_FILE_CHANGED, DATASET_MALFORMED, DATASET_TOO_LARGE
 */
export async function readSource(
  files: SourceFiles,
  { field, path, sha256Field, sha256 }: SourceFile,
  onWarning: (warning: string) => void,
): Promise<Uint8Array> {
  const resolved = isAbsolute(path) ? path : `${files.baseDir}/${path}`;
  let bytes: Uint8Array;
  try {
    bytes = await files.readFile(resolved);
  } catch (cause) {
    const mend = `Put the file at ${resolved}, or correct ${field}; paths are relative to the spec.`;
    throw specError("SPEC_FILE_MISSING", { field, problem: `names ${path}, which cannot be read`, mend }, cause);
  }
  const actual = sha256Hex(bytes).slice(2);
  if (sha256 === undefined) {
    onWarning(`${sha256Field} is missing, so the data is taken as it is; add ${actual}.`);
  } else if (sha256 !== actual) {
    throw specError("SPEC_FILE_CHANGED", {
      field: sha256Field,
      problem: `is ${sha256}, but ${path} has the digest ${actual}`,
      mend: `Fetch the file that was meant, or set ${sha256Field} to ${actual}.`,
    });
  }
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? unpack(bytes, field, path) : bytes;
}

async function unpack(bytes: Uint8Array, field: string, path: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    const packed = new Blob([new Uint8Array(bytes)]).stream();
    const unpacked: AsyncIterable<Uint8Array> = packed.pipeThrough(new DecompressionStream("gzip"));
    for await (const part of unpacked) {
      length += part.length;
      if (length > MAX_UNPACKED_BYTES) break;
      parts.push(part);
    }
  } catch (cause) {
    const mend = "Pack the file again with gzip, or give it unpacked.";
    throw specError("DATASET_MALFORMED", { field, problem: `names ${path}, which is not whole gzip`, mend }, cause);
  }
  if (length > MAX_UNPACKED_BYTES) {
    const problem = `names ${path}, which unpacks to more than ${MAX_UNPACKED_BYTES} bytes`;
    throw specError("DATASET_TOO_LARGE", { field, problem, mend: "Take a part of the data." });
  }
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function isAbsolute(path: string): boolean {
  return /^([/\\]|[A-Za-z]:[/\\])/.test(path);
}
