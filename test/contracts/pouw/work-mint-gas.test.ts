import type { ContractTransactionResponse } from "ethers";
import type { Hex } from "viem";

import { snapshot } from "../../gas/snapshot.ts";
import { enterHalf, type MadeClaim, makeClaimDrawing, revealBy, sealBy, type Seat } from "../helpers/attested-claim.ts";
import { type CommittedWork, planWork } from "../helpers/committed-work.ts";
import { deployRegistry } from "../helpers/deploy-registry.ts";
import { auditDrawing, enterAuditHalf, revealAuditBy, sealAuditBy } from "../helpers/drawn-audit.ts";
import { headerOf } from "../helpers/header.ts";
import { ethers, GRIST, MACS, networkHelpers, provider, Role, taskParameters } from "../tasks/scenario.ts";

/** What the two transactions of a miner may cost together, where balances and counters are not zero. */
const UNCHALLENGED = 200_000n;
/** Outputs and roots are others in every run: each zero byte among them makes a call cheaper, and two calls in sum. */
const ZERO_BYTES = 400;
const TRACE = ethers.id("trace root");

/** An hour of public epochs: 112 segments of 32 iterations, so that proofs have 7 and 5 hashes. */
const ITERATIONS = 3_584;
const SEGMENT_LENGTH = 32;

const BEACON = {
  epochBlocks: 60n,
  seedDelay: 4n,
  provingWindow: 8n,
  attestationBlocks: 8n,
  attestationRounds: 2n,
  challengeBlocks: 6n,
};

/** One miner of one task, whose mint is the real one, and as many verifiers as attest a claim, credited before. */
async function deploy(verifiersPerClaim: bigint) {
  const [bank, client, owner, operator, evaluator, ...others] = await ethers.getSigners();
  const [verifiers, verifierOperators] = [others.slice(0, Number(verifiersPerClaim)), others.slice(3, 6)];
  const rich = [bank!, client!, owner!, evaluator!, ...verifiers];
  const token = await ethers.deployContract("GristToken", [10n ** 9n * GRIST, rich, rich.map(() => 10n ** 6n * GRIST)]);
  const beacon = await ethers.deployContract("EpochBeacon", [BEACON]);
  const stakes = await ethers.deployContract("StakeManager", [token, 86_400]);
  const pool = await ethers.deployContract("VerifierPool", [stakes, beacon, GRIST]);
  const template = await ethers.deployContract("MlpTemplate");
  const registry = await deployRegistry({ ethers }, [token, stakes, beacon, template, 86_400]);
  const mint = await ethers.deployContract("WorkMint", [
    token,
    registry,
    beacon,
    pool,
    {
      macsPerTicket: MACS / 4n,
      halvingEpochs: 1_000n,
      wantedClaims: 16n,
      verifierShareBps: 2_000n,
      verifiersPerClaim,
      initialTarget: 2n ** 256n - 1n,
      initialEmission: 100n * GRIST,
      maxPerTicket: 10n * GRIST,
    },
  ]);
  await token.appoint([mint]);
  const everything = { quotaBps: 10_000n, verifiersPerAudit: verifiersPerClaim };
  const audits = await ethers.deployContract("Audits", [registry, beacon, pool, everything]);
  await registry.wire(mint, template, template, audits);
  await stakes.wire([registry, pool]);
  for (const account of rich) {
    await token.connect(account).approve(stakes, 10_000n * GRIST);
    await stakes.connect(account).stake(10_000n * GRIST);
    await token.connect(account).approve(registry, 10_000n * GRIST);
  }
  for (const [index, verifier] of verifiers.entries())
    await pool.connect(verifier).enlist(BigInt(100 + index) * GRIST, verifierOperators[index]!);

  const parameters = taskParameters({
    fee: 10_000n * GRIST,
    slots: 1,
    minSlots: 1,
    supervisors: 0,
    supervisorStake: 0n,
    evaluators: 1,
    minerStake: 2_000n * GRIST,
    iterations: 2 * ITERATIONS,
    segmentLength: SEGMENT_LENGTH,
    attestations: 1_000,
  });
  const taskId = (await registry.connect(client).createTask.staticCall(parameters)) as Hex;
  await registry.connect(client).createTask(parameters);
  await registry.connect(owner).applyFor(taskId, Role.Miner);
  await registry.connect(evaluator).applyFor(taskId, Role.Evaluator);
  await registry.connect(client).closeRegistration(taskId);
  const seedBlock = await beacon.randomnessBlock((await registry.taskOf(taskId)).seedBase);
  await networkHelpers.mineUpTo(seedBlock);
  await registry.proveTaskSeed(taskId, await headerOf(provider, seedBlock));
  await registry.connect(owner).drawRank(taskId, Role.Miner, ethers.ZeroAddress);
  await registry.connect(evaluator).drawRank(taskId, Role.Evaluator, ethers.ZeroAddress);
  await registry.connect(owner).join(taskId, Role.Miner, operator!);
  await registry.connect(evaluator).join(taskId, Role.Evaluator, evaluator!);
  const speaker = await ethers.getImpersonatedSigner(await mint.getAddress());
  await networkHelpers.setBalance(speaker.address, 10n ** 20n);
  for (const verifier of verifiers) await registry.connect(speaker).creditAttestation(taskId, verifier);

  async function nextBlockIs(blockNumber: bigint): Promise<void> {
    if (blockNumber > BigInt(await ethers.provider.getBlockNumber()) + 1n)
      await networkHelpers.mineUpTo(blockNumber - 1n);
  }

  /** Commits the next iterations at the beginning of the next epoch, and proves its seed. */
  async function commitNext(first: number): Promise<CommittedWork> {
    await nextBlockIs((await beacon.lastBlockOf(await beacon.currentEpoch())) + 1n);
    const epoch = await beacon.epochAt(BigInt(await ethers.provider.getBlockNumber()) + 1n);
    const plan = { taskId, epoch, slot: 0, first, last: first + ITERATIONS - 1, segmentLength: SEGMENT_LENGTH };
    const work = planWork({ ethers, owner: owner!, operator: operator!, registry }, plan);
    await registry.connect(operator).commit(taskId, 0, plan.last, ethers.id("head"), work.segmentsRoot);
    const seeding = (await beacon.lastBlockOf(epoch)) + BEACON.seedDelay;
    await nextBlockIs(seeding + 1n);
    await beacon.proveSeed(epoch, await headerOf(provider, seeding));
    return work;
  }

  return {
    ethers,
    registry,
    beacon,
    mint,
    audits,
    owner: owner!,
    operator: operator!,
    verifiers,
    verifierOperators,
    nextBlockIs,
    commitNext,
  };
}

