import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { withBitswap } from "@helia/bitswap";
import { unixfs, type UnixFSComponents } from "@helia/unixfs";
import type { Libp2p } from "@libp2p/interface";
import { FsBlockstore } from "blockstore-fs";
import { createHeliaLight, type Helia } from "helia";
import { CID } from "multiformats/cid";
import * as raw from "multiformats/codecs/raw";

import { GristmillError } from "@gristmill/sdk";

/** What a blob's inner nodes may add to its bytes: a link of some 60 bytes for each block of 1 MiB, generously. */
const OVERHEAD_BYTES = 65_536;
/** Bitswap drops an aborted want only this much later (its debounce is 10 ms), and loses one that is renewed before. */
const WANT_FORGOTTEN_MS = 50;
/** An index file while it is being written. */
const PARTIAL = ".partial";

export interface GetBlobOptions {
  /** Ends the wait; give it a timeout. */
  readonly signal: AbortSignal;
  /** Refuse longer blobs, bytes. */
  readonly maxBytes: number;
}

/** Takes blocks and forgets them. */
const nowhere: UnixFSComponents["blockstore"] = {
  has: () => false,
  put: (block) => block,
  get: (block) => {
    throw new GristmillError("BLOB_UNAVAILABLE", `The block ${block.toString()} was never kept.`);
  },
};

/** The content address that a blob has wherever it is put. */
export async function blobAddress(bytes: Uint8Array): Promise<string> {
  return (await unixfs({ blockstore: nowhere }).addBytes(bytes)).toString();
}

/**
 * Blobs by content address (CIDv1, UnixFS over SHA-256) on the node's own libp2p: data sets, checkpoints and models
 * between processes that share no folder. Blocks come from connected peers by bitswap and from nowhere else: there is
 * no content router, no gateway and no DHT, so no host outside the network is ever contacted. Every block is checked
 * against its address by Helia; what comes out is what the address names.
 *
 * A blob that was put or fetched stays on disk, and is served to peers, until it is deleted.
 */
export class BlobExchange {
  readonly #helia: Helia;
  readonly #blocks: FsBlockstore;
  readonly #index: string;
  /** Blob -> the addresses of its blocks. */
  readonly #kept = new Map<string, ReadonlySet<string>>();
  /** Blocks of blobs that are being put or fetched right now. */
  readonly #underWay = new Set<ReadonlySet<string>>();

