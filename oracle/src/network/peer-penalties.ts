/** Gossipsub ignores a peer altogether at this score (its default graylist threshold). */
const GRAYLIST_SCORE = -80;
/** So many invalid messages within a short while, and a peer is ignored. */
const INVALID_MESSAGES_TOLERATED = 8;
/** A penalty halves in this time: a peer that was broken and is mended comes back by itself. */
const HALF_LIFE_MS = 60_000;

/**
 * What peers have earned by sending messages that no honest node forwards. Added to gossipsub's own scores, which count
 * invalid messages only for topics known when the node starts, and a node joins tasks later.
 */
export class PeerPenalties {
  readonly #penalties = new Map<string, { points: number; at: number }>();

  /** The peer sent an invalid message. */
  add(peerId: string): void {
    this.#penalties.set(peerId, { points: this.#points(peerId) + 1, at: Date.now() });
  }

  /** The peer's share of its score, 0 or less. */
  score(peerId: string): number {
    return (GRAYLIST_SCORE / INVALID_MESSAGES_TOLERATED) * this.#points(peerId);
  }

  #points(peerId: string): number {
    const penalty = this.#penalties.get(peerId);
    if (penalty === undefined) return 0;
    const points = penalty.points * 2 ** (-(Date.now() - penalty.at) / HALF_LIFE_MS);
    if (points < 0.05) this.#penalties.delete(peerId);
    return points;
  }
}
