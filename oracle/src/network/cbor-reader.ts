import { GristmillError } from "@gristmill/sdk";

/** CBOR's major types that are read (RFC 8949 section 3.1). */
const UNSIGNED = 0;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;

/**
 * Reads arrays, texts, byte strings and unsigned integers below 2^32 from CBOR in the one form that DAG-CBOR gives them:
 * definite lengths, every head in its fewest bytes (RFC 8949 section 4.2.1). Whatever is read so has no other encoding;
 * a general decoder lets some through, such as integers written as floats, and would have to encode what it read again
 * to tell. Byte strings are views into the input.
 *
 * Every method throws GristmillError MESSAGE_MALFORMED where something else stands there.
 */
export class CborReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Enters an array, whose elements are then to be read. @returns how many it has */
  array(): number {
    return this.#head(ARRAY);
  }

  text(): string {
    return this.#take(this.#head(TEXT)).toString("latin1");
  }

  bytes(): Buffer {
    return this.#take(this.#head(BYTES));
  }

  /** An integer from 0 to `max`. */
  integer(max: number): number {
    const value = this.#head(UNSIGNED);
    if (value > max) throw malformed(`${value} is not an integer from 0 to ${max}`);
    return value;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw malformed(`${this.#bytes.length - this.#at} bytes are too many`);
  }

  /** The length or value that follows a head of the given major type. */
  #head(type: number): number {
    const head = this.#take(1)[0]!;
    if (head >>> 5 !== type) throw malformed(`major type ${head >>> 5} stands where ${type} is expected`);
    const info = head & 31;
    if (info < 24) return info;
    // What takes more than four bytes is beyond every limit of a message.
    const width = [1, 2, 4][info - 24];
    if (width === undefined) throw malformed(`a length or value in form ${info}`);
    const value = this.#take(width).readUIntBE(0, width);
    if (value < [24, 2 ** 8, 2 ** 16][info - 24]!) throw malformed(`${value} is not in its shortest form`);
    return value;
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformed("it is cut short");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

export function malformed(what: string): GristmillError {
  return new GristmillError("MESSAGE_MALFORMED", `A message is malformed: ${what}.`);
}
