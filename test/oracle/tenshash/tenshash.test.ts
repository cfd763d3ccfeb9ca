import { readFileSync } from "node:fs";
import { expect } from "chai";
import { deriveMatrix, popcount, weightsOf } from "../../../oracle/src/tenshash/matrices.ts";
import { ReferenceTensHasher } from "../../../oracle/src/tenshash/reference.ts";
import { matrixShape } from "../../../oracle/src/tenshash/shape.ts";
import { tensHashBackends } from "../../../oracle/src/tenshash/index.ts";
import { checkTensHashVectors } from "../../../scripts/vectors/tenshash.ts";
import { rejection } from "../../rejection.ts";
import { openBackend } from "./backends.ts";

interface VectorFile {
  vectors: { seed: string; input: string; output: string }[];
  traces: {
    layer_sha256: string[];
    matrix_sha256: string[];
    layer0_state: string;
    layer1_state: string;
    layer64_state: string;
    weights_first64: Record<string, number[]>;
    weights_last16: Record<string, number[]>;
  }[];
}

const path = new URL("../../vectors/tenshash.json", import.meta.url);
const vectors = JSON.parse(readFileSync(path, "utf8")) as VectorFile;
const genesis = vectors.vectors.at(-1)!;
const reference = vectors.traces[0]!;
const silent = () => undefined;
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");

describe("TensHash matrices", () => {
  it("have their weights from the two low bits of the keystream's bytes", () => {
    const matrix = deriveMatrix(bytes(genesis.seed), 65);
    expect(matrixShape(65)).to.deep.equal([256, 1024]);
    expect([...weightsOf(matrix).subarray(0, 64)]).to.deep.equal(reference.weights_first64["65"]);
    expect([...weightsOf(matrix).subarray(-16)]).to.deep.equal(reference.weights_last16["65"]);
    expect(matrix.weightCount[255]).to.equal(
      weightsOf(matrix)
        .subarray(-1024)
        .filter((w) => w !== 0).length,
    );
  });

  it("are refused for a seed that has not 32 bytes", () => {
    expect(() => deriveMatrix(new Uint8Array(31), 0))
      .to.throw()
      .with.property("code", "TENSHASH_SEED_SIZE");
  });

  it("count set bits of words of either sign", () => {
    expect([0, 1, -1, 0x80000000, 0x55555555, -2].map(popcount)).to.deep.equal([0, 1, 32, 1, 16, 31]);
  });
});

describe("checkTensHashVectors", function () {
  this.timeout(120_000);

  for (const backend of tensHashBackends) {
    it(`accepts the robocoin reference's outputs, layers and matrices: ${backend}`, async function () {
      const hasher = await openBackend(this, backend);
      const lines: string[] = [];
      const results = await checkTensHashVectors(vectors, (line) => lines.push(line), [hasher]);
      expect(results.map((result) => result.backend)).to.deep.equal(["matrices", backend]);
      for (const { ok, detail } of results) expect(ok, detail).to.equal(true);
      expect(lines).to.have.length(5);
    });
  }

  it("names the vector whose output has one other bit", async () => {
    const changed = structuredClone(vectors);
    changed.vectors[0]!.output = flipFirstBit(vectors.vectors[0]!.output);
    changed.traces = [];
    const results = await checkTensHashVectors(changed, silent, [new ReferenceTensHasher()]);
    for (const { ok, detail } of results.slice(1)) {
      expect(ok).to.equal(false);
      expect(detail).to.match(/^vectors\[0\]\.output: expected [0-9a-f]{64}, got fb40bc03/);
    }
  });

  it("names the first layer and the first matrix that differ", async () => {
    const changed = structuredClone(vectors);
    changed.vectors = [];
    for (const key of ["layer_sha256", "matrix_sha256"] as const) {
      for (const i of [3, 5]) changed.traces[0]![key][i] = flipFirstBit(reference[key][i]!);
    }
    const [matrices, ...backends] = await checkTensHashVectors(changed, silent, [new ReferenceTensHasher()]);
    expect(matrices).to.include({ backend: "matrices", ok: false });
    expect(matrices!.detail).to.match(/^traces\[0\]\.matrix_sha256\[3\]: /);
    for (const { ok, detail } of backends) {
      expect(ok).to.equal(false);
      expect(detail).to.match(/^traces\[0\]\.layer_sha256\[3\]: /);
    }
  });

  it("fails a backend that flips one bit of its outputs", async () => {
    const hasher = new ReferenceTensHasher();
    const honest = hasher.hash.bind(hasher);
    hasher.hash = async (inputs) => (await honest(inputs)).map((y) => bytes(flipFirstBit(hex(y))));
    const results = await checkTensHashVectors({ ...vectors, traces: [] }, silent, [hasher]);
    expect(results[1]).to.include({ backend: "reference", ok: false });
  });

  it("refuses a file of another shape and names the place", async () => {
    const broken = [
      [null, "the file is not an object"],
      [{ vectors: {}, traces: [] }, '"vectors" is not a list'],
      [{ vectors: [{ seed: "zz" }], traces: [] }, "vectors[0].seed"],
      [{ vectors: [], traces: [{ ...reference, layer_sha256: [] }] }, "66 entries"],
    ] as const;
    for (const [file, place] of broken) {
      const error = await rejection(checkTensHashVectors(file, silent, []));
      expect(error).to.have.property("code", "VECTORS_MALFORMED");
      expect(error).to.have.property("message").that.includes(place);
    }
  });
});

function flipFirstBit(digits: string): string {
  return (Number.parseInt(digits[0]!, 16) ^ 8).toString(16) + digits.slice(1);
}
