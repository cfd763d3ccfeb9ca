import { matrix, UPDATE_PADDING, UPDATE_ROW } from "@gristmill/sdk";
import { expect } from "chai";
import Table from "cli-table3";

import type { SegmentTruth } from "../../../oracle/src/disputes/segment-truth.ts";
import { Stage } from "../../../oracle/src/disputes/stage.ts";
import { createTensHasher, type TensHasher } from "../../../oracle/src/tenshash/index.ts";
import { type Cheat, placeOf, withLie, withTensors } from "../../../scripts/demo/cheats/cheat.ts";
import { SEGMENT_CHEATS, WrongGradient } from "../../../scripts/demo/cheats/segment-cheats.ts";
import { ethers, GRIST, loadFixture, networkHelpers, Role } from "../tasks/scenario.ts";
import { historyOf } from "./accusations.ts";
import {
  type Arena,
  arena,
  challengeSegment,
  type Chain,
  honestChain,
  logOf,
  type Outcome,
  type Players,
  playOn,
  playSegment,
  sign,
} from "./arena.ts";
import { COURT, type CourtScene, inCourt, isConvicted, sign as signIn } from "./court-scene.ts";
import { lyingMajority, playScore } from "./evaluation-arena.ts";
import { openClock } from "./honest-slots.ts";
import { challenge, claim, type Drawn, drawn, firstFalse, flipped, neuronOf, reveal } from "./tens-hash-claims.ts";

/** How an adversary fared against honest players. */
interface Result {
  readonly caughtBy: string;
  /** GRIST wei that the adversary and its friends have less. */
  readonly lost: bigint;
  /** GRIST wei that each honest player has more, at least 0. */
  readonly honest: readonly bigint[];
  /** Wei of honest players' gas that neither the opponent's deposits nor a reward cover. */
  readonly uncovered: bigint;
}

/** A cheat, and everything around it that plays honestly. */
abstract class Adversary {
  abstract readonly name: string;
  abstract play(): Promise<Result>;
}

interface Stage0 {
  readonly where: Arena;
  readonly log: ReturnType<typeof logOf>;
  readonly slot0: Chain;
}

/** Slot 1 has published two segments; slot 0 three, which took them in as they came. */
async function twoSlots(): Promise<Stage0> {
  const where = await arena();
  const slot1 = await honestChain(where, 1, 2, logOf(where, []));
  const log = logOf(where, [slot1.messages]);
  return { where, log, slot0: await honestChain(where, 0, 3, log) };
}

type Named = Pick<CourtScene, "stakes" | "token" | "registry">;

async function worth({ stakes, token, registry }: Named, accounts: readonly { readonly address: string }[]) {
  let sum = 0n;
  for (const { address } of accounts) {
    sum += (await stakes.freeOf(address)) + (await stakes.lockedOf(address));
    sum += (await token.balanceOf(address)) + (await registry.creditOf(address));
  }
  return sum;
}

/** Plays, and tells what it did to whom. */
async function measured(
  where: Named,
  bad: readonly { readonly address: string }[],
  good: readonly { readonly address: string }[],
  play: () => Promise<{ readonly caughtBy: string; readonly uncovered?: bigint }>,
): Promise<Result> {
  const badBefore = await worth(where, bad);
  const goodBefore = await Promise.all(good.map((account) => worth(where, [account])));
  const { caughtBy, uncovered = 0n } = await play();
  const honest = await Promise.all(good.map(async (account, i) => (await worth(where, [account])) - goodBefore[i]!));
  return { caughtBy, uncovered, lost: badBefore - (await worth(where, bad)), honest };
}

/** Gas that the winner paid beyond the loser's deposits. */
function uncoveredBy({ moves, winner }: Outcome): bigint {
  const sum = (of: "cost" | "deposit", mine: boolean) =>
    moves.reduce(
      (total, move) => total + ((move.side === winner) === mine && move.name !== "close" ? move[of] : 0n),
      0n,
    );
  const open = sum("cost", true) - sum("deposit", false);
  return open > 0n ? open : 0n;
}

/** A slot that lies about a segment. */
class LyingSlot extends Adversary {
  readonly name: string;
  readonly #cheat: Cheat;
  readonly #players: (lie: SegmentTruth, truth: SegmentTruth) => Partial<Players>;

  constructor(
    cheat: Cheat,
    players: (lie: SegmentTruth, truth: SegmentTruth) => Partial<Players> = () => ({}),
    how = "",
  ) {
    super();
    this.#cheat = cheat;
    this.#players = players;
    this.name = `slot that ${how === "" ? cheat.about : how}`;
  }

