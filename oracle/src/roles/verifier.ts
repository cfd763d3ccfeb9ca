import { ClaimState, Phase } from "@gristmill/sdk";
import type { Hex } from "viem";
import { formatEther, parseEventLogs } from "viem";

import { isRevert } from "../chain/chain.ts";
import type { DisputeAgent } from "../disputes/agent.ts";
import type { ClaimDetails } from "../chain/claim-details.ts";
import type { Attestable } from "./attester.ts";
import { Attester } from "./attester.ts";
import { ClaimAudit } from "./claim-audit.ts";
import { claimMatter } from "./claim-matter.ts";
import { withCranks } from "./cranks.ts";
import { challengersWork } from "./dispute-work.ts";
import { DrawnAudits } from "./drawn-audits.ts";
import { ensureStake } from "./membership.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";
import { collectPay } from "./pay.ts";
import { ScoreAudit, watchScores } from "./score-audit.ts";
import type { TaskSession } from "./session.ts";
import { joinSession, loadTrainingSet } from "./session.ts";
import type { TaskFollower, TaskMoment } from "./task-follower.ts";
import { isTerminal } from "./task-follower.ts";
import type { TaskTerms } from "./terms.ts";

/**
 * A verifier's part: re-runs each lucky claim and each segment it is drawn for, bit for bit, attests what is true, and
 * challenges the slot of what is false. What it could not check because data is missing it leaves alone.
 */
export async function runVerifier(
  node: Node,
  follower: TaskFollower,
  terms: TaskTerms,
  disputes: DisputeAgent,
): Promise<void> {
  await withCranks(node, follower, terms, async () => {
    const { task } = await follower.until((moment) => moment.task.phase >= Phase.Training);
    if (task.phase === Phase.Cancelled) return;
    const session = await joinSession(node, follower, terms);
    const audit = new ClaimAudit(node, session, await loadTrainingSet(node, terms));
    const scores = new ScoreAudit(node, session);
    disputes.equip(challengersWork(node, session, audit, scores));
    try {
      const verifier = new Verifier(node, follower, session, audit, disputes);
      await Promise.all([verifier.run(), watchScores(node, follower, scores, disputes)]);
      await verifier.collectRewards();
    } finally {
      await audit.dispose();
    }
    await collectPay(node, follower);
  });
}

/** Locks stake in the verifier pool unless the node is in it already. */
export async function enlist(node: Node, amount: bigint): Promise<void> {
  const { pool } = node.contracts;
  const weight = await pool.read.weightOf([self(node)]);
  if (weight >= amount) return;
  await ensureStake(node, amount - weight);
  const { address, abi } = pool;
  await node.chain.transact({ address, abi, functionName: "enlist", args: [amount - weight, self(node)] });
  node.log.info({ event: "enlisted" });
}

/** At most about two million gas. */
const CLAIMS_PER_PAYMENT = 32;

class Verifier {
  readonly #node: Node;
  readonly #follower: TaskFollower;
  readonly #terms: TaskTerms;
  readonly #audit: ClaimAudit;
  readonly #drawn: DrawnAudits;
  readonly #attester: Attester;
  /** Claims that this verifier attested and whose rewards it shares. */
  readonly #attested = new Map<Hex, ClaimDetails>();

  constructor(node: Node, follower: TaskFollower, session: TaskSession, audit: ClaimAudit, disputes: DisputeAgent) {
    this.#node = node;
    this.#follower = follower;
    this.#terms = session.terms;
    this.#audit = audit;
    this.#drawn = new DrawnAudits({ node, session, audit, disputes });
    this.#attester = new Attester(node, session.terms.taskId, disputes);
  }

  async run(): Promise<void> {
    for (let moment = await this.#follower.now(); ; moment = await this.#next()) {
      for (const matter of [...(await this.#claims(moment)), ...(await this.#drawn.collect(moment.head))])
        this.#attester.add(matter);
      void this.#attester.attend(moment.head);
      if (isTerminal(moment.task.phase) && this.#attester.idle) break;
    }
    await this.#attester.settle();
  }

  /** The next moment, or the failure of what goes on beside. */
  async #next(): Promise<TaskMoment> {
    return Promise.race([this.#follower.next(), this.#attester.failure]);
  }

  /** The claims made since the last look. */
  async #claims({ head }: TaskMoment): Promise<Attestable[]> {
    const { undone, added: made } = await this.#audit.claimsUpTo(head.number);
    for (const claimId of undone) this.#attester.forget(claimId);
    const attested = (claimId: Hex, details: ClaimDetails): void => {
      this.#attested.set(claimId, details);
    };
    return Promise.all(made.map((claim) => claimMatter(this.#node, this.#audit, claim, attested)));
  }

  /**
   * Takes the verifiers' part of all claims that this verifier attested. What their miners have not minted by the end of
   * the task, for whatever reason, is minted first.
   */
  async collectRewards(): Promise<void> {
    const { chain, contracts, log } = this.#node;
    const { address, abi } = contracts.mint;
    const stateOf = async (claimId: Hex) => (await contracts.mint.read.claimOf([claimId])).state;
    try {
      for (const [claimId, details] of this.#attested)
        if ((await stateOf(claimId)) === ClaimState.Attested)
          await chain.transact({ address, abi, functionName: "mint", args: [details] }).catch((error: unknown) => {
            // Its miner was faster, its slot was convicted, or nothing is left to mint.
            if (!isRevert(error)) throw error;
          });
      const states = await Promise.all([...this.#attested.keys()].map(stateOf));
      const due = [...this.#attested.values()].filter((_, index) => states[index] === ClaimState.Minted);
      for (let first = 0; first < due.length; first += CLAIMS_PER_PAYMENT) {
        const args = [due.slice(first, first + CLAIMS_PER_PAYMENT)] as const;
        const { logs } = await chain.transact({ address, abi, functionName: "payVerifiers", args });
        const paid = parseEventLogs({ abi, logs, eventName: "VerifiersPaid" });
        const amount = paid.reduce((sum, { args: { share } }) => sum + share, 0n);
        log.info({ event: "rewards", task: this.#terms.taskId, claims: paid.length, amount: formatEther(amount) });
      }
    } catch (error) {
      // The token's cap is reached.
      if (!isRevert(error)) throw error;
      log.warn({ event: "rewards-refused", task: this.#terms.taskId, error });
    }
  }
}
