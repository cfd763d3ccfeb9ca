import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect } from "chai";
import { network } from "hardhat";

import { ReferenceTensHasher } from "../../../oracle/src/tenshash/reference.ts";
import { seededRandom } from "../../sdk/fixtures/programs.ts";

const { ethers } = await network.create();

const OUTPUT_LAYER = 65;
const STATE_BYTES = 128;

/** The file of the robocoin reference's figures. */
interface Vectors {
  readonly vectors: readonly { readonly seed: string; readonly input: string; readonly output: string }[];
}

/** All states of one hash, from the input of layer 0 to the output, as TensHash orders their bytes. */
async function statesOf(seed: Uint8Array, x: Uint8Array): Promise<readonly Uint8Array[]> {
  const hasher = new ReferenceTensHasher();
  await hasher.setSeed(seed);
  const [y] = await hasher.hash([x]);
  const trace = await hasher.trace(x);
  const between = Array.from({ length: OUTPUT_LAYER }, (_, layer) =>
    trace.slice(STATE_BYTES * layer, STATE_BYTES * (layer + 1)),
  );
  return [x.toReversed(), ...between, y!.toReversed()];
}

function bitOf(state: Uint8Array, index: number): boolean {
  return ((state[Math.floor(index / 8)]! >> (7 - (index % 8))) & 1) === 1;
}

describe("TensHash's neurons", () => {
  const library = ethers.deployContract("TensHashLibrary");

  const seed = ethers.getBytes(ethers.id("seed of an epoch"));

  it("agree with the reference in every layer", async () => {
    const contract = await library;
    const random = seededRandom(66);
    const states = await statesOf(seed, ethers.getBytes(ethers.id("input")));
    for (let layer = 0; layer <= OUTPUT_LAYER; layer++) {
      const index = random(0, layer === OUTPUT_LAYER ? 255 : 1_023);
      const neuron = await contract.neuron(seed, layer, index, states[layer]!);
      expect(neuron, `layer ${layer}, neuron ${index}`).to.equal(bitOf(states[layer + 1]!, index));
    }
  });

  it("give the outputs of the robocoin reference, the genesis block's among them", async () => {
    const contract = await library;
    const file = join(import.meta.dirname, "../../vectors/tenshash.json");
    const { vectors } = JSON.parse(readFileSync(file, "utf8")) as Vectors;
    const random = seededRandom(67);
    for (const vector of [vectors[0]!, vectors[8]!, vectors.at(-1)!]) {
      const [own, input, output] = [vector.seed, vector.input, vector.output].map((hex) => ethers.getBytes(`0x${hex}`));
      const states = (await statesOf(own!, input!)).with(-1, output!.toReversed());
      for (const layer of [0, random(1, 64), OUTPUT_LAYER]) {
        const index = random(0, 255);
        const neuron = await contract.neuron(own!, layer, index, states[layer]!);
        expect(neuron, `layer ${layer}, neuron ${index}`).to.equal(bitOf(states[layer + 1]!, index));
      }
    }
  });

  it("do not exist beyond the layers and their bits", async () => {
    const contract = await library;
    for (const [layer, index] of [
      [66, 0],
      [3, 1_024],
      [OUTPUT_LAYER, 256],
    ] as const) {
      await expect(contract.neuron(seed, layer, index, new Uint8Array(STATE_BYTES)))
        .to.be.revertedWithCustomError(contract, "TensHash_NoNeuron")
        .withArgs(layer, index);
    }
  });
});