  /**
   * @param libp2p started; stays its owner's to stop
   * @param folder holds the blocks, and for each blob the list of its blocks
   */
  constructor(libp2p: Libp2p, folder: string) {
    this.#index = join(folder, "index");
    this.#blocks = new FsBlockstore(join(folder, "blocks"));
    const helia = createHeliaLight({ blockstore: this.#blocks, routers: [], blockBrokers: [] });
    // A fetch that broke off is repeated here within bitswap's usual five seconds, and must not meet with silence.
    this.#helia = withBitswap(Object.assign(helia, { libp2p }), { doNotResendBlockWindow: 0 });
  }

  async start(): Promise<void> {
    mkdirSync(this.#index, { recursive: true });
    await this.#blocks.open();
    await this.#helia.start();
    for (const name of readdirSync(this.#index)) {
      if (name.endsWith(PARTIAL)) rmSync(join(this.#index, name));
      else this.#kept.set(name, new Set(readFileSync(join(this.#index, name), "utf8").split("\n")));
    }
    await this.#sweep();
  }

  async stop(): Promise<void> {
    await this.#helia.stop();
    await this.#blocks.close();
  }

  /**
   * Stores a blob and serves it to peers.
   * @returns its content address
   */
  async put(bytes: Uint8Array): Promise<string> {
    return this.#recording(Infinity, async (blockstore) => {
      const cid = await unixfs({ blockstore }).addBytes(bytes);
      return [cid, cid.toString()];
    });
  }

  /**
   * Fetches a blob, from disk or from connected peers, and keeps it.
   *
   * @throws GristmillError BLOB_ADDRESS_INVALID, BLOB_TOO_LARGE, BLOB_UNAVAILABLE
   */
  async get(address: string, { signal, maxBytes }: GetBlobOptions): Promise<Uint8Array> {
    const cid = parse(address);
    try {
      return await this.#recording(maxBytes + OVERHEAD_BYTES, async (blockstore) => {
        const chunks: Uint8Array[] = [];
        let length = 0;
        for await (const chunk of unixfs({ blockstore }).cat(cid, { signal })) {
          length += chunk.length;
          // A few blocks can name any number of bytes by repeating each other.
          if (length > maxBytes) throw tooLarge(maxBytes);
          chunks.push(chunk);
        }
        return [cid, concat(chunks, length)];
      });
    } catch (cause) {
      await setTimeout(WANT_FORGOTTEN_MS);
      const refusal = causes(cause).find((error) => error instanceof GristmillError);
      if (refusal !== undefined) throw refusal;
      throw new GristmillError("BLOB_UNAVAILABLE", `No connected peer served the blob ${address} in time.`, {
        cause,
        hints: ["Check that its publisher is up and connected, and try again."],
      });
    }
  }

  /** Whether the whole blob is on disk. */
  has(address: string): boolean {
    return this.#kept.has(parse(address).toString());
  }

  /**
   * Stops serving a blob and frees its blocks but those that another blob shares.
   * @returns false if it was not there
   */
  async delete(address: string): Promise<boolean> {
    const name = parse(address).toString();
    const blocks = this.#kept.get(name);
    if (blocks === undefined) return false;
    rmSync(join(this.#index, name), { force: true });
    this.#kept.delete(name);
    const needed = this.#neededBlocks();
    for (const block of blocks) if (!needed.has(block)) await this.#blocks.delete(CID.parse(block));
    return true;
  }

  /**
   * Runs `work` on a blockstore that notes which blocks it touches, and keeps the blob it returns. Blocks that broken
   * off work leaves behind go with the next start's sweep, until when a second try finds them.
   */
  async #recording<T>(
    maxBytes: number,
    work: (blockstore: UnixFSComponents["blockstore"]) => Promise<[CID, T]>,
  ): Promise<T> {
    const blockstore = this.#helia.blockstore;
    const touched = new Set<string>();
    const once = createOncePerBlock();
    let bytes = 0;
    this.#underWay.add(touched);
    try {
      const [cid, result] = await work({
        has: (block, options) => blockstore.has(block, options),
        put: async (block, value, options) => {
          touched.add(blockAddress(block));
          await once(block, async () => blockstore.put(block, value, options));
          return block;
        },
        get: async function* (block, options) {
          touched.add(blockAddress(block));
          // Into the store first, where a block that repeats is found; from there to the caller.
          await once(block, async () => {
            for await (const chunk of blockstore.get(block, options)) bytes += chunk.length;
            if (bytes > maxBytes) throw tooLarge(maxBytes - OVERHEAD_BYTES);
          });
          yield* blockstore.get(block, options);
        },
      });
      this.#keep(cid.toString(), touched);
      return result;
    } finally {
      this.#underWay.delete(touched);
    }
  }

  #keep(name: string, blocks: ReadonlySet<string>): void {
    const path = join(this.#index, name);
    writeFileSync(path + PARTIAL, [...blocks].join("\n"));
    renameSync(path + PARTIAL, path);
    this.#kept.set(name, blocks);
  }

  #neededBlocks(): Set<string> {
    return new Set([...this.#kept.values(), ...this.#underWay].flatMap((blocks) => [...blocks]));
  }

  /** Frees blocks of no blob: what a crash or a broken fetch left. */
  async #sweep(): Promise<void> {
    const needed = this.#neededBlocks();
    for await (const { cid } of this.#blocks.getAll())
      if (!needed.has(blockAddress(cid))) await this.#blocks.delete(cid);
  }
}

/**
 * Does what is to be done with a block once, however often a blob repeats it. The file store, asked to write one block
 * twice at a time, loses a race with itself for its temporary file and then waits for a second.
 */
function createOncePerBlock(): (block: CID, action: () => Promise<unknown>) => Promise<void> {
  const done = new Map<string, Promise<unknown>>();
  return async (block, action) => {
    const address = blockAddress(block);
    let doing = done.get(address);
    if (doing === undefined) {
      doing = action();
      done.set(address, doing);
    }
    await doing;
  };
}

/** The one name of a block whatever codec it is read with: the store, too, goes by the hash alone. */
function blockAddress(cid: CID): string {
  return CID.createV1(raw.code, cid.multihash).toString();
}

function parse(address: string): CID {
  try {
    return CID.parse(address).toV1();
  } catch (cause) {
    throw new GristmillError("BLOB_ADDRESS_INVALID", `"${address}" is not a content address (CID).`, {
      cause,
      hints: ["A content address looks like bafybei... or bafkrei...; check where this one was written down."],
    });
  }
}

function tooLarge(maxBytes: number): GristmillError {
  return new GristmillError("BLOB_TOO_LARGE", `The blob is longer than the ${maxBytes} bytes that are allowed here.`);
}

/** The error, what caused it, and what these gathered, outermost first. */
function causes(error: unknown): unknown[] {
  if (!(error instanceof Error)) return [error];
  const gathered = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return [error, ...[error.cause, ...gathered].filter((inner) => inner !== undefined).flatMap(causes)];
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
