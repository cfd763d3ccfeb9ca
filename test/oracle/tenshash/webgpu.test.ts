import { expect } from "chai";

import { WebGpuTensHasher } from "../../../oracle/src/tenshash/webgpu/webgpu-tens-hasher.ts";
import { randomInputs } from "./backends.ts";

/** A card that answers at once, with the inputs for outputs, so that batches grow as far as they may. */
function instantCard(dispatched: number[]): GPUAdapter {
  const nothing = () => undefined;
  let written: ArrayBufferLike;
  const pass = {
    setPipeline: nothing,
    setBindGroup: nothing,
    dispatchWorkgroups: (count: number) => dispatched.push(count),
    end: nothing,
  };
  const device = {
    queue: {
      writeBuffer: (_target: unknown, _offset: number, { buffer }: Uint8Array) => (written = buffer),
      submit: nothing,
    },
    createShaderModule: nothing,
    createComputePipelineAsync: async () => ({ getBindGroupLayout: nothing }),
    createBindGroup: nothing,
    createBuffer: () => {
      let mapped: ArrayBufferLike;
      return { mapAsync: async () => (mapped = written), getMappedRange: () => mapped, destroy: nothing };
    },
    createCommandEncoder: () => ({ beginComputePass: () => pass, copyBufferToBuffer: nothing, finish: nothing }),
    destroy: nothing,
  };
  const adapter = {
    info: { description: "instant card", isFallbackAdapter: false },
    limits: { maxComputeWorkgroupStorageSize: 49_152 },
    requestDevice: async () => device,
  };
  return adapter as unknown as GPUAdapter;
}

describe("WebGpuTensHasher", function () {
  this.timeout(60_000);

  it("gives every input its output where a batch is larger than a call may have arguments", async () => {
    const dispatched: number[] = [];
    const adapter = instantCard(dispatched);
    const hasher = new WebGpuTensHasher(adapter, async () => adapter, 1);
    try {
      await hasher.setSeed(new Uint8Array(32));
      const some = randomInputs("many", 997);
      const inputs = Array.from({ length: 2 ** 19 }, (_, i) => some[i % 997]!);
      const outputs = await hasher.hash(inputs);
      expect(outputs).to.have.length(inputs.length);
      expect(outputs.every((output, i) => Buffer.compare(output, inputs[i]!) === 0)).to.equal(true);
      // 131,072 inputs and more: V8 takes no call with so many arguments.
      expect(Math.max(...dispatched)).to.be.at.least(512);
    } finally {
      await hasher.dispose();
    }
  });
});
