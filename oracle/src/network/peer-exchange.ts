import { readFileSync, writeFileSync } from "node:fs";

import * as dagCbor from "@ipld/dag-cbor";
import type { Libp2p, PeerId } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { multiaddr, type Multiaddr } from "@multiformats/multiaddr";

import { ask, serve, type ExchangeProtocol } from "./exchange.ts";

const MAX_PEERS_TOLD = 32;
const MAX_ADDRESSES_PER_PEER = 4;
const MAX_ADDRESS_BYTES = 256;

const PEERS_PROTOCOL: ExchangeProtocol = {
  id: "/gristmill/peers/1",
  maxQuestionBytes: 1,
  maxAnswerBytes: MAX_PEERS_TOLD * MAX_ADDRESSES_PER_PEER * (MAX_ADDRESS_BYTES + 8),
  maxTotalBytes: MAX_PEERS_TOLD * MAX_ADDRESSES_PER_PEER * (MAX_ADDRESS_BYTES + 8),
  serveTimeoutMs: 5_000,
};

/** Rounds come quickly while the neighbourhood changes, then ever more rarely. */
const FIRST_ROUND_MS = 250;
const SLOWEST_ROUND_MS = 30_000;
const PEERS_ASKED_PER_ROUND = 4;
const ANSWER_TIMEOUT_MS = 3_000;
const DIAL_TIMEOUT_MS = 5_000;

export interface PeerExchangeOptions {
  /** Addresses to start from; a trailing `/p2p/<id>` is optional. */
  readonly bootstrap: readonly Multiaddr[];
  /** Where the addresses of known peers are remembered over restarts. */
  readonly memory: string;
  /** Connections this node opens by itself stop at this number. */
  readonly wanted: number;
}

/**
 * Finds peers: dials the bootstrap addresses, then asks those it reaches whom they are connected to, and dials these.
 * Whoever joins through one address knows the others a round later and needs that address no more; a restarted node
 * also dials the peers it remembers. This is the little of a DHT that one network of some dozens of miners needs:
 * no routing tables, no records to store for strangers, and no walk of several seconds.
 */
export class PeerExchange {
  readonly #libp2p: Libp2p;
  readonly #options: PeerExchangeOptions;
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #roundMs = FIRST_ROUND_MS;

  constructor(libp2p: Libp2p, options: PeerExchangeOptions) {
    this.#libp2p = libp2p;
    this.#options = options;
  }

  async start(): Promise<void> {
    // An async generator, as every exchange's handler: the peer store is read asynchronously.
    await serve(this.#libp2p, PEERS_PROTOCOL, () => this.#tell());
    this.#libp2p.addEventListener("peer:identify", this.#onPeer);
    this.#libp2p.addEventListener("peer:disconnect", this.#onDisconnect);
    this.#schedule(0);
  }

  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#timer);
    this.#libp2p.removeEventListener("peer:identify", this.#onPeer);
    this.#libp2p.removeEventListener("peer:disconnect", this.#onDisconnect);
  }

