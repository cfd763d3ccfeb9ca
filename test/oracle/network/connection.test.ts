import { setTimeout } from "node:timers/promises";

import { noise } from "@chainsafe/libp2p-noise";
import { defaultCrypto } from "@chainsafe/libp2p-noise/crypto";
import { yamux } from "@chainsafe/libp2p-yamux";
import type { Libp2p, MessageStream, Stream } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { expect } from "chai";
import { createLibp2p } from "libp2p";

import { crypto, encryption } from "../../../oracle/src/network/encryption.ts";
import { holdingUpdates, muxer } from "../../../oracle/src/network/muxer.ts";

const PROTOCOL = "/test/echo/1";

interface Parts {
  readonly encrypt: typeof encryption;
  readonly mux: typeof muxer;
}

const OURS: Parts = { encrypt: encryption, mux: muxer };
const LIBP2P: Parts = { encrypt: noise, mux: yamux };

describe("connection", () => {
  const nodes: Libp2p[] = [];
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.stop();
  });

  async function start({ encrypt, mux }: Parts): Promise<Libp2p> {
    const node = await createLibp2p({
      addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
      transports: [tcp()],
      connectionEncrypters: [encrypt()],
      streamMuxers: [mux()],
    });
    nodes.push(node);
    await node.handle(PROTOCOL, (stream) => {
      stream.addEventListener("message", ({ data }) => stream.send(data));
    });
    return node;
  }

  /** Sends each message and waits until all of it has come back. */
  async function echo(from: Libp2p, to: Libp2p, messages: readonly Uint8Array[]): Promise<Buffer> {
    const stream: Stream = await from.dialProtocol(to.getMultiaddrs(), PROTOCOL, {
      signal: AbortSignal.timeout(5_000),
    });
    const parts: Uint8Array[] = [];
    let length = 0;
    stream.addEventListener("message", ({ data }) => {
      parts.push(data.subarray());
      length += data.byteLength;
    });
    let sent = 0;
    for (const message of messages) {
      sent += message.byteLength;
      if (!stream.send(message)) await stream.onDrain({ signal: AbortSignal.timeout(5_000) });
      const late = Date.now() + 5_000;
      while (length < sent && Date.now() < late) await setTimeout(1);
    }
    return Buffer.concat(parts);
  }

  const sizes = [1, 40, 1_183, 1_184, 1_200, 7_000, 65_519, 65_520, 300_000];
  const messages = sizes.map((size) => Uint8Array.from({ length: size }, (_, index) => (index * 31 + size) % 251));

  for (const [name, from, to] of [
    ["its own kind", OURS, OURS],
    ["libp2p's noise and yamux", OURS, LIBP2P],
    ["libp2p's noise and yamux that call", LIBP2P, OURS],
  ] as const) {
    it(`carries frames of all lengths to ${name}`, async () => {
      const [caller, called] = [await start(from), await start(to)];
      expect((await echo(caller, called, messages)).equals(Buffer.concat(messages))).to.equal(true);
    });
  }

  it("carries far more than a stream's window, in messages that are small or long", async () => {
    const [caller, called] = [await start(OURS), await start(OURS)];
    const small = Array.from({ length: 200 }, (_, seed) => new Uint8Array(7_000).fill(seed));
    const long = Array.from({ length: 3 }, (_, seed) => new Uint8Array(2 ** 20).fill(seed));
    const all = [...small, ...long];
    expect((await echo(caller, called, all)).equals(Buffer.concat(all))).to.equal(true);
  });

  describe("encryption of long frames", () => {
    const [nonce, none, key] = [new Uint8Array(12).fill(1), new Uint8Array(), new Uint8Array(32).fill(7)];
    const [plaintext] = messages.slice(5);

    it("is noise's own", () => {
      const frame = crypto.chaCha20Poly1305Encrypt(plaintext!, nonce, none, key).subarray();
      expect(frame).to.deep.equal(defaultCrypto.chaCha20Poly1305Encrypt(plaintext!, nonce, none, key).subarray());
      expect(crypto.chaCha20Poly1305Decrypt(frame, nonce, none, key).subarray()).to.deep.equal(Buffer.from(plaintext!));
    });

    it("refuses a frame of which one bit was altered, wherever it is", () => {
      for (const at of [0, 3_500, 6_999, 7_000, 7_015]) {
        const frame = Uint8Array.from(crypto.chaCha20Poly1305Encrypt(plaintext!, nonce, none, key).subarray());
        frame[at]! ^= 1;
        expect(() => crypto.chaCha20Poly1305Decrypt(frame, nonce, none, key), String(at)).to.throw();
      }
    });
  });

  describe("held window updates", () => {
    const HELD = Buffer.from("000100000000000300001b58", "hex"); // 7,000 bytes of stream 3
    const DATA = Buffer.from("00000000000000030000000161", "hex");

    function connect() {
      const sent: string[] = [];
      const inner = new EventTarget() as EventTarget & MessageStream;
      inner.status = "open";
      inner.send = (data) => sent.push(Buffer.from(data.subarray()).toString("hex")) > 0;
      return { connection: holdingUpdates(inner), sent };
    }

    it("travel with the next frame", () => {
      const { connection, sent } = connect();
      for (const frame of [HELD, HELD, DATA, DATA]) expect(connection.send(frame)).to.equal(true);
      expect(sent).to.deep.equal([Buffer.concat([HELD, HELD, DATA]).toString("hex"), DATA.toString("hex")]);
    });

    it("travel alone when there is no next one", async () => {
      const { connection, sent } = connect();
      connection.send(HELD);
      expect(sent).to.deep.equal([]);
      const late = Date.now() + 5_000;
      while (sent.length === 0 && Date.now() < late) await setTimeout(10);
      expect(sent).to.deep.equal([HELD.toString("hex")]);
    });

    it("are not held when they add up to more than a sender can do without", () => {
      const { connection, sent } = connect();
      for (let count = 0; count < 5; count++) connection.send(HELD);
      expect(sent).to.deep.equal([Buffer.concat(Array.from({ length: 5 }, () => HELD)).toString("hex")]);
    });

    it("are not held when they open or end a stream as well", () => {
      for (const flag of [1, 2, 4, 8]) {
        const { connection, sent } = connect();
        const frame = Buffer.from(HELD);
        frame[3] = flag;
        connection.send(frame);
        expect(sent).to.deep.equal([frame.toString("hex")]);
      }
    });

    it("do no harm to a connection that is closing", async () => {
      const inner = new EventTarget() as EventTarget & MessageStream;
      let asked = 0;
      inner.status = "open";
      inner.send = () => {
        asked += 1;
        throw new TypeError("cannot write to a stream that is closing");
      };
      holdingUpdates(inner).send(HELD);
      const late = Date.now() + 5_000;
      while (asked === 0 && Date.now() < late) await setTimeout(10);
      expect(asked).to.equal(1);
    });

    it("are forgotten when the connection closes", async () => {
      const { connection, sent } = connect();
      connection.send(HELD);
      connection.status = "closed";
      connection.dispatchEvent(new Event("close"));
      await setTimeout(600);
      expect(sent).to.deep.equal([]);
    });
  });
});
