import { GristmillError } from "@gristmill/sdk";
import { expect } from "chai";
import Table from "cli-table3";

import { seedsFor } from "../helpers/dice.ts";
import { loadFixture, Phase } from "../tasks/scenario.ts";
import { Bounties } from "./bounties.ts";
import { Claims } from "./claims.ts";
import { Disputes } from "./disputes.ts";
import { DrawnAudits } from "./drawn-audits.ts";
import { Emission } from "./emission.ts";
import { Hashes } from "./hashes.ts";
import { Ledger } from "./ledger.ts";
import { deployMarket, LONGEST_PAUSE } from "./market.ts";
import { Tasks } from "./tasks.ts";
import { type Action, type Count, type Department, Walk } from "./walk.ts";

const asked = process.env["WALK_CALLS"];
const replayed = process.env["WALK_SEED"];
/** Calls of one walk, the honest duties among them, before everybody falls silent. */
const CALLS = replayed === undefined ? (asked === undefined ? 700 : 1_000) : Number(asked);
/** With those of its end a walk makes so many at the least. */
const CALLS_IN_ALL = CALLS + 200;
const SEEDS = replayed === undefined ? seedsFor([1], CALLS_IN_ALL) : [Number(replayed)];
/** After so many calls at the most the honest look at the chain, and do what is due. */
const LOOK_EVERY = 10;
const CHECK_EVERY = 100;

const counts = new Map<string, Count>();
const ends = new Map<bigint, number>();

async function walkOn(seed: number, hashes: Hashes): Promise<void> {
  const market = await loadFixture(deployMarket);
  const walk = await Walk.begin(market, seed, counts);
  const tasks = new Tasks(walk);
  const claims = new Claims(walk, tasks, hashes);
  const disputes = new Disputes(walk, tasks, claims);
  const emission = new Emission(walk, tasks, hashes);
  const bounties = new Bounties(walk);
  const audits = new DrawnAudits(walk, tasks, disputes);
  const departments: readonly Department[] = [tasks, claims, disputes, audits, emission, bounties];
  const ledger = await Ledger.open(walk, { bounties, disputes, emission });
  try {
    await stroll(walk, departments, ledger);
    await ledger.check(true);
    await fallSilent(walk, { tasks, claims, disputes, emission, bounties }, ledger);
  } catch (error) {
    const again = `npm run walk -- --seed ${String(seed)} --calls ${String(Math.min(walk.calls, CALLS))}`;
    const last = walk.recent.slice(-25).join("\n  ");
    const where = `after ${String(walk.calls)} calls of seed ${String(seed)}`;
    throw new GristmillError("WALK_FAILED", `${String(error)}\n${where}, again with ${again}:\n  ${last}`, {
      cause: error,
    });
  }
  for (const end of await ledger.ends()) ends.set(end, (ends.get(end) ?? 0) + 1);
}

/** Everybody calls whatever comes to mind, and time passes. */
async function stroll(walk: Walk, departments: readonly Department[], ledger: Ledger): Promise<void> {
  const { dice } = walk;
  const attend = async (): Promise<void> => {
    for (const department of departments) await department.attend();
  };
  const pause: Action = async () => {
    await attend();
    if (walk.oneIn(3)) await walk.pass(1 + dice.below(LONGEST_PAUSE));
    else await walk.mine(1 + dice.below(10));
    await attend();
  };
  let checked = 0;
  for (let steps = 1; walk.calls < CALLS; steps++) {
    const actions = departments.flatMap((department) => department.actions);
    await dice.pick([...actions, pause, pause, pause])();
    if (steps % LOOK_EVERY === 0) await attend();
    if (walk.calls < checked + CHECK_EVERY) continue;
    checked = walk.calls;
    await ledger.check(true);
  }
}

interface Parts {
  readonly tasks: Tasks;
  readonly claims: Claims;
  readonly disputes: Disputes;
  readonly emission: Emission;
  readonly bounties: Bounties;
}

/** Nobody does anything any more but a stranger, who ends everything; then everybody takes home what is left. */
async function fallSilent(walk: Walk, parts: Parts, ledger: Ledger): Promise<void> {
  const { tasks, claims, disputes, emission, bounties } = parts;
  await walk.pass(10_000);
  await walk.mine(400);
  await disputes.crank();
  await walk.pass(10_000);
  // Disputes may have held up a slot's windows for as long as the chain is old.
  await walk.mine(400 + Number(await walk.blockNumber()));
  await claims.crank();
  await tasks.crank();
  await bounties.crank();
  await emission.crank();
  await ledger.check(false);

  const { registry, court, openMint, board, fillers, stakes, pool, accounts, stranger } = walk.market;
  await bounties.collectAll();
  await walk.send("FillerTasks.burnLeftover", stranger, () => fillers.connect(stranger).burnLeftover());
  for (const by of accounts) await walk.send("VerifierPool.resign", by, () => pool.connect(by).resign());
  await walk.pass(10_000);
  await walk.mine(400);
  for (const by of accounts) {
    await walk.send("VerifierPool.release", by, () => pool.connect(by).release());
    await walk.send("Registry.withdraw", by, () => registry.connect(by).withdraw());
    await walk.send("Court.withdraw", by, () => court.connect(by).withdraw());
    await walk.send("OpenMint.withdraw", by, () => openMint.connect(by).withdraw());
    await walk.send("BountyBoard.withdraw", by, () => board.connect(by).withdraw());
    const free = await stakes.freeOf(by);
    if (free > 0n) await walk.must("StakeManager.requestUnstake", by, () => stakes.connect(by).requestUnstake(free));
  }
  await walk.pass(10_000);
  for (const by of accounts) await walk.send("StakeManager.withdraw", by, () => stakes.connect(by).withdraw());
  await ledger.check(false);
  await ledger.checkEmpty();
}

describe("random walks through the whole market", function () {
  // A walk that mocha gave up would go on, under the feet of the next one.
  this.timeout(asked === undefined ? 120_000 : 0);
  let hashes: Hashes;

  before(async () => {
    hashes = await Hashes.create();
  });

  after(() => {
    if (asked !== undefined) process.stdout.write(`${report()}\n`);
    return hashes.dispose();
  });

  for (const seed of SEEDS) {
    it(`keep every wei accounted for, cost no honest stake, pay nothing twice, and end (seed ${String(seed)})`, () =>
      walkOn(seed, hashes));
  }

  // One short walk may see none.
  if (SEEDS.length > 1)
    it("see tasks end well", () => {
      expect(ends.get(Phase.Settled) ?? 0).to.be.at.least(1);
    });
});

function report(): string {
  const table = new Table({
    style: { head: [], border: [] },
    head: ["call", "made", "done"],
    colAligns: ["left", "right", "right"],
  });
  for (const [kind, { made, done }] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) table.push([kind, made, done]);
  const all = [...counts.values()];
  const sum = (of: (count: Count) => number): number => all.reduce((total, count) => total + of(count), 0);
  table.push(["all", sum(({ made }) => made), sum(({ done }) => done)]);
  const names = Object.entries(Phase).map(([name, phase]) => [name, ends.get(phase) ?? 0] as const);
  const outcomes = names.filter(([, n]) => n > 0).map(([name, n]) => `${String(n)} ${name}`);
  return `${table.toString()}\ntasks: ${outcomes.join(", ")}`;
}
