import { hash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { GristmillError, type SegmentMessage } from "@gristmill/sdk";
import { gossipsub, TopicValidatorResult, type GossipSub } from "@libp2p/gossipsub";
import { identify } from "@libp2p/identify";
import type { Libp2p, PeerId, PrivateKey } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { tcp } from "@libp2p/tcp";
import { multiaddr, type Multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import type { Hex } from "viem";

import { BlobExchange } from "./blob-exchange.ts";
import { askForCheckpoint, serveCheckpoints } from "./checkpoint-exchange.ts";
import { askToCosign, serveCosigning } from "./cosign-exchange.ts";
import type { AnswerCosign, CosignAnswer, CosignQuestion } from "./cosign-exchange.ts";
import { encryption } from "./encryption.ts";
import { MAX_MESSAGE_BYTES } from "./limits.ts";
import { muxer } from "./muxer.ts";
import { Neighbourhood } from "./neighbourhood.ts";
import { PeerExchange } from "./peer-exchange.ts";
import { loadPeerKey } from "./peer-key.ts";
import { PeerPenalties } from "./peer-penalties.ts";
import { askForSegments, serveSegments } from "./segment-exchange.ts";
import { verdicts, type Verdict } from "./segment-check.ts";
import type { TaskContext } from "./task-context.ts";
import { TaskTopic, type TaskHandlers, type VerdictCounts } from "./task-topic.ts";

/** Connections a node opens by itself stop at the first number; others may connect to it up to the second. */
const WANTED_PEERS = 24;
const MAX_CONNECTIONS = 128;
/** Several messages and control messages may share one frame. */
const MAX_FRAME_BYTES = 4 * MAX_MESSAGE_BYTES;
const STOP_TIMEOUT_MS = 5_000;
/** How long one peer is waited for when segments are fetched. */
const PEER_TIMEOUT_MS = 10_000;

/**
 * The publisher sends to all peers of the task that it is connected to (gossipsub's flood publishing), which in a network
 * of this size is nearly all; where it is all, nobody forwards anything ({@link Neighbourhood}), and elsewhere the mesh
 * only has to reach the rest and may be small. With 8 nodes that forward, a message costs each of them 3.6 copies on the
 * wire where the default of D = 6 makes it 6.1, and nothing gets lost. Announcing to one's neighbours which messages not to
 * send costs about as much as a copy of a usual segment, so it is left to long ones.
 */
const MESH = { D: 2, Dlo: 1, Dhi: 3, Dscore: 1, Dout: 0, Dlazy: 3, idontwantMinDataSize: 16_384 };

/** Bytes of a message's id, as in Ethereum's consensus network: what gossip repeats once a second is so much shorter. */
const MESSAGE_ID_BYTES = 20;

export interface NetworkOptions {
  /** Addresses to listen on, such as `/ip4/0.0.0.0/tcp/0`. */
  readonly listen: readonly string[];
  /** Addresses of nodes to start from, such as `/ip4/192.0.2.1/tcp/4001`; a trailing `/p2p/<id>` is optional. */
  readonly bootstrap?: readonly string[];
  /** Addresses to tell peers instead of those listened on, for a node behind a forwarded port. */
  readonly announce?: readonly string[];
  /** The node's data folder; keys, known peers and blobs lie in its `network` folder. */
  readonly dataDir: string;
  /** The peer's key; by default one is made and kept in the data folder. */
  readonly privateKey?: PrivateKey;
}

/** A node of the peer-to-peer network. */
export interface Network {
  readonly peerId: string;
  /** The addresses at which peers reach this node, each with its `/p2p/<id>`. */
  readonly addresses: readonly string[];
  /** Ids of the peers connected right now. */
  readonly peers: readonly string[];
  readonly blobs: BlobExchange;

  /**
   * Subscribes to a task's topic. From now on its messages are judged, stored, forwarded, and served to peers; what
   * neighbours have of it already is fetched from them.
   */
  joinTask(context: TaskContext, handlers: TaskHandlers): void;
  leaveTask(taskId: Hex): void;
  /** Ids of connected peers that take part in the task. */
  taskPeers(taskId: Hex): readonly string[];
  /**
   * Writes an own segment to the disk, then sends it to the task's peers.
   *
   * @throws GristmillError TASK_NOT_JOINED, EQUIVOCATION_REFUSED, MESSAGE_MALFORMED, MESSAGE_OVERSIZED
   */
  publish(taskId: Hex, message: SegmentMessage): Promise<{ readonly segmentId: Hex; readonly recipients: number }>;
  /**
   * Fetches a slot's segments with an iteration in `from..to` that are missing here, from one peer after another until
   * none is missing. They take the same way in as gossip.
   *
   * @returns how many came in
   */
  fetchSegments(taskId: Hex, slot: number, from: number, to: number, signal: AbortSignal): Promise<number>;
  /**
   * Asks the task's peers for the content address of the state and residual right after a segment (32 zero bytes: the
   * initial ones), and takes the first answer.
   *
   * @param signal ends the wait; give it a timeout
   * @returns undefined if nobody has it
   */
  findCheckpoint(taskId: Hex, slot: number, segmentId: Hex, signal: AbortSignal): Promise<string | undefined>;
  /** Answers peers that ask this supervisor to co-sign a log, until what it returns is called. */
  serveCosigning(answer: AnswerCosign): Promise<() => Promise<void>>;
  /**
   * Asks the task's peers to sign a log, all at once.
   *
   * @param signal ends the wait; give it a timeout
   * @returns what those said that answered, unchecked
   */
  askToCosign(question: CosignQuestion, signal: AbortSignal): Promise<CosignAnswer[]>;
  /** How the messages of all tasks since the start were judged; all but `accepted` were dropped. */
  counts(): VerdictCounts;
  /** Lets go of everything within a bound. */
  stop(): Promise<void>;
}

/**
 * Starts a node.
 *
 * @throws GristmillError ADDRESS_INVALID, LISTEN_FAILED, PEER_KEY_INVALID
 */
export async function createNetwork(options: NetworkOptions): Promise<Network> {
  const listen = options.listen.map(parseAddress);
  const bootstrap = (options.bootstrap ?? []).map(parseAddress);
  const announce = (options.announce ?? []).map(parseAddress);
  const folder = join(options.dataDir, "network");
  mkdirSync(folder, { recursive: true });
  const privateKey = options.privateKey ?? (await loadPeerKey(join(folder, "peer.key")));
  const penalties = new PeerPenalties();

  const libp2p = await createLibp2p({
    privateKey,
    start: false,
    addresses: { listen: listen.map(String), announce: announce.map(String) },
    transports: [tcp()],
    connectionEncrypters: [encryption()],
    streamMuxers: [muxer()],
    connectionGater: {
      denyDialPeer: (peer) => penalties.isTurnedAway(peer.toString()),
      denyInboundEncryptedConnection: (peer) => penalties.isTurnedAway(peer.toString()),
    },
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      // A whole test network may start at once behind one address; the defaults, 5 a second and 10, refuse it.
      inboundConnectionThreshold: MAX_CONNECTIONS,
      maxIncomingPendingConnections: MAX_CONNECTIONS,
    },
    // A node that trains may answer a ping late. A peer that is gone shows in its TCP connection.
    connectionMonitor: { enabled: false },
    services: { identify: identify(), pubsub: createGossip(penalties) },
  });
  try {
    await libp2p.start();
  } catch (cause) {
    throw new GristmillError("LISTEN_FAILED", `The node cannot listen on ${options.listen.join(", ")}.`, {
      cause,
      hints: ["Choose a free port (0 lets the system choose) on an address that this machine has."],
    });
  }
  const node = new GossipNetwork(libp2p, penalties, folder, bootstrap);
  await node.start();
  return node;
}

/**
 * Gossipsub for signed segments. StrictNoSign: a message carries its operator's signature, which the validator checks
 * before it is forwarded; libp2p's own would add a second one, of a peer that nobody needs to know, to each message and
 * each hop. Messages are known by the hash of all their bytes and not by their segment's id, or a forgery that comes
 * first would shut the genuine message out.
 */
function createGossip(penalties: PeerPenalties): ReturnType<typeof gossipsub> {
  return gossipsub({
    globalSignaturePolicy: "StrictNoSign",
    msgIdFn: ({ data }) => hash("sha256", data, "buffer").subarray(0, MESSAGE_ID_BYTES),
    // One encoding for all peers.
    batchPublish: true,
    allowPublishToZeroTopicPeers: true,
    fallbackToFloodsub: false,
    ...MESH,
    maxInboundDataLength: MAX_FRAME_BYTES,
    maxOutboundBufferSize: 4 * MAX_FRAME_BYTES,
    scoreParams: {
      // The mesh prefers peers without penalties.
      appSpecificScore: (peerId) => -penalties.points(peerId),
      appSpecificWeight: 1,
      // Several honest nodes on one machine share its address.
      IPColocationFactorWeight: 0,
    },
  });
}

type Node = Libp2p<{ pubsub: GossipSub }>;

class GossipNetwork implements Network {
  readonly blobs: BlobExchange;
  readonly #libp2p: Node;
  readonly #penalties: PeerPenalties;
  readonly #peerExchange: PeerExchange;
  readonly #topics = new Map<Hex, TaskTopic>();
  readonly #neighbourhoods = new Map<Hex, Neighbourhood>();
  readonly #stopped = new AbortController();
  readonly #countsOfLeft = Object.fromEntries(verdicts.map((verdict) => [verdict, 0])) as Record<Verdict, number>;

  constructor(libp2p: Node, penalties: PeerPenalties, folder: string, bootstrap: readonly Multiaddr[]) {
    this.#libp2p = libp2p;
    this.#penalties = penalties;
    this.blobs = new BlobExchange(libp2p, join(folder, "blobs"));
    this.#peerExchange = new PeerExchange(libp2p, { bootstrap, memory: join(folder, "peers"), wanted: WANTED_PEERS });
  }

  async start(): Promise<void> {
    this.#libp2p.services.pubsub.addEventListener("gossipsub:graft", ({ detail }) => {
      const topic = [...this.#topics.values()].find(({ context }) => topicName(context.taskId) === detail.topic);
      if (topic !== undefined) void this.#catchUp(topic, peerIdFromString(detail.peerId));
    });
    this.#libp2p.services.pubsub.addEventListener("subscription-change", this.#onPeersChanged);
    this.#libp2p.addEventListener("peer:disconnect", this.#onPeersChanged);
    await this.blobs.start();
    await serveSegments(this.#libp2p, (taskId) => this.#topics.get(taskId)?.handlers.store);
    await serveCheckpoints(this.#libp2p, async (taskId, slot, segmentId, signal) =>
      this.#topics.get(taskId)?.handlers.onCheckpointWanted?.(slot, segmentId, signal),
    );
    await this.#peerExchange.start();
  }

  get peerId(): string {
    return this.#libp2p.peerId.toString();
  }

  get addresses(): readonly string[] {
    return this.#libp2p.getMultiaddrs().map(String);
  }

  get peers(): readonly string[] {
    return this.#libp2p.getPeers().map(String);
  }

  joinTask(context: TaskContext, handlers: TaskHandlers): void {
    const { taskId } = context;
    if (this.#topics.has(taskId)) {
      throw new GristmillError("TASK_ALREADY_JOINED", `The node has joined task ${taskId} already.`, {
        hints: ["Leave it first to join it with other handlers."],
      });
    }
    const topic = new TaskTopic(context, handlers);
    this.#topics.set(taskId, topic);
    const { pubsub } = this.#libp2p.services;
    const neighbourhood = new Neighbourhood(pubsub, this.peerId, topicName(taskId));
    this.#neighbourhoods.set(taskId, neighbourhood);
    pubsub.topicValidators.set(topicName(taskId), (peer, { data }) => {
      const result = this.#validate(topic, peer, data);
      // "Ignore" is gossipsub's way not to forward; the message itself has been taken in.
      return result === TopicValidatorResult.Accept && neighbourhood.isClosed ? TopicValidatorResult.Ignore : result;
    });
    pubsub.subscribe(topicName(taskId));
    neighbourhood.update();
  }

  leaveTask(taskId: Hex): void {
    const topic = this.#topics.get(taskId);
    if (topic === undefined) return;
    const { pubsub } = this.#libp2p.services;
    this.#neighbourhoods.get(taskId)?.leave();
    this.#neighbourhoods.delete(taskId);
    pubsub.unsubscribe(topicName(taskId));
    pubsub.topicValidators.delete(topicName(taskId));
    this.#topics.delete(taskId);
    addCounts(this.#countsOfLeft, topic.counts);
  }

  taskPeers(taskId: Hex): readonly string[] {
    return this.#libp2p.services.pubsub.getSubscribers(topicName(taskId)).map(String);
  }

  async publish(taskId: Hex, message: SegmentMessage): Promise<{ segmentId: Hex; recipients: number }> {
    const { segmentId, bytes } = this.#topic(taskId).commit(message);
    const { recipients } = await this.#libp2p.services.pubsub.publish(topicName(taskId), bytes);
    return { segmentId, recipients: recipients.length };
  }

  async fetchSegments(taskId: Hex, slot: number, from: number, to: number, signal: AbortSignal): Promise<number> {
    const topic = this.#topic(taskId);
    let fetched = 0;
    for (const peer of this.#sources(taskId)) {
      // A peer answers in portions: it is asked again as long as that brings us further.
      for (let next = topic.firstMissing(slot, from, to), asked = -1; next !== undefined && next > asked;) {
        asked = next;
        fetched += await this.#fetch(topic, peer, { slot, from: next, to }, signal);
        next = topic.firstMissing(slot, next, to);
      }
      if (topic.firstMissing(slot, from, to) === undefined) break;
    }
    return fetched;
  }

  async findCheckpoint(taskId: Hex, slot: number, segmentId: Hex, signal: AbortSignal): Promise<string | undefined> {
    const answered = new AbortController();
    const either = AbortSignal.any([signal, answered.signal]);
    try {
      return await Promise.any(
        this.#sources(taskId).map(async (peer) => {
          const address = await askForCheckpoint(this.#libp2p, peer, taskId, slot, segmentId, either);
          if (address === undefined) throw new GristmillError("CHECKPOINT_ABSENT", `Peer ${peer.toString()} has none.`);
          return address;
        }),
      );
    } catch {
      return undefined;
    } finally {
      answered.abort();
    }
  }

  async serveCosigning(answer: AnswerCosign): Promise<() => Promise<void>> {
    return serveCosigning(this.#libp2p, answer);
  }

  async askToCosign(question: CosignQuestion, signal: AbortSignal): Promise<CosignAnswer[]> {
    // Peers of other roles refuse at once; a silent peer is no answer either.
    const answers = this.#sources(question.taskId).map((peer) =>
      askToCosign(this.#libp2p, peer, question, signal).catch(() => undefined),
    );
    return (await Promise.all(answers)).filter((answer) => answer !== undefined);
  }

  counts(): VerdictCounts {
    const sum = { ...this.#countsOfLeft };
    for (const { counts } of this.#topics.values()) addCounts(sum, counts);
    return sum;
  }

  async stop(): Promise<void> {
    for (const taskId of [...this.#topics.keys()]) this.leaveTask(taskId);
    this.#stopped.abort();
    this.#peerExchange.stop();
    const stopped = this.blobs.stop().then(() => this.#libp2p.stop());
    await Promise.race([stopped, setTimeout(STOP_TIMEOUT_MS, undefined, { ref: false })]);
  }

  readonly #onPeersChanged = (): void => {
    for (const neighbourhood of this.#neighbourhoods.values()) neighbourhood.update();
  };

  #validate(topic: TaskTopic, peer: PeerId, data: Uint8Array): TopicValidatorResult {
    const { verdict } = topic.receive(data);
    if (verdict === "accepted") return TopicValidatorResult.Accept;
    // An honest peer may pass on what this node knows, or what contradicts another version that this node saw first.
    if (verdict === "replayed" || verdict === "equivocation") return TopicValidatorResult.Ignore;
    this.#penalties.add(peer.toString());
    // Cut off, not only ignored: what it has sent ahead is thrown away with the connection. It fails only on a peer
    // that is gone already.
    if (this.#penalties.isTurnedAway(peer.toString())) this.#libp2p.hangUp(peer).catch(() => undefined);
    return TopicValidatorResult.Reject;
  }

  /**
   * Takes over what a peer has of a task when it becomes a neighbour in the topic's mesh. Gossip alone loses what is
   * published while the streams between two nodes are still being opened; and who joins late has missed all of it.
   */
  async #catchUp(topic: TaskTopic, peer: PeerId): Promise<void> {
    for (let fetched = 1; fetched > 0;) {
      const from = topic.context.operators.map(
        (_, slot) => topic.firstMissing(slot, 0, Infinity) ?? topic.context.iterations,
      );
      fetched = await this.#fetch(topic, peer, { from }, this.#stopped.signal);
    }
  }

  /** Never throws: a peer that fails brings nothing. */
  async #fetch(
    topic: TaskTopic,
    peer: PeerId,
    wanted: Parameters<typeof askForSegments>[3],
    signal: AbortSignal,
  ): Promise<number> {
    let fetched = 0;
    const either = AbortSignal.any([signal, AbortSignal.timeout(PEER_TIMEOUT_MS)]);
    try {
      for await (const bytes of askForSegments(this.#libp2p, peer, topic.context.taskId, wanted, either)) {
        const { verdict } = topic.receive(bytes);
        if (verdict === "accepted") fetched++;
        else if (verdict !== "replayed" && verdict !== "equivocation") break;
      }
    } catch {
      return fetched;
    }
    return fetched;
  }

  /** Connected peers that take part in the task. */
  #sources(taskId: Hex): PeerId[] {
    return this.taskPeers(taskId).map((peer) => peerIdFromString(peer));
  }

  #topic(taskId: Hex): TaskTopic {
    const topic = this.#topics.get(taskId);
    if (topic === undefined) {
      throw new GristmillError("TASK_NOT_JOINED", `The node has not joined task ${taskId}.`, {
        hints: ["Call joinTask first."],
      });
    }
    return topic;
  }
}

function topicName(taskId: Hex): string {
  return `/gristmill/task/1/${taskId}`;
}

function addCounts(sum: Record<Verdict, number>, counts: VerdictCounts): void {
  for (const verdict of verdicts) sum[verdict] += counts[verdict];
}

function parseAddress(address: string): Multiaddr {
  try {
    return multiaddr(address);
  } catch (cause) {
    throw new GristmillError("ADDRESS_INVALID", `"${address}" is not a network address.`, {
      cause,
      hints: ["Write it as a multiaddr, such as /ip4/127.0.0.1/tcp/4001, with or without a trailing /p2p/<peer id>."],
    });
  }
}