type Scene = Awaited<ReturnType<typeof deploy>>;

async function gasOf(sending: Promise<ContractTransactionResponse>): Promise<bigint> {
  return (await (await sending).wait())!.gasUsed;
}

/**
 * Makes the first claim from ticket `used` on that all verifiers are to attest; `gas` is of that claim. What a draw reads
 * of the pool depends on who is drawn, so they attest in the same order in every run, whatever seats they drew.
 */
async function claim(scene: Scene, work: CommittedWork, used: number) {
  const { mint, verifiers } = scene;
  const made = await makeClaimDrawing(scene, work, ([first]) => first!.length === verifiers.length, used);
  const seats = verifiers.map(({ address }) => made.rounds[0]!.find(({ verifier }) => verifier.address === address)!);
  const [event] = await mint.queryFilter(mint.filters.TicketClaimed(made.claimId));
  return { ...made, seats, gas: (await event!.getTransactionReceipt()).gasUsed };
}

/** Has the claim attested by its first round. `gas` is of the first seal, the first reveal and the one that decides. */
async function attestMetered(scene: Scene, made: MadeClaim, seats: readonly Seat[]) {
  const seals: bigint[] = [];
  const reveals: bigint[] = [];
  for (const seat of seats) seals.push(await gasOf(sealBy(scene, made, seat, TRACE)));
  await enterHalf(scene, made, 0, true);
  for (const seat of seats) reveals.push(await gasOf(revealBy(scene, made, seat, TRACE)));
  return { seal: seals[0]!, firstReveal: reveals[0]!, decidingReveal: reveals.at(-1)! };
}

/** Has a drawn segment audited by its first round, which draws all verifiers; `gas` as of {@link attestMetered}. */
async function auditMetered(scene: Scene, work: CommittedWork) {
  const { verifiers } = scene;
  const audit = await auditDrawing(scene, work, ([first]) => first!.length === verifiers.length);
  const seats = verifiers.map(({ address }) => audit.rounds[0]!.find(({ verifier }) => verifier.address === address)!);
  const seals: bigint[] = [];
  const reveals: bigint[] = [];
  await enterAuditHalf(scene, audit, 0, false);
  for (const seat of seats) seals.push(await gasOf(sealAuditBy(scene, audit, seat)));
  await enterAuditHalf(scene, audit, 0, true);
  for (const seat of seats) reveals.push(await gasOf(revealAuditBy(scene, audit, seat)));
  return { seal: seals[0]!, firstReveal: reveals[0]!, decidingReveal: reveals.at(-1)! };
}

describe("gas of a claim from submission to mint", () => {
  for (const k of [1n, 3n]) {
    const figure = (what: string, gas: bigint, limit?: bigint) => {
      snapshot(`work-mint: ${k} verifier${k === 1n ? "" : "s"}, ${what}`, gas, limit, ZERO_BYTES);
    };

    it(`is at most 200,000 for the miner where ${k} attest, and every transaction takes what its snapshot says`, async () => {
      const scene = await deploy(k);
      const work = await scene.commitNext(0);
      const first = await claim(scene, work, 0);
      await attestMetered(scene, first, first.seats);

      const made = await claim(scene, work, first.used);
      const attesting = await attestMetered(scene, made, made.seats);
      figure("seal", attesting.seal);
      if (k > 1n) figure("reveal", attesting.firstReveal);
      figure("reveal that decides", attesting.decidingReveal);

      await scene.nextBlockIs(await scene.beacon.settlesAt(work.epoch));
      figure("first mint of the task", await gasOf(scene.mint.mint(first.details)));
      const mint = await gasOf(scene.mint.mint(made.details));
      figure("claim", made.gas);
      figure("mint", mint);
      figure("claim and mint", made.gas + mint, UNCHALLENGED);
      figure("payment of the verifiers", await gasOf(scene.mint.payVerifiers([made.details])));
    });
  }
});

describe("gas of an audit of 32 iterations", () => {
  for (const k of [1n, 3n])
    it(`is what its snapshot says where ${k} attest, at most 300,000 a call`, async () => {
      const scene = await deploy(k);
      const { seal, firstReveal, decidingReveal } = await auditMetered(scene, await scene.commitNext(0));
      const figure = (what: string, gas: bigint) => {
        snapshot(`audits: ${k} verifier${k === 1n ? "" : "s"}, ${what}`, gas, 300_000n, ZERO_BYTES);
      };
      figure("seal", seal);
      if (k > 1n) figure("reveal", firstReveal);
      figure("reveal that decides", decidingReveal);
    });
});
