/** So many invalid messages within a short while, and a peer is turned away. */
const INVALID_MESSAGES_TOLERATED = 8;
/** A penalty halves in this time: a peer that was broken and is mended comes back by itself. */
const HALF_LIFE_MS = 60_000;
/** Below this a penalty is forgotten. */
const NEGLIGIBLE = 0.05;

/**
 * What peers have earned by sending messages that no honest node forwards. Gossipsub's own scores count invalid
 * messages only for topics known when the node starts, while a node joins tasks later, and look at a score once a
 * second, in which a flood gets far.
 */
export class PeerPenalties {
  readonly #penalties = new Map<string, { points: number; at: number }>();

  /** The peer sent an invalid message. */
  add(peerId: string): void {
    this.#penalties.set(peerId, { points: this.points(peerId) + 1, at: Date.now() });
  }

  /** Invalid messages of the peer, older ones counting for less. */
  points(peerId: string): number {
    const penalty = this.#penalties.get(peerId);
    if (penalty === undefined) return 0;
    const points = penalty.points * 2 ** ((penalty.at - Date.now()) / HALF_LIFE_MS);
    if (points < NEGLIGIBLE) this.#penalties.delete(peerId);
    return points;
  }

  /** Whether to have no connection with the peer. */
  isTurnedAway(peerId: string): boolean {
    return this.points(peerId) > INVALID_MESSAGES_TOLERATED - 1;
  }
}
