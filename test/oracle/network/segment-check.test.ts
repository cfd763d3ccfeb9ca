import { segmentId, type SegmentMessage } from "@gristmill/sdk";
import { expect } from "chai";

import { MAX_MESSAGE_BYTES } from "../../../oracle/src/network/limits.ts";
import { encodeMessage } from "../../../oracle/src/network/message-codec.ts";
import { judge, type Judgement } from "../../../oracle/src/network/segment-check.ts";
import { createSignerRecovery } from "../../../oracle/src/network/signature.ts";
import { prepareContext } from "../../../oracle/src/network/task-context.ts";
import type { SegmentPlace } from "../../../oracle/src/storage/segment-store.ts";
import { id, keyOf, makeChain, makeContext, makeSegment } from "./fixtures/task.ts";

const context = prepareContext(makeContext());
const recoverSigner = createSignerRecovery();
const encode = (message: SegmentMessage) => encodeMessage({ kind: "segment", message });

function judgeWith(bytes: Uint8Array, ...held: SegmentMessage[]): Judgement {
  const places: SegmentPlace[] = held.map(({ segment }) => ({ ...segment, segmentId: segmentId(segment) }));
  const known = (slot: number, from: number, to: number) =>
    places.filter((place) => place.slot === slot && place.first <= to && place.last >= from);
  return judge(bytes, context, known, recoverSigner);
}

describe("segment check", () => {
  const [first, second, third] = makeChain(context, 1, 3) as [SegmentMessage, SegmentMessage, SegmentMessage];

  it("accepts a signed segment whether its predecessor is known or not", () => {
    expect(judgeWith(encode(second), first)).to.deep.equal({
      verdict: "accepted",
      message: second,
      segmentId: segmentId(second.segment),
    });
    expect(judgeWith(encode(third), first).verdict).to.equal("accepted");
    expect(judgeWith(encode(second), third).verdict).to.equal("accepted");
  });

  it("accepts a slot's short last segment", () => {
    expect(judgeWith(encode(makeSegment(context, { slot: 0, first: 20, length: 2 }))).verdict).to.equal("accepted");
  });

  it("calls a known segment replayed before it looks at the signature", () => {
    expect(judgeWith(encode(second), second).verdict).to.equal("replayed");
    expect(judgeWith(encode({ ...second, signature: first.signature }), second).verdict).to.equal("replayed");
  });

  it("calls another segment over the same iterations an equivocation", () => {
    const other = makeSegment(context, { slot: 1, first: 4, previous: segmentId(first.segment), version: "b" });
    expect(judgeWith(encode(other), first, second).verdict).to.equal("equivocation");
  });

  it("calls a segment that continues another history an equivocation", () => {
    const stray = makeSegment(context, { slot: 1, first: 4, previous: id("another history") });
    expect(judgeWith(encode(stray), first).verdict).to.equal("equivocation");
  });

  it("accepts what continues either version of a slot that equivocated", () => {
    const other = makeSegment(context, { slot: 1, first: 0, version: "b" });
    const next = makeSegment(context, { slot: 1, first: 4, previous: segmentId(other.segment) });
    expect(judgeWith(encode(next), first, other).verdict).to.equal("accepted");
  });

  it("calls a stranger's signature, another slot's and any altered field forged", () => {
    const forgeries = [
      makeSegment(context, { slot: 1, first: 4, key: keyOf(77) }),
      makeSegment(context, { slot: 1, first: 4, key: keyOf(2) }),
      { ...second, segment: { ...second.segment, stateId: id("another state") } },
      { ...second, clock: second.clock.with(0, { count: 4, segmentId: id("another peer") }) },
      { ...second, lists: second.lists.with(0, Uint32Array.of(0)) },
      { ...second, records: second.records.with(1, { ...second.records[1]!, loss: 0 }) },
      { ...second, records: second.records.slice(1), lists: second.lists.slice(1) },
    ];
    for (const forgery of forgeries) expect(judgeWith(encode(forgery)).verdict).to.equal("forged");
  });

  it("calls a signature with another v, or with its s mirrored, forged", () => {
    const { signature } = second;
    const otherV = `${signature.slice(0, -2)}${signature.endsWith("1b") ? "1c" : "1b"}` as const;
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = order - BigInt(`0x${signature.slice(66, 130)}`);
    const mirrored = `${signature.slice(0, 66)}${s.toString(16).padStart(64, "0")}${otherV.slice(-2)}` as const;
    const noV = `${signature.slice(0, -2)}00` as const;
    for (const wrong of [otherV, mirrored, noV, `0x${"00".repeat(65)}`, `0x${"ff".repeat(64)}1b`] as const) {
      expect(judgeWith(encode({ ...second, signature: wrong as `0x${string}` })).verdict).to.equal("forged");
    }
  });

  it("calls another task's segment foreign, also when an operator of this task signed it", () => {
    const other = makeSegment(makeContext({ taskId: id("other task") }), { slot: 1, first: 4 });
    expect(judgeWith(encode(other)).verdict).to.equal("foreign");
  });

  it("calls an overlong message oversized", () => {
    expect(judgeWith(new Uint8Array(MAX_MESSAGE_BYTES + 1)).verdict).to.equal("oversized");
  });

  const contradictions: Record<string, SegmentMessage> = {
    "a segment off the grid of c": makeSegment(context, { slot: 1, first: 6 }),
    "a segment longer than c": makeSegment(context, { slot: 1, first: 4, length: 5 }),
    "iterations beyond the task's": makeSegment(context, { slot: 1, first: 20, length: 3 }),
    "a first segment with a predecessor": makeSegment(context, { slot: 1, first: 0, previous: id("x") }),
    "a later segment without one": makeSegment(context, { slot: 1, first: 4, previous: `0x${"00".repeat(32)}` }),
  };
  for (const [what, message] of Object.entries(contradictions)) {
    it(`calls ${what} malformed`, () => {
      expect(judgeWith(encode(message)).verdict).to.equal("malformed");
    });
  }

  it("has a verdict for any bytes", () => {
    for (const bytes of [new Uint8Array(), Uint8Array.of(0xa0), Uint8Array.of(0x88), new Uint8Array(1000).fill(0x80)]) {
      expect(judgeWith(bytes).verdict).to.equal("malformed");
    }
  });
});
