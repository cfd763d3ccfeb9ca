import { readFileSync } from "node:fs";
import { join } from "node:path";

import { matrix, openElement, type Opening, tensHashTraceId } from "@gristmill/sdk";
import { expect } from "chai";
import { network } from "hardhat";

import { ReferenceTensHasher } from "../../../oracle/src/tenshash/reference.ts";
import { abiValue } from "../helpers/abi-value.ts";
import { seededRandom } from "../../sdk/fixtures/programs.ts";

const { ethers } = await network.create();

const OUTPUT_LAYER = 65;
const EMPTY: Opening = { leaf: "0x", proof: [] };

/** The file of the robocoin reference's figures. */
interface Vectors {
  readonly vectors: readonly { readonly seed: string; readonly input: string; readonly output: string }[];
}

describe("TensHash's neurons", () => {
  const libraries = ethers.deployContract("TensHashLibrary");

  /** One hash with its trace, and the neurons that show it. */
  async function hashed(seed: Uint8Array, x: Uint8Array) {
    const hasher = new ReferenceTensHasher();
    await hasher.setSeed(seed);
    const [y] = await hasher.hash([x]);
    const bytes = await hasher.trace(x);
    const neuron = (layer: number, index: number, rows: Uint8Array = bytes) => {
      const trace = matrix("u8", 65, 128, rows);
      const before = abiValue(layer === 0 ? EMPTY : openElement(trace, layer - 1, 0));
      const claimed = abiValue(layer === OUTPUT_LAYER ? EMPTY : openElement(trace, layer, 0));
      return { layer, index, before, claimed };
    };
    return { x, y: y!, bytes, traceId: tensHashTraceId(bytes), neuron };
  }

  const seed = ethers.getBytes(ethers.id("seed of an epoch"));

  it("agree with the reference in every layer, and disagree where one bit is flipped", async () => {
    const contract = await libraries;
    const random = seededRandom(66);
    const { x, y, bytes, traceId, neuron } = await hashed(seed, ethers.getBytes(ethers.id("input")));
    for (let layer = 0; layer <= OUTPUT_LAYER; layer++) {
      const index = random(0, layer === OUTPUT_LAYER ? 255 : 1_023);
      expect(await contract.agrees(seed, x, y, traceId, neuron(layer, index)), `layer ${layer}`).to.equal(true);
      // The claimed bit flipped, in the trace or, for the last layer, in the output, whose bytes come last first.
      const [falseY, falseRows] = [y.slice(), bytes.slice()];
      const bit = 0x80 >> (index % 8);
      if (layer === OUTPUT_LAYER) falseY[31 - Math.floor(index / 8)]! ^= bit;
      else falseRows[128 * layer + Math.floor(index / 8)]! ^= bit;
      const falseId = tensHashTraceId(falseRows);
      const agreeing = contract.agrees(seed, x, falseY, falseId, neuron(layer, index, falseRows));
      expect(await agreeing, `layer ${layer}, flipped`).to.equal(false);
    }
  });

  it("give the outputs of the robocoin reference, the genesis block's among them", async () => {
    const contract = await libraries;
    const file = join(import.meta.dirname, "../../vectors/tenshash.json");
    const { vectors } = JSON.parse(readFileSync(file, "utf8")) as Vectors;
    const random = seededRandom(67);
    for (const vector of [vectors[0]!, vectors[8]!, vectors.at(-1)!]) {
      const [own, input, output] = [vector.seed, vector.input, vector.output].map((hex) => ethers.getBytes(`0x${hex}`));
      const { traceId, neuron } = await hashed(own!, input!);
      for (const layer of [0, random(1, 64), OUTPUT_LAYER]) {
        const agreeing = contract.agrees(own!, input!, output!, traceId, neuron(layer, random(0, 255)));
        expect(await agreeing, `layer ${layer}`).to.equal(true);
      }
    }
  });

  it("refuse a row that is not the trace's, and neurons that do not exist", async () => {
    const contract = await libraries;
    const { x, y, traceId, neuron } = await hashed(seed, ethers.getBytes(ethers.id("another input")));
    const { before, claimed } = neuron(7, 0);
    for (const swapped of [
      { layer: 7, index: 0, before: claimed, claimed },
      { layer: 7, index: 0, before, claimed: before },
    ]) {
      await expect(contract.agrees(seed, x, y, traceId, swapped)).to.be.revertedWithCustomError(
        contract,
        "TensorMerkle_WrongOpening",
      );
    }
    for (const [layer, index] of [
      [66, 0],
      [3, 1_024],
      [OUTPUT_LAYER, 256],
    ] as const) {
      await expect(contract.neuron(seed, layer, index, new Uint8Array(128)))
        .to.be.revertedWithCustomError(contract, "TensHash_NoNeuron")
        .withArgs(layer, index);
    }
  });
});
