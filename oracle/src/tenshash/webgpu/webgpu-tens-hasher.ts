import { GristmillError } from "@gristmill/sdk";

import { checkInput, concatInputs, noSeed, splitOutputs } from "../check.ts";
import { type BatchWork, eachBatch } from "../each-batch.ts";
import { type LuckyTicket, type SearchOptions, searchTickets, type TicketRange } from "../search.ts";
import { HASH_BYTES, MATRICES } from "../shape.ts";
import type { TensHasher } from "../tens-hasher.ts";
import { matrixBytes, matrixOffset, SLOT_BYTES } from "../wasm/layout.ts";
import { MatrixStore } from "../wasm/matrix-store.ts";
import { findAdapter } from "./adapter.ts";
import { type Lanes, shader, workgroupBytes, workgroupNonces } from "./shader.ts";

/** Milliseconds of one dispatch up to which the next one is made larger: drivers end what takes seconds. */
const LONG_DISPATCH = 50;

/** Workgroups of the largest dispatch, about 30 for every multiprocessor of a large card. */
const MAX_WORKGROUPS = 4096;

// Flags of GPUBufferUsage and GPUMapMode (WebGPU, sections 5.1.2 and 5.3), which the package keeps out of the globals.
const USAGE = { mapRead: 0x01, copySource: 0x04, copyTarget: 0x08, storage: 0x80 } as const;
const MAP_READ = 0x01;

interface Device {
  readonly device: GPUDevice;
  readonly pipeline: GPUComputePipeline;
  /** The current seed's slot, as wasm/layout.ts describes it. */
  readonly matrices: GPUBuffer;
}

/**
 * TensHash on a graphics card (shader.ts). Matrices are derived by the processor's threads, and so are traces: a claim is
 * one hash.
 */
export class WebGpuTensHasher implements TensHasher {
  readonly name = "webgpu";
  readonly device: string;
  readonly #adapter: { take(): Promise<GPUAdapter> };
  readonly #lanes: Lanes;
  readonly #store: MatrixStore;
  #opened: Promise<Device> | undefined;
  #isSeeded = false;
  #workgroups = 1;

