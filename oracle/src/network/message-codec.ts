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
import { hexToBytes, type Hex } from "viem";

import { CborReader, malformed } from "./cbor-reader.ts";
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
 * Every message has exactly one encoding: any other is refused, so that bytes can be compared and hashed in place of
 * messages.
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
  return { kind: SEGMENT, message: decodeSegment(new CborReader(bytes), context) };
}

function decodeSegment(reader: CborReader, context: PreparedContext): SegmentMessage {
  expectLength(reader.array(), 8);
  if (reader.text() !== SEGMENT) throw malformed("its kind is unknown");
  const taskId = readHex(reader, ID_BYTES);
  const slot = reader.integer(MAX_SLOTS - 1);
  if (taskId !== context.taskId || slot >= context.operators.length) {
    throw new GristmillError("MESSAGE_FOREIGN", `A message of slot ${slot} of task ${taskId} is none of this task's.`);
  }
  const clock = decodeClock(reader.bytes(), context.operators.length);
  const stateId = readHex(reader, ID_BYTES);
  const residualId = readHex(reader, ID_BYTES);
  const signature = readHex(reader, SIGNATURE_BYTES);

  const size = reader.array();
  if (size < 1 || size > MAX_SEGMENT_LENGTH) throw malformed("a segment has 1 to 64 records");
  const { count: first, segmentId: previous } = clock[slot]!;
  const hashOfClock = clockHash(clock);
  const lists: UpdateList[] = [];
  const records: IterationRecord[] = [];
  for (let index = first; index < first + size; index++) {
    expectLength(reader.array(), 4);
    const correct = reader.integer(context.parameters.batch);
    const loss = reader.integer(127 * context.parameters.batch);
    const work = readHex(reader, ID_BYTES);
    const list = decodeUpdateList(reader.bytes(), context.weights);
    lists.push(list);
    records.push({
      index,
      batch: context.batchOf(slot, index),
      clockHash: hashOfClock,
      updateId: updateId(list),
      correct,
      loss,
      work,
    });
  }
  reader.end();
  return {
    segment: {
      taskId,
      slot,
      first,
      last: first + records.length - 1,
      previous,
      recordsRoot: recordsRoot(records),
      stateId,
      residualId,
      work: records.at(-1)!.work,
    },
    signature,
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

function decodeClock(bytes: Buffer, slots: number): Clock {
  if (bytes.length !== CLOCK_ENTRY_BYTES * slots) throw malformed(`its clock does not have ${slots} entries`);
  return Array.from({ length: slots }, (_, slot) => {
    const at = CLOCK_ENTRY_BYTES * slot;
    return {
      count: bytes.readUInt32BE(at),
      segmentId: `0x${bytes.toString("hex", at + 4, at + CLOCK_ENTRY_BYTES)}` as const,
    };
  });
}

function readHex(reader: CborReader, length: number): Hex {
  const bytes = reader.bytes();
  expectLength(bytes.length, length);
  return `0x${bytes.toString("hex")}`;
}

function expectLength(length: number, expected: number): void {
  if (length !== expected) throw malformed(`${length} elements or bytes stand where ${expected} are expected`);
}
