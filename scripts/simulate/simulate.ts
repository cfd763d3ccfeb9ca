import { type Address, formatEther, parseEther } from "viem";

import { drawData, type Sample } from "./data.ts";
import { initialModel } from "./initial-model.ts";
import { SeededRandom } from "./random.ts";
import type { AgentSettings, Scenario, Strategy } from "./scenario.ts";
import { type Contribution, SimulatedChain } from "./simulated-chain.ts";

/** 1 January 2030: the chain's clock at first; results count from there. */
const START = 1_893_456_000;
const DAY = 86_400;

/** What a run comes to. Times are days since its start, accuracies fractions, balances ether. */
export interface Simulation {
  readonly scenario: Scenario;
  readonly seed: string;
  readonly accuracy: readonly { readonly day: number; readonly accuracy: number }[];
  readonly balances: readonly { readonly day: number; readonly agent: string; readonly balance: number }[];
  /** Of the same model trained off-chain on all true labels. */
  readonly baseline: number;
  readonly agents: readonly AgentResult[];
  readonly transactions: number;
  readonly gasUsed: number;
}

export interface AgentResult {
  readonly name: string;
  readonly strategy: Strategy;
  readonly start: number;
  readonly end: number;
  readonly contributed: number;
  readonly refunded: number;
  /** Reports that were paid. */
  readonly reported: number;
}

/** A contribution with what its fate depends on. */
interface Deposit {
  readonly contribution: Contribution;
  /** Wei that nobody has claimed yet. */
  left: bigint;
  /** When each reporter announced it, seconds. */
  readonly announced: Map<Address, number>;
  readonly claimedBy: Set<Address>;
  /** What the model said when it had been trained on so many samples: it changes with the next one only. */
  prediction: { readonly label: number; readonly trained: number } | undefined;
}

/**
 * Runs a scenario on the real contracts. The same scenario and seed give the same result.
 */
export async function simulate(scenario: Scenario, seed: string): Promise<Simulation> {
  const random = new SeededRandom(seed);
  const data = drawData(scenario.model, scenario.data, random.fork("data"));
  const { features } = scenario.data;
  const { initial, training, test } = data;
  const full = initialModel(scenario.model, features, [...initial, ...training]);
  const baseline = await onChain(scenario, full, (chain) => accuracyOn(chain, test));
  return onChain(scenario, initialModel(scenario.model, features, initial), (chain) =>
    new Run(scenario, seed, chain, training, test, baseline, random).toEnd(),
  );
}

async function onChain<T>(
  scenario: Scenario,
  model: object,
  action: (chain: SimulatedChain) => Promise<T>,
): Promise<T> {
  const chain = await SimulatedChain.create(scenario, model, START);
  try {
    return await action(chain);
  } finally {
    await chain.close();
  }
}

async function accuracyOn(chain: SimulatedChain, test: readonly Sample[]): Promise<number> {
  const labels = await chain.predict(test.map(({ data }) => data));
  return test.filter(({ label }, index) => labels[index] === label).length / test.length;
}

class Agent {
  readonly settings: AgentSettings;
  readonly account: Address;
  readonly random: SeededRandom;
  nextAt: number;
  claimsAt = START;
  contributed = 0;
  refunded = 0;
  reported = 0;
  /** Place in the samples that all colluding agents contribute. */
  shared = 0;

  constructor(settings: AgentSettings, account: Address, random: SeededRandom) {
    this.settings = settings;
    this.account = account;
    this.random = random;
    this.nextAt = START + this.wait();
  }

  wait(): number {
    return Math.max(1, Math.round(this.settings.interval * (1 + 0.1 * this.random.normal())));
  }

  /** What it would pay for a sample now, wei. */
  offer(): bigint {
    const { mean, deviation } = this.settings.deposit;
    return parseEther(Math.max(0, mean + deviation * this.random.normal()).toFixed(18));
  }
}

