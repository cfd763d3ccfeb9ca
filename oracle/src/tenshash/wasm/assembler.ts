/**
 * The few instructions of WebAssembly that the TensHash kernel is made of, as functions from code to code, so that the
 * kernel is written in TypeScript with TypeScript as its macro language: unrolled trees and tables come from loops, and
 * nothing has to be compiled or kept in step before the node starts.
 *
 * An expression leaves one value on the stack, a statement none; both are their bytes. Opcodes and binary format:
 * WebAssembly Core Specification 2.0, section 5, with the shared memories of the threads proposal.
 */

/** Bytes of an expression or of statements. */
export type Code = readonly number[];

const I32 = 0x7f;
const V128 = 0x7b;
const EMPTY_BLOCK = 0x40;
const END = 0x0b;

/** A variable or parameter of a function. */
export interface Local {
  readonly get: Code;
  set(value: Code): Code;
}

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** Signed LEB128 of 32 bits. */
function signed(value: number): number[] {
  const rest = value >> 7;
  const last = (rest === 0 && (value & 0x40) === 0) || (rest === -1 && (value & 0x40) !== 0);
  return last ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(rest)];
}

/** Two operands, or one, and the instruction. */
const binary =
  (...opcode: number[]) =>
  (a: Code, b: Code): Code => [...a, ...b, ...opcode];
const unary =
  (...opcode: number[]) =>
  (a: Code): Code => [...a, ...opcode];
/** Memory instructions; `align` is the binary logarithm of an alignment that is a hint only. */
const loading =
  (align: number, ...opcode: number[]) =>
  (address: Code, offset = 0): Code => [...address, ...opcode, align, ...unsigned(offset)];
const storing =
  (align: number, ...opcode: number[]) =>
  (address: Code, value: Code, offset = 0): Code => [...address, ...value, ...opcode, align, ...unsigned(offset)];

export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  load: loading(2, 0x28),
  load16: loading(1, 0x2f),
  store: storing(2, 0x36),
  store16: storing(1, 0x3b),
  less: binary(0x49),
  popcount: unary(0x69),
  add: binary(0x6a),
  subtract: binary(0x6b),
  and: binary(0x71),
  shiftLeft: binary(0x74),
  shiftRightSigned: binary(0x75),
  shiftRight: binary(0x76),
};

export const v128 = {
  load: loading(4, 0xfd, 0x00),
  store: storing(4, 0xfd, 0x0b),
  constant: (bytes: readonly number[]): Code => [0xfd, 0x0c, ...bytes],
  not: unary(0xfd, 0x4d),
  and: binary(0xfd, 0x4e),
  andNot: binary(0xfd, 0x4f),
  or: binary(0xfd, 0x50),
  xor: binary(0xfd, 0x51),
};

export const i8x16 = {
  /** Bytes of `a` in another order. */
  permute: (a: Local, order: readonly number[]): Code => [...a.get, ...a.get, 0xfd, 0x0d, ...order],
  /** The highest bit of every byte. */
  bitmask: unary(0xfd, 0x64),
};

export const i16x8 = {
  splat: unary(0xfd, 0x10),
  shiftLeft: binary(0xfd, 0x8b, 0x01),
  add: binary(0xfd, 0x8e, 0x01),
};

export const i32x4 = {
  splat: unary(0xfd, 0x11),
  shiftLeft: binary(0xfd, 0xab, 0x01),
  shiftRight: binary(0xfd, 0xad, 0x01),
  add: binary(0xfd, 0xae, 0x01),
};

/** Copies `length` bytes between places that do not overlap. */
export function copyMemory(to: Code, from: Code, length: Code): Code {
  return [...to, ...from, ...length, 0xfc, 0x0a, 0x00, 0x00];
}

/** Runs the body, and again as long as the condition that follows it is not 0. */
export function repeatWhile(body: Code, condition: Code): Code {
  return [0x03, EMPTY_BLOCK, ...body, ...condition, 0x0d, 0x00, END];
}

/** Runs the body only if the condition is not 0. */
export function when(condition: Code, body: Code): Code {
  return [...condition, 0x04, EMPTY_BLOCK, ...body, END];
}

/** One exported function. */
export interface FunctionDefinition {
  readonly name: string;
  readonly parameters: number;
  readonly hasResult: boolean;
  readonly body: Code;
}

/** Hands out a function's local variables. */
export class Locals {
  readonly #parameters: number;
  readonly #types: number[] = [];

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  i32(): Local {
    return this.#declare(I32);
  }

  v128(): Local {
    return this.#declare(V128);
  }

  /** The declarations that open the function's body. */
  get declarations(): Code {
    return vector(this.#types.map((type) => [1, type]));
  }

  #declare(type: number): Local {
    return local(this.#parameters + this.#types.push(type) - 1);
  }
}

function local(index: number): Local {
  return { get: [0x20, ...unsigned(index)], set: (value) => [...value, 0x21, ...unsigned(index)] };
}

/**
 * @param build takes the parameters, all i32, and gives the statements, the last one an expression where there is a
 *   result
 */
export function defineFunction(
  name: string,
  parameters: number,
  hasResult: boolean,
  build: (locals: Locals, ...parameters: Local[]) => readonly Code[],
): FunctionDefinition {
  const locals = new Locals(parameters);
  const code = build(locals, ...Array.from({ length: parameters }, (_, index) => local(index))).flat();
  return { name, parameters, hasResult, body: [...locals.declarations, ...code, END] };
}

/** @returns the bytes of a module that imports the shared memory `env.memory` of exactly so many 64 KiB pages */
export function assembleModule(pages: number, functions: readonly FunctionDefinition[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters, hasResult }) => [
    0x60,
    ...vector(Array.from({ length: parameters }, () => [I32])),
    ...vector(hasResult ? [[I32]] : []),
  ]);
  const memory = [...text("env"), ...text("memory"), 0x02, 0x03, ...unsigned(pages), ...unsigned(pages)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(2, [memory]),
    ...section(
      3,
      functions.map((_, index) => unsigned(index)),
    ),
    ...section(
      7,
      functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]),
    ),
    ...section(
      10,
      functions.map(({ body }) => [...unsigned(body.length), ...body]),
    ),
  ]);
}

function section(id: number, entries: readonly Code[]): Code {
  const body = vector(entries);
  return [id, ...unsigned(body.length), ...body];
}

function vector(entries: readonly Code[]): Code {
  return [...unsigned(entries.length), ...entries.flat()];
}

function text(characters: string): Code {
  return vector([...Buffer.from(characters)].map((byte) => [byte]));
}
