import * as dagCbor from "@ipld/dag-cbor";
import {
  clockHash,
  decodeUpdateList,
  encodeUpdateList,
  GristmillError,
  recordsRoot,
  updateId,
  type Clock,
  type IterationRecord,
  type SegmentMessage,
  type UpdateList,
} from "@gristmill/sdk";
import { bytesToHex, hexToBytes, type Hex } from "viem";

import { MAX_MESSAGE_BYTES, MAX_SEGMENT_LENGTH, MAX_SLOTS } from "./limits.ts";
import type { PreparedContext } from "./task-context.ts";

/**
 * Messages of a task's topic as bytes: DAG-CBOR arrays, the first element naming the kind.
 *
 * A segment is `["segment", taskId, slot, clock, stateId, residualId, signature, records]`; the clock has 36 bytes a
 * slot (count u32 big-endian, segment id); a record is `[correct, loss, work, list]`, the list in the SDK's varint form.
 *
 * What follows from these is not carried but computed by the receiver: first and previous (the slot's own entry of the
 * clock), last, batch (by the schedule), clockHash, updateId, recordsRoot and the segment's work (its last record's). Each
 * would have to be hashed for the comparison anyway, so this saves 32 bytes a field at no cost, 300 of 3,000 for a
 * segment of four; and since the signature covers all of them, whatever was altered on the way fails as a forgery. A
 * record's work is carried, for it needs the batch's leaf and the work before it, which a receiver may not have yet.
 *
 * Every message has exactly one encoding: what does not encode to the same bytes again is refused, so that bytes can be
 * compared and hashed in place of messages.
 */
const SEGMENT = "segment";
const CLOCK_ENTRY_BYTES = 36;
const ID_BYTES = 32;
const SIGNATURE_BYTES = 65;

/** A decoded message of a task's topic, by kind. */
export interface TopicMessage {
  readonly kind: typeof SEGMENT;
  readonly message: SegmentMessage;
}

/** Encodes a message. @throws GristmillError MESSAGE_MALFORMED, MESSAGE_OVERSIZED, UPDATE_LIST_MALFORMED */
export function encodeMessage({ message }: TopicMessage): Uint8Array {
  const { segment, signature, clock, records, lists } = message;
  const own = clock[segment.slot];
  if (own?.count !== segment.first || own.segmentId !== segment.previous || lists.length !== records.length) {
    throw malformed("the own entry of its clock, or its number of lists, does not fit the segment");
  }
  const bytes = dagCbor.encode([
    SEGMENT,
    hexToBytes(segment.taskId),
    segment.slot,
    encodeClock(clock),
    hexToBytes(segment.stateId),
    hexToBytes(segment.residualId),
    hexToBytes(signature),
    records.map(({ correct, loss, work }, index) => [correct, loss, hexToBytes(work), encodeUpdateList(lists[index]!)]),
  ]);
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw new GristmillError(
      "MESSAGE_OVERSIZED",
      `A message of ${bytes.length} bytes exceeds the ${MAX_MESSAGE_BYTES} that peers accept.`,
      { hints: ["Give the task a higher tau or shorter segments, so that fewer updates travel at once."] },
    );
  }
  return bytes;
}

/**
 * Decodes a message of the task.
 *
 * @throws GristmillError MESSAGE_FOREIGN for another task's message or a slot the task does not have; MESSAGE_OVERSIZED;
 * MESSAGE_MALFORMED for everything else
 */
export function decodeMessage(bytes: Uint8Array, context: PreparedContext): TopicMessage {
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw new GristmillError(
      "MESSAGE_OVERSIZED",
      `A message of ${bytes.length} bytes; ${MAX_MESSAGE_BYTES} are allowed.`,
    );
  }
  const value = decodeCbor(bytes);
  const message = decodeSegment(value, context);
  // Lists and clocks have one encoding each; what is left is how DAG-CBOR writes integers.
  if (!equal(dagCbor.encode(value), bytes)) throw malformed("it is not in its one canonical form");
  return { kind: SEGMENT, message };
}