class Run {
  readonly #scenario: Scenario;
  readonly #seed: string;
  readonly #chain: SimulatedChain;
  readonly #test: readonly Sample[];
  readonly #baseline: number;
  readonly #agents: readonly Agent[];
  readonly #graceS: number;
  readonly #deposits: Deposit[] = [];
  readonly #accuracy: { day: number; accuracy: number }[] = [];
  readonly #balances: { day: number; agent: string; balance: number }[] = [];
  /** Samples that nobody has contributed, and those that the colluding agents have chosen. */
  readonly #samples: Sample[];
  readonly #targets: Sample[] = [];

  constructor(
    scenario: Scenario,
    seed: string,
    chain: SimulatedChain,
    training: readonly Sample[],
    test: readonly Sample[],
    baseline: number,
    random: SeededRandom,
  ) {
    const { refundWait, anyAddressClaimWait } = scenario.incentive;
    this.#scenario = scenario;
    this.#seed = seed;
    this.#chain = chain;
    this.#test = test;
    this.#baseline = baseline;
    this.#samples = [...training].reverse();
    // Stakeable64's `reportGraceS`.
    this.#graceS = Math.max(1, Math.min(refundWait, Math.floor((anyAddressClaimWait - refundWait) / 2)));
    this.#agents = scenario.agents.map(
      (settings, index) => new Agent(settings, chain.accounts[index]!, random.fork(`agent ${settings.name}`)),
    );
  }

  async toEnd(): Promise<Simulation> {
    for (const agent of this.#agents) await this.#noteBalance(agent, START);
    let measuredAt = -Infinity;
    let now = START;
    let endsAt = Infinity;
    while (now < endsAt && (this.#samples.length > 0 || this.#deposits.some(({ left }) => left > 0n))) {
      const agent = this.#agents.reduce((first, other) => (other.nextAt < first.nextAt ? other : first));
      now = agent.nextAt;
      if (this.#samples.length > 0 && now - measuredAt >= this.#scenario.measureEvery) {
        measuredAt = now;
        await this.#measure(now);
      }
      await this.#act(agent, now);
      agent.nextAt = now + agent.wait();
      if (this.#samples.length === 0 && endsAt === Infinity) {
        // From now on the model stays as it is.
        await this.#measure(now);
        endsAt = now + this.#closingTime();
      }
    }
    return {
      scenario: this.#scenario,
      seed: this.#seed,
      accuracy: this.#accuracy,
      balances: this.#balances,
      baseline: this.#baseline,
      agents: await Promise.all(this.#agents.map((agent) => this.#result(agent))),
      transactions: this.#chain.transactions,
      gasUsed: Number(this.#chain.gasUsed),
    };
  }

  /** Until everything can be claimed by anybody that announced it, and each agent was there once more. */
  #closingTime(): number {
    const slowest = Math.max(...this.#scenario.agents.map(({ interval }) => interval));
    return this.#scenario.incentive.anyAddressClaimWait + this.#graceS + 4 * slowest;
  }

  async #act(agent: Agent, now: number): Promise<void> {
    const before = this.#chain.transactions;
    if (now >= agent.claimsAt) {
      await this.#claim(agent, now);
      agent.claimsAt = now + this.#scenario.claimEvery;
    }
    if (await this.#isContributing(agent)) await this.#contribute(agent, now);
    if (this.#chain.transactions !== before) await this.#noteBalance(agent, now);
  }

  async #isContributing({ settings, account, contributed }: Agent): Promise<boolean> {
    if (this.#samples.length === 0) return false;
    return settings.strategy !== "report-only" || contributed < 3 || (await this.#chain.goodSamplesOf(account)) === 0n;
  }

  async #contribute(agent: Agent, now: number): Promise<void> {
    const offer = agent.offer();
    const time = this.#chain.advanceTo(now);
    const cost = await this.#chain.quote();
    const balance = await this.#chain.balanceOf(agent.account);
    if (cost > offer || offer > balance) return;
    const { data, label } = this.#choose(agent);
    const contribution = await this.#chain.addData(agent.account, data, label, offer);
    agent.contributed += 1;
    this.#deposits.push({
      contribution: { ...contribution, time },
      left: cost,
      announced: new Map(),
      claimedBy: new Set(),
      prediction: undefined,
    });
  }

  /** The sample to contribute next, labelled as the agent's strategy wants. */
  #choose(agent: Agent): Sample {
    const { strategy, mistakes = 0 } = agent.settings;
    if (strategy === "colluding") {
      const chosen = this.#targets[agent.shared++];
      if (chosen !== undefined) return chosen;
    }
    const { data, label } = this.#samples.pop()!;
    const isWrong =
      strategy === "malicious" ||
      strategy === "colluding" ||
      (strategy === "noisy" && agent.random.uniform() < mistakes);
    const sample = { data, label: isWrong ? 1 - label : label };
    if (strategy === "colluding") this.#targets.push(sample);
    return sample;
  }

  /** Asks for its own deposits back, and reports others' that the model disagrees with or that are old. */
  async #claim(agent: Agent, now: number): Promise<void> {
    const { refundWait, anyAddressClaimWait } = this.#scenario.incentive;
    const { account } = agent;
    const due = this.#deposits.filter(
      ({ left, contribution, claimedBy }) =>
        left > 0n &&
        now - contribution.time >= refundWait &&
        (!claimedBy.has(account) || now - contribution.time >= anyAddressClaimWait),
    );
    if (due.length === 0) return;
    await this.#predict(due);
    const canReport = (await this.#chain.goodSamplesOf(account)) > 0n;
    for (const deposit of due) {
      const { contribution, announced, claimedBy } = deposit;
      const agrees = deposit.prediction?.label === contribution.label;
      const isOld = now - contribution.time >= anyAddressClaimWait;
      const isOwn = contribution.author === account;
      if (isOwn && agrees && !claimedBy.has(account)) {
        this.#chain.advanceTo(now);
        await this.#chain.refund(contribution);
        deposit.left = 0n;
        agent.refunded += 1;
      } else if (isOld || (!isOwn && !agrees && canReport)) {
        const announcedAt = announced.get(account);
        if (announcedAt !== undefined && now < announcedAt + this.#graceS) continue;
        const time = this.#chain.advanceTo(now);
        const before = await this.#chain.balanceOf(account);
        await this.#chain.report(account, contribution);
        if (announcedAt === undefined) {
          announced.set(account, time);
          continue;
        }
        deposit.left -= (await this.#chain.balanceOf(account)) - before;
        announced.delete(account);
        claimedBy.add(account);
        agent.reported += 1;
      }
    }
  }

  /** Asks the model about samples about which it can have changed its mind. */
  async #predict(deposits: readonly Deposit[]): Promise<void> {
    const trained = this.#deposits.length;
    const stale = deposits.filter(({ prediction }) => prediction?.trained !== trained);
    const labels = await this.#chain.predict(stale.map(({ contribution }) => contribution.data));
    for (const [index, deposit] of stale.entries()) deposit.prediction = { label: labels[index]!, trained };
  }

  async #measure(now: number): Promise<void> {
    this.#accuracy.push({ day: (now - START) / DAY, accuracy: await accuracyOn(this.#chain, this.#test) });
  }

  async #noteBalance({ account, settings: { name } }: Agent, now: number): Promise<void> {
    const balance = Number(formatEther(await this.#chain.balanceOf(account)));
    this.#balances.push({ day: (now - START) / DAY, agent: name, balance });
  }

  async #result({ settings, account, contributed, refunded, reported }: Agent): Promise<AgentResult> {
    const { name, strategy, balance } = settings;
    const end = Number(formatEther(await this.#chain.balanceOf(account)));
    return { name, strategy, start: balance, end, contributed, refunded, reported };
  }
}