  readonly #onPeer = (event: CustomEvent<{ peerId: PeerId; protocols: string[] }>): void => {
    this.#roundMs = FIRST_ROUND_MS;
    this.#schedule(this.#roundMs);
    if (event.detail.protocols.includes(PEERS_PROTOCOL.id)) void this.#askAndDial(event.detail.peerId);
  };

  readonly #onDisconnect = (): void => {
    this.#roundMs = FIRST_ROUND_MS;
    this.#schedule(this.#roundMs);
  };

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#round(), delayMs);
    // The listening socket keeps a node alive, not the search for peers.
    this.#timer.unref();
  }

  async #round(): Promise<void> {
    const peers = this.#libp2p.getPeers();
    if (peers.length === 0) {
      await Promise.all([...this.#options.bootstrap, ...this.#remembered()].map((address) => this.#dial([address])));
    } else {
      await Promise.all(pick(peers, PEERS_ASKED_PER_ROUND).map((peer) => this.#askAndDial(peer)));
      await this.#remember();
    }
    this.#roundMs = Math.min(2 * this.#roundMs, SLOWEST_ROUND_MS);
    this.#schedule(this.#roundMs);
  }

  async *#tell(): AsyncGenerator<Uint8Array> {
    const told: Uint8Array[][] = [];
    for (const peer of pick(this.#libp2p.getPeers(), MAX_PEERS_TOLD)) {
      const addresses = await this.#addressesOf(peer);
      if (addresses.length > 0) told.push(addresses.map((address) => address.bytes));
    }
    if (told.length > 0) yield dagCbor.encode(told);
  }

  /** Never throws: a peer that does not answer, or answers nonsense, tells us nothing. */
  async #askAndDial(peer: PeerId): Promise<void> {
    const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
    try {
      for await (const answer of ask(this.#libp2p, peer, PEERS_PROTOCOL, new Uint8Array(1), signal)) {
        await Promise.all(decodeAnswer(answer).map((addresses) => this.#dialStranger(addresses)));
      }
    } catch {
      return;
    }
  }

  async #dialStranger(addresses: Multiaddr[]): Promise<void> {
    const id = peerOf(addresses[0]);
    if (id === undefined || addresses.some((address) => peerOf(address) !== id)) return;
    const known = id === this.#libp2p.peerId.toString() || this.#libp2p.getConnections(peerIdFromString(id)).length > 0;
    if (known || this.#libp2p.getPeers().length >= this.#options.wanted) return;
    await this.#dial(addresses);
  }

  async #dial(addresses: Multiaddr[]): Promise<void> {
    try {
      const signal = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
      await this.#libp2p.dial(addresses, { signal });
    } catch {
      // Absent peers are what rounds are repeated for; a node that bootstraps from itself ends here too.
      return;
    }
  }

  async #addressesOf(peer: PeerId): Promise<Multiaddr[]> {
    if (!(await this.#libp2p.peerStore.has(peer))) return [];
    const { addresses } = await this.#libp2p.peerStore.get(peer);
    return addresses
      .map(({ multiaddr: address }) =>
        peerOf(address) === undefined ? address.encapsulate(`/p2p/${peer.toString()}`) : address,
      )
      .filter((address) => address.bytes.length <= MAX_ADDRESS_BYTES)
      .slice(0, MAX_ADDRESSES_PER_PEER);
  }

  #remembered(): Multiaddr[] {
    try {
      return readFileSync(this.#options.memory, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => multiaddr(line));
    } catch {
      // Absent at the first start; a damaged one costs only its hints.
      return [];
    }
  }

  async #remember(): Promise<void> {
    const peers = this.#libp2p.getPeers().slice(0, MAX_PEERS_TOLD);
    const lines = (await Promise.all(peers.map((peer) => this.#addressesOf(peer)))).flat().map((a) => a.toString());
    if (!this.#stopped.signal.aborted) writeFileSync(this.#options.memory, `${lines.join("\n")}\n`);
  }
}

function decodeAnswer(answer: Uint8Array): Multiaddr[][] {
  const told: unknown = dagCbor.decode(answer);
  if (!Array.isArray(told)) return [];
  return told.slice(0, MAX_PEERS_TOLD).map((addresses: unknown) => {
    if (!Array.isArray(addresses)) return [];
    return addresses
      .slice(0, MAX_ADDRESSES_PER_PEER)
      .filter((bytes): bytes is Uint8Array => bytes instanceof Uint8Array && bytes.length <= MAX_ADDRESS_BYTES)
      .map((bytes) => multiaddr(bytes));
  });
}

/** The peer id at an address's end. */
function peerOf(address: Multiaddr | undefined): string | undefined {
  return address?.getComponents().findLast(({ name }) => name === "p2p")?.value;
}

/** Up to `count` of the items, at random. */
function pick<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  const rest = [...items];
  return Array.from({ length: count }, () => rest.splice(Math.floor(Math.random() * rest.length), 1)[0] as T);
}
