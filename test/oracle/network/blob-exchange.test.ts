import { randomBytes } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readdirSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";

import { GristmillError } from "@gristmill/sdk";
import { expect } from "chai";

import type { Network } from "../../../oracle/src/network/node.ts";
import { TestNetwork, addressOf, until } from "./fixtures/nodes.ts";

const MEBIBYTE = 1_048_576;
const wait = (ms = 8_000) => ({ signal: AbortSignal.timeout(ms), maxBytes: 16 * MEBIBYTE });
const blocksIn = (dataDir: string) =>
  readdirSync(join(dataDir, "network", "blobs", "blocks"), { recursive: true }).filter((name) =>
    name.toString().endsWith(".data"),
  ).length;

async function codeOf(action: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await action();
  } catch (error) {
    if (error instanceof GristmillError) return error.code;
    throw error;
  }
  return undefined;
}

describe("blob exchange", () => {
  const net = new TestNetwork();
  let holder: Network;
  let asker: Network;
  let folder: string;
  let askersFolder: string;
  beforeEach(async () => {
    folder = net.folder();
    askersFolder = net.folder();
    holder = await net.start([], folder);
    asker = await net.start([addressOf(holder)], askersFolder);
    await until("they are connected", () => holder.peers.length === 1 && asker.peers.length === 1);
  });
  afterEach(() => net.clear());

  for (const [what, bytes] of Object.entries({
    "no bytes": new Uint8Array(),
    "one byte": Uint8Array.of(7),
    "a blob of one block": randomBytes(MEBIBYTE),
    "a blob of seven blocks": randomBytes(7_000_000),
    "a blob whose blocks are all alike": new Uint8Array(7 * MEBIBYTE),
  })) {
    it(`brings ${what} from one node's folder to another's`, async () => {
      const address = await holder.blobs.put(bytes);
      expect(asker.blobs.has(address)).to.equal(false);
      expect(Buffer.compare(await asker.blobs.get(address, wait()), bytes)).to.equal(0);
      expect(asker.blobs.has(address)).to.equal(true);
    });
  }

  it("gives a blob from disk when its publisher is gone, also after a restart", async () => {
    const bytes = randomBytes(3_000_000);
    const address = await holder.blobs.put(bytes);
    await asker.blobs.get(address, wait());
    await Promise.all([holder.stop(), asker.stop()]);
    const again = await net.start([], askersFolder);
    expect(again.blobs.has(address)).to.equal(true);
    expect(Buffer.compare(await again.blobs.get(address, wait()), bytes)).to.equal(0);
  });

  it("gives the same address to the same bytes", async () => {
    const bytes = randomBytes(100);
    expect(await holder.blobs.put(bytes)).to.equal(await asker.blobs.put(bytes));
  });

  it("refuses a blob longer than allowed, also one that hides its length in repetitions", async () => {
    const limit = () => ({ signal: AbortSignal.timeout(8_000), maxBytes: 2_000_000 });
    const long = await holder.blobs.put(randomBytes(3_000_000));
    const repeating = await holder.blobs.put(new Uint8Array(20 * MEBIBYTE));
    expect(await codeOf(() => asker.blobs.get(long, limit()))).to.equal("BLOB_TOO_LARGE");
    expect(await codeOf(() => asker.blobs.get(repeating, limit()))).to.equal("BLOB_TOO_LARGE");
    expect(asker.blobs.has(long)).to.equal(false);
  });

  it("gives up at the signal on a blob that nobody has, and gets it once somebody does", async () => {
    const bytes = randomBytes(200_000);
    const address = await holder.blobs.put(bytes);
    await holder.blobs.delete(address);
    expect(await codeOf(() => asker.blobs.get(address, wait(100)))).to.equal("BLOB_UNAVAILABLE");
    await holder.blobs.put(bytes);
    expect(Buffer.compare(await asker.blobs.get(address, wait()), bytes)).to.equal(0);
  });

  it("names an address that is none", async () => {
    expect(await codeOf(() => asker.blobs.get("bafy", wait()))).to.equal("BLOB_ADDRESS_INVALID");
  });

  it("frees a deleted blob's blocks but those that another blob shares", async () => {
    const shared = randomBytes(2 * MEBIBYTE);
    const one = await holder.blobs.put(Buffer.concat([shared, randomBytes(10)]));
    const other = await holder.blobs.put(Buffer.concat([shared, randomBytes(20)]));
    expect(blocksIn(folder)).to.equal(2 + 2 + 2);
    expect(await holder.blobs.delete(one)).to.equal(true);
    expect(blocksIn(folder)).to.equal(2 + 2);
    expect(await holder.blobs.delete(one)).to.equal(false);
    expect((await asker.blobs.get(other, wait())).length).to.equal(2 * MEBIBYTE + 20);
    await holder.blobs.delete(other);
    expect(blocksIn(folder)).to.equal(0);
  });

  it("sweeps at the start what a crash left of a blob", async () => {
    const lost = await holder.blobs.put(randomBytes(2 * MEBIBYTE));
    await holder.blobs.put(randomBytes(10));
    await holder.stop();
    rmSync(join(folder, "network", "blobs", "index", lost));
    await net.start([], folder);
    expect(blocksIn(folder)).to.equal(1);
  });

  it("contacts no host but its peers in search of a blob", async () => {
    const contacted: string[] = [];
    const onSocket = (event: unknown) => {
      const { socket } = event as { socket: Socket };
      socket.on("connectionAttempt", (ip: string) => contacted.push(ip));
      socket.on("lookup", (_error, _address, _family, host: string) => contacted.push(host));
    };
    const onRequest = () => contacted.push("a web server");
    subscribe("net.client.socket", onSocket);
    subscribe("undici:request:create", onRequest);
    try {
      const late = await net.start([addressOf(holder)]);
      const absent = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
      expect(await codeOf(() => late.blobs.get(absent, wait(500)))).to.equal("BLOB_UNAVAILABLE");
    } finally {
      unsubscribe("net.client.socket", onSocket);
      unsubscribe("undici:request:create", onRequest);
    }
    expect([...new Set(contacted)]).to.deep.equal(["127.0.0.1"]);
  });
});