  async play(): Promise<Result> {
    const { where, log, slot0 } = await loadFixture(twoSlots);
    const truth = slot0.truths.find((candidate) => this.#cheat.lie(candidate) !== undefined)!;
    const lie = this.#cheat.lie(truth)!;
    const message = await sign(where, lie.message);
    const { owner } = where.miners[0]!;
    const others = [where.challenger, where.miners[1]!.owner, where.miners[2]!.owner];
    return measured(where, [owner], others, async () => {
      const players = { defender: lie, challenger: truth, log, ...this.#players(lie, truth) };
      const outcome = await playSegment(where, message, players);
      expect(outcome.winner).to.equal("challenger");
      // A reward of a quarter of the stake is worth more than the gas of a liar's silence.
      const uncovered = outcome.byTimeout ? 0n : uncoveredBy(outcome);
      const decisive = outcome.moves.findLast(({ name }) => name !== "close")!;
      return { caughtBy: outcome.byTimeout ? "its silence" : decisive.name, uncovered };
    });
  }
}

/** Adds a row of padding to a list: entries hidden from whoever reads up to the first padding. */
class HiddenPadding implements Cheat {
  readonly name = "hidden-padding";
  readonly about = "hides padding within its update list";

  lie(truth: SegmentTruth): SegmentTruth {
    const trace = truth.trace(0);
    const k = placeOf(trace, "Sparse");
    const { rows, data } = trace.tensors[k]!;
    const padded = new Uint32Array((rows + 1) * UPDATE_ROW).fill(UPDATE_PADDING);
    padded.set(data);
    return withLie(truth, 0, withTensors(trace, new Map([[k, matrix("u32", rows + 1, UPDATE_ROW, padded)]])));
  }
}

/** Signs two segments over the same iterations. */
class OverlappingSegments extends Adversary {
  readonly name = "slot that signs two segments that overlap";

  async play(): Promise<Result> {
    const { where, slot0 } = await loadFixture(twoSlots);
    const truth = slot0.truths[1]!;
    const other = await sign(where, new WrongGradient().lie(truth).message);
    const { owner } = where.miners[0]!;
    return measured(where, [owner], [where.challenger, where.miners[1]!.owner], async () => {
      const [a, b] = [slot0.messages[1]!, other].map(({ segment, signature }) => ({ segment, signature }));
      await where.misconduct.connect(where.challenger).proveEquivocation(a!, b!);
      return { caughtBy: "proveEquivocation" };
    });
  }
}

/** Shows a segment only to a friend, who takes it in and names it, and cannot produce it. */
class FriendsOnly extends Adversary {
  readonly name = "slot that names a segment shown only to it";

  async play(): Promise<Result> {
    const scene = await loadFixture(inCourt);
    const { own } = historyOf(scene);
    const { owner } = scene.miners[0]!;
    return measured(scene, [owner], [scene.stranger, scene.miners[1]!.owner], async () => {
      const naming = { signed: await signIn(scene, own[1]), opening: openClock(own[1]), peer: 1, chain: [] };
      const demands = scene.demands.connect(scene.stranger);
      const value = 10n ** 18n;
      const demandId = await demands.demandSegment.staticCall(naming, { value });
      await demands.demandSegment(naming, { value });
      await networkHelpers.time.increaseTo((await demands.demandOf(demandId)).until + 1n);
      await demands.close(demandId);
      expect(await isConvicted(scene, 0)).to.equal(true);
      return { caughtBy: "an unanswered demand" };
    });
  }
}

/** Claims a ticket with a false TensHash. */
class FalseTensHash extends Adversary {
  readonly name: string;
  readonly #falsify: (truth: TensHashOutcome) => TensHashOutcome;

  constructor(name: string, falsify: (truth: TensHashOutcome) => TensHashOutcome) {
    super();
    this.name = name;
    this.#falsify = falsify;
  }

  async play(): Promise<Result> {
    const scene = await loadFixture(drawn);
    const truth = await outcomeOf(scene);
    const lie = this.#falsify(truth);
    return measured(scene, [scene.owner], [scene.challenger, scene.miners[1]!.owner], async () => {
      const claimed = await claim(scene, lie);
      const disputeId = await challenge(scene, claimed);
      await reveal(scene, disputeId, claimed, lie.trace);
      const { layer, index } = firstFalse(lie, truth);
      const [, , states, proof] = neuronOf(lie.trace, layer, index);
      await scene.tensHashGame
        .connect(scene.challenger)
        .prove(disputeId, claimed.question, layer, index, states, proof);
      await scene.court.close(disputeId);
      expect(await isConvicted(scene, 0)).to.equal(true);
      return { caughtBy: "prove (one neuron)" };
    });
  }
}

/** Two evaluators of three tell the same wrong score. */
class LyingEvaluators extends Adversary {
  readonly name = "majority of evaluators with a wrong score";

  async play(): Promise<Result> {
    const { where, truth, lie } = await loadFixture(lyingMajority);
    const [a, b, honest] = where.evaluators.map(({ owner }) => owner);
    return measured(where, [a!, b!], [honest!, where.challenger], async () => {
      const { winner, names } = await playScore(where, 0, lie, truth);
      expect(winner).to.equal("challenger");
      return { caughtBy: names.at(-1)! };
    });
  }
}

/** Claims the ticket of another miner's iteration. */
class CopiedClaim extends Adversary {
  readonly name = "miner that copies another one's claim";

  async play(): Promise<Result> {
    const scene = await loadFixture(drawn);
    const thief = scene.miners[1]!;
    return measured(scene, [thief.owner], [scene.owner], async () => {
      const honest = await scene.work.claim(2, 1);
      const refused = scene.workMint.connect(thief.operator).claim(honest);
      await expect(refused).to.be.revertedWithCustomError(scene.workMint, "WorkMint_NotTheOperator");
      return { caughtBy: "WorkMint (refused)" };
    });
  }
}

/** Challenges an honest segment. */
class FalseChallenger extends Adversary {
  readonly name: string;
  readonly #override: Players["override"];

  constructor(name: string, override: Players["override"]) {
    super();
    this.name = name;
    this.#override = override;
  }

  async play(): Promise<Result> {
    const { where, log, slot0 } = await loadFixture(twoSlots);
    const truth = slot0.truths[1]!;
    const { owner } = where.miners[0]!;
    return measured(where, [where.challenger], [owner, where.miners[1]!.owner], async () => {
      const players = { defender: truth, challenger: truth, log, ...(this.#override && { override: this.#override }) };
      const outcome = await playSegment(where, slot0.messages[1]!, players);
      expect(outcome.winner).to.equal("defender");
      return { caughtBy: "its silence", uncovered: uncoveredBy(outcome) };
    });
  }
}

/** Floods an honest slot with challenges: each costs twice the one before. */
class ChallengeFlood extends Adversary {
  readonly name = "challenger that floods a slot with challenges";

  async play(): Promise<Result> {
    const { where, log, slot0 } = await loadFixture(twoSlots);
    const truth = slot0.truths[1]!;
    const message = slot0.messages[1]!;
    const players = { defender: truth, challenger: truth, log };
    return measured(where, [where.challenger], [where.miners[0]!.owner], async () => {
      const opened = [];
      for (let n = 0; n < 3; n++) opened.push(await challengeSegment(where, message, players));
      for (const dispute of opened)
        expect((await playOn(where, dispute, message, players)).winner).to.equal("defender");
      const place = { taskId: where.taskId, role: Role.Miner, index: 0 };
      expect((await where.registry.placeOf(where.taskId, Role.Miner, 0)).suspended).to.equal(false);
      expect(await where.court.bondFor(place)).to.equal(8n * COURT.bond < 30n * GRIST ? 8n * COURT.bond : 30n * GRIST);
      return { caughtBy: "bonds that double" };
    });
  }
}

/** A friend of a liar challenges first and loses on purpose: nothing is settled by that. */
class FriendlyChallenger extends Adversary {
  readonly name = "friend that loses a challenge on purpose";

  async play(): Promise<Result> {
    const { where, log, slot0 } = await loadFixture(twoSlots);
    const truth = slot0.truths[1]!;
    const lie = new WrongGradient().lie(truth);
    const message = await sign(where, lie.message);
    const { owner } = where.miners[0]!;
    const friend = where.stranger;
    return measured(where, [owner, friend], [where.challenger, where.miners[1]!.owner], async () => {
      const silent: Players = {
        defender: lie,
        challenger: truth,
        log,
        by: friend,
        override: (side, _, call) => (side === "challenger" ? undefined : call),
      };
      const lost = await challengeSegment(where, message, silent);
      const honest: Players = { defender: lie, challenger: truth, log };
      const waiting = await challengeSegment(where, message, honest);
      expect((await playOn(where, lost, message, silent)).winner).to.equal("defender");
      const outcome = await playOn(where, waiting, message, honest);
      expect(outcome.winner).to.equal("challenger");
      return { caughtBy: "the next challenger", uncovered: uncoveredBy(outcome) };
    });
  }
}

/** Convicts its own slot through another account, for the reward. */
class SelfChallenger extends Adversary {
  readonly name = "slot that challenges itself through a friend";

  async play(): Promise<Result> {
    const { where, log, slot0 } = await loadFixture(twoSlots);
    const truth = slot0.truths[1]!;
    const lie = new WrongGradient().lie(truth);
    const message = await sign(where, lie.message);
    const { owner } = where.miners[0]!;
    return measured(where, [owner, where.stranger], [where.miners[1]!.owner], async () => {
      const outcome = await playSegment(where, message, { defender: lie, challenger: truth, log, by: where.stranger });
      expect(outcome.winner).to.equal("challenger");
      return { caughtBy: "what burns" };
    });
  }
}

interface TensHashOutcome {
  readonly y: Uint8Array;
  readonly trace: Uint8Array;
}

let hasher: TensHasher;

async function outcomeOf({ seed, input }: Drawn): Promise<TensHashOutcome> {
  await hasher.setSeed(ethers.getBytes(seed));
  return { y: (await hasher.hash([input]))[0]!, trace: await hasher.trace(input) };
}

/** The defender does not make its move of a stage. */
function withholding(stage: number): Partial<Players> {
  return { override: (side, state, call) => (side === "defender" && state.stage === stage ? undefined : call) };
}

/** Names a part at random, and then whatever is asked of a challenger. */
const claimsTheWrongTensor: Players["override"] = (side, state, call) => {
  if (side === "defender") return call;
  if (state.stage === Stage.Choice) return { functionName: "chooseIteration", args: [1] };
  return call;
};

const ADVERSARIES: readonly Adversary[] = [
  ...SEGMENT_CHEATS.map((cheat) => new LyingSlot(cheat)),
  new LyingSlot(new HiddenPadding()),
  new LyingSlot(new WrongGradient(), () => withholding(Stage.Trace), "withholds its trace"),
  new LyingSlot(new WrongGradient(), () => withholding(Stage.Leaf), "withholds a row"),
  new LyingSlot(
    new WrongGradient(),
    () => ({
      before: async (side) => {
        // The clock allows this five times before it runs out.
        if (side === "defender") await networkHelpers.time.increase(Number(COURT.moveSeconds) - 2);
      },
    }),
    "answers at the last second",
  ),
  new OverlappingSegments(),
  new FriendsOnly(),
  new FalseTensHash("miner with a wrong TensHash", ({ y, trace }) => ({ y: flipped(y, 77), trace })),
  new FalseTensHash("miner with the right TensHash and a false trace", ({ y, trace }) => ({
    y,
    trace: flipped(trace, 8 * 128 * 40 + 333),
  })),
  new CopiedClaim(),
  new LyingEvaluators(),
  new FalseChallenger("challenger of an honest segment", undefined),
  new FalseChallenger("challenger that claims the wrong tensor", claimsTheWrongTensor),
  new ChallengeFlood(),
  new FriendlyChallenger(),
  new SelfChallenger(),
];

describe("adversaries", () => {
  const table = new Table({
    head: ["adversary", "undone by", "loses (GRIST)", "an honest player gains"],
    style: { head: [], border: [], compact: true },
  });

  before(async () => {
    hasher = await createTensHasher("wasm");
  });

  after(async () => {
    await hasher.dispose();
    process.stdout.write(`${table.toString()}\n`);
  });

  for (const adversary of ADVERSARIES) {
    it(`${adversary.name} loses, and nobody honest does`, async () => {
      const { caughtBy, lost, honest, uncovered } = await adversary.play();
      const most = honest.reduce((a, b) => (a > b ? a : b), 0n);
      table.push([adversary.name, caughtBy, ethers.formatEther(lost), ethers.formatEther(most)]);
      expect(lost >= 0n, `lost ${lost}`).to.equal(true);
      if (!(adversary instanceof CopiedClaim)) expect(lost > 0n, `lost ${lost}`).to.equal(true);
      for (const gain of honest) expect(gain >= 0n, `an honest player gained ${gain}`).to.equal(true);
      expect(uncovered).to.equal(0n);
    });
  }
});
