import { hash } from "node:crypto";

import type { GossipSub } from "@libp2p/gossipsub";

/**
 * Whether everybody on a topic reaches everybody, so that what a publisher has sent to all its peers need not be passed
 * on by any of them: among four nodes forwarding was two fifths of the traffic, all of it duplicates.
 *
 * A node's closed neighbourhood is the node with its peers on the topic. Each node tells its peers a digest of its own.
 * Where all of a node's peers name the digest that the node computes itself, all of them have one and the same
 * neighbourhood; so nobody in it has a peer outside, and whoever publishes has sent to every one of them. In any other
 * network, and whenever in doubt, messages are forwarded. Who lies about its neighbourhood deprives only those that
 * nobody but the liar reaches.
 *
 * The digest is told by subscribing to a topic of its name, on which nobody publishes: gossipsub hands subscriptions to
 * every peer, at once and in order with the messages.
 */
export class Neighbourhood {
  readonly #pubsub: GossipSub;
  readonly #self: string;
  readonly #topic: string;
  #announced: string | undefined;
  #isClosed = false;

  constructor(pubsub: GossipSub, self: string, topic: string) {
    this.#pubsub = pubsub;
    this.#self = self;
    this.#topic = topic;
  }

  /** Whether a message that a peer has published on the topic has been sent to all peers by its publisher. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** To be called whenever the peers on any topic have changed. */
  update(): void {
    const peers = this.#pubsub.getSubscribers(this.#topic).map(String);
    const announcement = neighbourhoodTopic(this.#topic, [this.#self, ...peers]);
    if (announcement !== this.#announced) {
      this.leave();
      this.#announced = announcement;
      this.#pubsub.subscribe(announcement);
    }
    const alike = new Set(this.#pubsub.getSubscribers(announcement).map(String));
    this.#isClosed = peers.every((peer) => alike.has(peer));
  }

  /** Tells nothing any more. */
  leave(): void {
    if (this.#announced !== undefined) this.#pubsub.unsubscribe(this.#announced);
    this.#announced = undefined;
    this.#isClosed = false;
  }
}

/** The topic whose subscribers have exactly these nodes as their closed neighbourhood on `topic`. */
export function neighbourhoodTopic(topic: string, peerIds: readonly string[]): string {
  return `${topic}/neighbourhood/${hash("sha256", peerIds.toSorted().join(), "base64url")}`;
}