  /**
   * @param adapter gives one device
   * @param another asks for the next adapter, when a seed is set after the device was disposed of
   * @param threads for matrices and traces
   * @param lanes a workgroup's width, which the adapter must have room for; `lanesFor` by default
   */
  constructor(adapter: GPUAdapter, another: () => Promise<GPUAdapter>, threads: number, lanes = lanesFor(adapter)) {
    const { description, device, vendor } = adapter.info;
    this.device = [description, device, vendor].find((name) => name !== "") ?? "graphics card";
    this.#lanes = lanes;
    this.#store = new MatrixStore(threads);
    let first: GPUAdapter | undefined = adapter;
    this.#adapter = {
      take: async () => {
        const taken = first ?? (await another());
        first = undefined;
        return taken;
      },
    };
  }

  /**
   * @param threads for matrices and traces
   * @param emulated whether an adapter that is a program on the processor will do
   * @param lanes as the constructor's
   * @throws GristmillError TENSHASH_UNAVAILABLE
   */
  static async open(threads: number, emulated: boolean, lanes?: Lanes): Promise<WebGpuTensHasher> {
    const find = () => findAdapter(emulated);
    return new WebGpuTensHasher(await find(), find, threads, lanes);
  }

  get batchSize(): number {
    return this.#workgroups * workgroupNonces(this.#lanes);
  }

  async setSeed(seed: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#store.setSeed(seed, signal);
    const { device, matrices } = await (this.#opened ??= this.#openDevice());
    // Matrix by matrix, since the queue takes no memory that threads share.
    const slot = this.#store.slotBytes();
    const upload = (offset: number, bytes: number) => {
      device.queue.writeBuffer(matrices, offset, slot.slice(offset, offset + bytes));
    };
    upload(0, matrixOffset(0));
    for (let k = 0; k < MATRICES; k++) upload(matrixOffset(k), matrixBytes(k));
    this.#isSeeded = true;
  }

  async hash(inputs: readonly Uint8Array[], signal?: AbortSignal): Promise<Uint8Array[]> {
    const bytes = concatInputs(inputs);
    signal?.throwIfAborted();
    if (this.#opened === undefined || !this.#isSeeded) throw noSeed();
    const opened = await this.#opened;
    const outputs = new Array<Uint8Array>(inputs.length);
    const dispatch: BatchWork = async (first, end) => {
      const hashed = await this.#dispatch(opened, bytes.subarray(first * HASH_BYTES, end * HASH_BYTES));
      for (const [i, output] of splitOutputs(hashed).entries()) outputs[first + i] = output;
    };
    await eachBatch(inputs.length, () => this.batchSize, dispatch, signal);
    return outputs;
  }

  async search(range: TicketRange, target: bigint, options?: SearchOptions): Promise<LuckyTicket[]> {
    return searchTickets(this, range, target, options);
  }

  async trace(input: Uint8Array): Promise<Uint8Array> {
    checkInput(input);
    return this.#store.compute("trace", input);
  }

  async dispose(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#isSeeded = false;
    await this.#store.dispose();
    (await opened?.catch(() => undefined))?.device.destroy();
  }

  async #openDevice(): Promise<Device> {
    const adapter = await this.#adapter.take();
    const device = await adapter.requestDevice({
      requiredLimits: {
        maxComputeWorkgroupStorageSize: workgroupBytes(this.#lanes),
        maxStorageBufferBindingSize: Math.max(SLOT_BYTES, 2 ** 27),
      },
    });
    const module = device.createShaderModule({ label: "tenshash", code: shader(this.#lanes) });
    const compute = { module, entryPoint: "tens_hash" };
    const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute });
    const matrices = device.createBuffer({ size: SLOT_BYTES, usage: USAGE.storage | USAGE.copyTarget });
    return { device, pipeline, matrices };
  }

  /** @param inputs [n][32], n at most `batchSize` */
  async #dispatch({ device, pipeline, matrices }: Device, inputs: Uint8Array): Promise<Uint8Array> {
    const workgroups = Math.ceil(inputs.length / HASH_BYTES / workgroupNonces(this.#lanes));
    const size = workgroups * workgroupNonces(this.#lanes) * HASH_BYTES;
    const source = device.createBuffer({ size, usage: USAGE.storage | USAGE.copyTarget });
    const result = device.createBuffer({ size, usage: USAGE.storage | USAGE.copySource });
    const readable = device.createBuffer({ size, usage: USAGE.mapRead | USAGE.copyTarget });
    try {
      const began = performance.now();
      device.queue.writeBuffer(source, 0, inputs.slice());
      const bindings = [matrices, source, result];
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(
        0,
        device.createBindGroup({
          layout: pipeline.getBindGroupLayout(0),
          entries: bindings.map((buffer, binding) => ({ binding, resource: { buffer } })),
        }),
      );
      pass.dispatchWorkgroups(workgroups);
      pass.end();
      encoder.copyBufferToBuffer(result, 0, readable, 0, size);
      device.queue.submit([encoder.finish()]);
      await readable.mapAsync(MAP_READ);
      const outputs = new Uint8Array(readable.getMappedRange()).slice(0, inputs.length);
      const isShort = performance.now() - began < LONG_DISPATCH;
      if (workgroups === this.#workgroups && isShort) this.#workgroups = Math.min(MAX_WORKGROUPS, 2 * workgroups);
      return outputs;
    } catch (cause) {
      throw new GristmillError("TENSHASH_DEVICE_LOST", `The graphics card ${this.device} gave no answer.`, { cause });
    } finally {
      for (const buffer of [source, result, readable]) buffer.destroy();
    }
  }
}

/** All that has room, but not where a program computes: it gains nothing, and one input costs it as much as a batch. */
function lanesFor({ info, limits }: GPUAdapter): Lanes {
  return !info.isFallbackAdapter && limits.maxComputeWorkgroupStorageSize >= workgroupBytes(2) ? 2 : 1;
}