function decodeSegment(value: unknown, context: PreparedContext): SegmentMessage {
  const [kind, taskIdBytes, slot, clockBytes, stateId, residualId, signature, recordValues] = tuple(value, 8);
  if (kind !== SEGMENT) throw malformed("its kind is unknown");
  const taskId = hex(taskIdBytes, ID_BYTES);
  checkInteger(slot, MAX_SLOTS - 1);
  if (taskId !== context.taskId || slot >= context.operators.length) {
    throw new GristmillError("MESSAGE_FOREIGN", `A message of slot ${slot} of task ${taskId} is none of this task's.`);
  }
  if (!Array.isArray(recordValues) || recordValues.length < 1 || recordValues.length > MAX_SEGMENT_LENGTH) {
    throw malformed("a segment has 1 to 64 records");
  }

  const clock = decodeClock(clockBytes, context.operators.length);
  const { count: first, segmentId: previous } = clock[slot]!;
  const hashOfClock = clockHash(clock);
  const lists: UpdateList[] = [];
  const records = recordValues.map((recordValue: unknown, offset): IterationRecord => {
    const [correct, loss, work, list] = tuple(recordValue, 4);
    checkInteger(correct, context.parameters.batch);
    checkInteger(loss, 127 * context.parameters.batch);
    if (!(list instanceof Uint8Array)) throw malformed("a list is not bytes");
    const decoded = decodeUpdateList(list, context.weights);
    lists.push(decoded);
    const index = first + offset;
    return {
      index,
      batch: context.batchOf(slot, index),
      clockHash: hashOfClock,
      updateId: updateId(decoded),
      correct,
      loss,
      work: hex(work, ID_BYTES),
    };
  });
  return {
    segment: {
      taskId,
      slot,
      first,
      last: first + records.length - 1,
      previous,
      recordsRoot: recordsRoot(records),
      stateId: hex(stateId, ID_BYTES),
      residualId: hex(residualId, ID_BYTES),
      work: records.at(-1)!.work,
    },
    signature: hex(signature, SIGNATURE_BYTES),
    clock,
    records,
    lists,
  };
}

function encodeClock(clock: Clock): Uint8Array {
  const bytes = new Uint8Array(CLOCK_ENTRY_BYTES * clock.length);
  const view = new DataView(bytes.buffer);
  clock.forEach(({ count, segmentId }, slot) => {
    view.setUint32(CLOCK_ENTRY_BYTES * slot, count);
    bytes.set(hexToBytes(segmentId), CLOCK_ENTRY_BYTES * slot + 4);
  });
  return bytes;
}

function decodeClock(bytes: unknown, slots: number): Clock {
  if (!(bytes instanceof Uint8Array) || bytes.length !== CLOCK_ENTRY_BYTES * slots) {
    throw malformed(`its clock does not have ${slots} entries`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: slots }, (_, slot) => ({
    count: view.getUint32(CLOCK_ENTRY_BYTES * slot),
    segmentId: bytesToHex(bytes.subarray(CLOCK_ENTRY_BYTES * slot + 4, CLOCK_ENTRY_BYTES * (slot + 1))),
  }));
}

/** DAG-CBOR refuses indefinite lengths, tags but links, and trailing bytes by itself. */
function decodeCbor(bytes: Uint8Array): unknown {
  try {
    return dagCbor.decode(bytes);
  } catch (cause) {
    throw malformed("it is not DAG-CBOR", cause);
  }
}

function tuple(value: unknown, length: number): unknown[] {
  if (!Array.isArray(value) || value.length !== length) throw malformed(`an array of ${length} elements is expected`);
  return value as unknown[];
}

function checkInteger(value: unknown, max: number): asserts value is number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > max) {
    throw malformed(`${String(value)} is not an integer from 0 to ${max}`);
  }
}

function hex(value: unknown, length: number): Hex {
  if (!(value instanceof Uint8Array) || value.length !== length) throw malformed(`${length} bytes are expected`);
  return bytesToHex(value);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function malformed(what: string, cause?: unknown): GristmillError {
  return new GristmillError("MESSAGE_MALFORMED", `A message is malformed: ${what}.`, { cause });
}
