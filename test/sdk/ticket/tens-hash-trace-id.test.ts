import { createHash } from "node:crypto";
import { expect } from "chai";
import { tensHashTraceId } from "../../../sdk/src/ticket/tens-hash-trace-id.ts";

const sha256 = (...parts: Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();

describe("tensHashTraceId", () => {
  it("is the id of a u8 tensor whose 65 rows are the leaves, padded to 128", () => {
    const trace = Uint8Array.from({ length: 65 * 128 }, (_, i) => (i * 31) >>> 3);
    let nodes = Array.from({ length: 128 }, (_, row) =>
      row < 65 ? sha256(Uint8Array.of(0), trace.subarray(128 * row, 128 * row + 128)) : Buffer.alloc(32),
    );
    while (nodes.length > 1) {
      nodes = nodes.filter((_, i) => i % 2 === 0).map((left, i) => sha256(Uint8Array.of(1), left, nodes[2 * i + 1]!));
    }
    const header = Uint8Array.of(2, 2, 0, 0, 0, 65, 0, 0, 0, 128);
    expect(tensHashTraceId(trace)).to.equal(`0x${sha256(header, nodes[0]!).toString("hex")}`);
  });

  it("is refused for a trace of another size", () => {
    expect(() => tensHashTraceId(new Uint8Array(8321)))
      .to.throw("8320 bytes, not 8321")
      .with.property("code", "TENSHASH_TRACE_SIZE");
  });
});
