import * as dagCbor from "@ipld/dag-cbor";
import { GristmillError, type SegmentMessage } from "@gristmill/sdk";
import { expect } from "chai";

import { MAX_MESSAGE_BYTES } from "../../../oracle/src/network/limits.ts";
import { decodeMessage, encodeMessage } from "../../../oracle/src/network/message-codec.ts";
import { prepareContext } from "../../../oracle/src/network/task-context.ts";
import { id, makeContext, makeSegment } from "./fixtures/task.ts";

const context = prepareContext(makeContext());
const message = makeSegment(context, { slot: 1, first: 4 });
const encode = (value: SegmentMessage) => encodeMessage({ kind: "segment", message: value });
const bytes = encode(message);

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof GristmillError) return error.code;
    throw error;
  }
  return undefined;
}

/** The encoded message with one of its elements replaced. */
function altered(change: (fields: unknown[]) => void): Uint8Array {
  const fields = dagCbor.decode<unknown[]>(bytes);
  change(fields);
  return dagCbor.encode(fields);
}
const recordsOf = (fields: unknown[]) => fields[7] as unknown[][];

describe("message codec", () => {
  it("gives back the message with everything that is not carried computed", () => {
    expect(decodeMessage(bytes, context)).to.deep.equal({ kind: "segment", message });
  });

  it("keeps a message of four lists of 20 entries under 700 bytes", () => {
    expect(bytes.length).to.be.below(700);
  });

  it("gives back empty lists and a short last segment", () => {
    const short = makeSegment(context, { slot: 0, first: 20, length: 2, entries: 0 });
    expect(decodeMessage(encode(short), context).message).to.deep.equal(short);
  });

  it("names another task's message and a slot that the task does not have foreign", () => {
    const foreign = makeSegment(makeContext({ taskId: id("other task") }), { slot: 1, first: 4 });
    expect(codeOf(() => decodeMessage(encode(foreign), context))).to.equal("MESSAGE_FOREIGN");
    expect(
      codeOf(() =>
        decodeMessage(
          altered((f) => (f[2] = 3)),
          context,
        ),
      ),
    ).to.equal("MESSAGE_FOREIGN");
  });

  it("refuses to read and to write more than the largest message", () => {
    expect(codeOf(() => decodeMessage(new Uint8Array(MAX_MESSAGE_BYTES + 1), context))).to.equal("MESSAGE_OVERSIZED");
    const huge = { ...message, lists: message.lists.map(() => Uint32Array.from({ length: 2 ** 18 }, (_, i) => 2 * i)) };
    expect(codeOf(() => encode(huge))).to.equal("MESSAGE_OVERSIZED");
  });

  it("refuses to write a message whose clock does not fit its segment", () => {
    const skewed = { ...message, segment: { ...message.segment, first: 8 } };
    expect(codeOf(() => encode(skewed))).to.equal("MESSAGE_MALFORMED");
  });

  const malformed: Record<string, Uint8Array> = {
    "no bytes": new Uint8Array(),
    "bytes that are no CBOR": Uint8Array.of(0xff, 0x00),
    "CBOR of another shape": dagCbor.encode({ segment: 1 }),
    "a byte too many": Uint8Array.of(...bytes, 0),
    "a byte too few": bytes.subarray(0, -1),
    "an unknown kind": altered((f) => (f[0] = "status")),
    "a field too many": altered((f) => f.push(0)),
    "a task id of 31 bytes": altered((f) => (f[1] = new Uint8Array(31))),
    "a slot that is no integer": altered((f) => (f[2] = 0.5)),
    "a negative slot": altered((f) => (f[2] = -1)),
    "a clock of another length": altered((f) => (f[3] = new Uint8Array(36))),
    "a state id that is text": altered((f) => (f[4] = "state")),
    "a signature of 64 bytes": altered((f) => (f[6] = new Uint8Array(64))),
    "no records": altered((f) => (f[7] = [])),
    "65 records": altered((f) => (f[7] = Array.from({ length: 65 }, () => recordsOf(f)[0]))),
    "more right answers than the batch has rows": altered((f) => (recordsOf(f)[0]![0] = 33)),
    "a loss beyond 127 a row": altered((f) => (recordsOf(f)[0]![1] = 32 * 127 + 1)),
    "a list that names a weight out of range": altered(
      (f) => (recordsOf(f)[0]![3] = Uint8Array.of(0xff, 0xff, 0xff, 0x7f)),
    ),
    "a list with a varint cut short": altered((f) => (recordsOf(f)[0]![3] = Uint8Array.of(0x80))),
    "a list with a varint longer than need be": altered((f) => (recordsOf(f)[0]![3] = Uint8Array.of(0x80, 0x00))),
    // 0x18 0x01 is the integer 1 in two bytes instead of one.
    "an integer that is not in its shortest form": Uint8Array.of(
      ...bytes.subarray(0, slotOffset()),
      0x18,
      0x01,
      ...bytes.subarray(slotOffset() + 1),
    ),
  };

  function slotOffset(): number {
    return 1 + dagCbor.encode("segment").length + dagCbor.encode(new Uint8Array(32)).length;
  }

  for (const [what, wrong] of Object.entries(malformed)) {
    it(`refuses ${what}`, () => {
      expect(codeOf(() => decodeMessage(wrong, context))).to.be.oneOf(["MESSAGE_MALFORMED", "UPDATE_LIST_MALFORMED"]);
    });
  }

  it("refuses or reads any mutated message as one that encodes to the same bytes, and throws nothing else", () => {
    let state = 1;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let read = 0;
    for (let round = 0; round < 3000; round++) {
      const mutated = Uint8Array.from(bytes);
      for (let k = 0; k <= random(4); k++) mutated[random(mutated.length)] = random(256);
      const cut = mutated.subarray(0, round % 5 === 0 ? random(mutated.length) : mutated.length);
      const code = codeOf(() => {
        expect(encodeMessage(decodeMessage(cut, context))).to.deep.equal(cut);
        read++;
      });
      expect(code).to.be.oneOf([undefined, "MESSAGE_MALFORMED", "MESSAGE_FOREIGN", "UPDATE_LIST_MALFORMED"]);
    }
    expect(read).to.be.above(100);
  });
});
