import type { BlsKey, SegmentMessage } from "@gristmill/sdk";
import {
  addKeys,
  addSignatures,
  blsKeyOf,
  blsSign,
  logDigest,
  logDomain,
  type LoggedSegments,
  logRoot,
  merkleRoot,
  provePossession,
  segmentId,
} from "@gristmill/sdk";
import type { Overrides, Wallet } from "ethers";
import type { Address, Hex } from "viem";
import { zeroHash } from "viem";

import type { SupervisorLog } from "../../../types/ethers-contracts/index.js";
import { hire } from "./crowd.ts";
import {
  applyFor,
  createTask,
  deploySuite,
  draw,
  ethers,
  GRIST,
  networkHelpers,
  passEpochs,
  proveTaskSeed,
  provider,
  Role,
  type Scene,
  type Suite,
} from "./scenario.ts";

/** A supervisor's operator: signs with a key of each kind. */
export interface Supervisor {
  readonly wallet: Wallet;
  readonly bls: BlsKey;
}

/** A task in training whose slots have committed, and whose epoch is over. */
export interface LogScene extends Scene {
  readonly supervisorLog: SupervisorLog;
  readonly supervisors: readonly Supervisor[];
  readonly epoch: bigint;
  /** What the slots signed, by slot. */
  readonly messages: readonly (readonly SegmentMessage[])[];
  /** The ids of that, which they committed. */
  readonly logged: LoggedSegments;
}

export const SEGMENT_LENGTH = 2;

const bit = (place: number): bigint => 1n << BigInt(place);

/** The set of the first `n` places. */
export const first = (n: number): bigint => bit(n) - 1n;

/** The set of these places. */
export const places = (...members: readonly number[]): bigint => members.reduce((set, place) => set | bit(place), 0n);

/** A key of its own for everybody. */
export function supervisorNamed(name: string): Supervisor {
  const secret = ethers.id(name) as Hex;
  return { wallet: new ethers.Wallet(secret, ethers.provider), bls: blsKeyOf(secret) };
}

/** Slots that commit one segment more each, in one epoch, which is over then; slot `silent` commits nothing. */
export async function committedEpoch(supervisorCount: number, slots: number, silent = -1): Promise<LogScene> {
  const suite = await deploySuite();
  const supervisorLog = await ethers.deployContract("SupervisorLog", [suite.registry, suite.beacon]);
  const scene = await createTask(suite, {
    salt: ethers.id(`${supervisorCount} supervisors of ${slots} slots`),
    slots,
    minSlots: slots,
    supervisors: supervisorCount,
    evaluators: 1,
    iterations: 4 * SEGMENT_LENGTH,
    segmentLength: slots > 60 ? 1 : SEGMENT_LENGTH,
    minerStake: GRIST,
    supervisorStake: GRIST,
  });
  const supervisors = Array.from({ length: supervisorCount }, (_, i) => supervisorNamed(`supervisor ${i}`));
  const miners = Array.from({ length: slots }, (_, i) => supervisorNamed(`miner ${i}`).wallet);
  for (const wallet of [...miners, ...supervisors.map(({ wallet }) => wallet)])
    await networkHelpers.setBalance(wallet.address, 10n ** 20n);
  const { registry, taskId, evaluators } = scene;
  const crew = [
    ...(await placesOf(suite, Role.Miner, miners)),
    ...(await placesOf(
      suite,
      Role.Supervisor,
      supervisors.map(({ wallet }) => wallet),
    )),
    { role: Role.Evaluator, owner: evaluators[0]!.owner, operator: evaluators[0]!.operator },
  ];
  for (const { role, owner } of crew) await applyFor(scene, role, { owner });
  await registry.connect(scene.client).closeRegistration(taskId);
  await proveTaskSeed(scene);
  for (const { role, owner } of crew) await draw(scene, role, { owner });
  for (const { role, owner, operator } of crew) await registry.connect(owner).join(taskId, role, operator);

  const length = Number(scene.parameters.segmentLength);
  const messages = miners.map((_, slot) => (slot === silent ? [] : chainOf(taskId as Hex, slot, length)));
  const logged = messages.map((chain) => chain.map(({ segment }) => segmentId(segment)));
  await passEpochs(scene, 1);
  const epoch = await scene.beacon.epochAt(BigInt(await ethers.provider.getBlockNumber()) + 1n);
  await inOneBlock(async () => {
    for (const [slot, ids] of logged.entries()) {
      const last = ids.length * length - 1;
      const miner = registry.connect(miners[slot]);
      if (last >= 0) await miner.commit(taskId, slot, last, ids.at(-1)!, merkleRoot(ids), { gasLimit: 300_000 });
    }
  });
  await networkHelpers.mineUpTo(await scene.beacon.lastBlockOf(epoch));
  return { ...scene, supervisorLog, supervisors, epoch, messages, logged };
}

/** An owner with the stake for a place, for each operator of a role. */
async function placesOf(suite: Suite, role: bigint, operators: readonly Wallet[]) {
  const owners = await hire(suite, `owner of role ${role}`, operators.length, GRIST);
  return operators.map((operator, i) => ({ role, owner: owners[i]!, operator }));
}

/** One to four segments of a slot, each after the other; what they say is of no matter here. */
function chainOf(taskId: Hex, slot: number, length: number): SegmentMessage[] {
  const chain: SegmentMessage[] = [];
  for (let k = 0, previous: Hex = zeroHash; k <= slot % 4; k++) {
    const said = ethers.id(`slot ${slot}, segment ${k}`) as Hex;
    const ids = { recordsRoot: said, stateId: said, residualId: said, work: said };
    const segment = { taskId, slot, first: k * length, last: (k + 1) * length - 1, previous, ...ids };
    chain.push({ segment, signature: "0x", clock: [], records: [], lists: [] });
    previous = segmentId(segment);
  }
  return chain;
}

/** Mines what is sent in one block: epochs are short. Each transaction must bring its gas limit. */
async function inOneBlock(send: () => Promise<void>): Promise<void> {
  await provider.request({ method: "evm_setAutomine", params: [false] });
  await send();
  await networkHelpers.mine();
  await provider.request({ method: "evm_setAutomine", params: [true] });
}

/** What is signed of these slots' messages. */
export async function digestOf(scene: LogScene, slots: bigint, epoch = scene.epoch): Promise<Hex> {
  const { chainId } = await ethers.provider.getNetwork();
  const domain = logDomain(Number(chainId), (await scene.supervisorLog.getAddress()) as Address);
  return logDigest(domain, scene.taskId as Hex, epoch, rootOf(scene, slots));
}

export function rootOf({ logged }: LogScene, slots: bigint): Hex {
  return logRoot(logged.map((ids, slot) => ((slots & bit(slot)) === 0n ? [] : ids)));
}

/** Registers the key of a supervisor, for its wallet. */
export async function register({ supervisorLog }: LogScene, { wallet, bls }: Supervisor, overrides: Overrides = {}) {
  const digest = (await supervisorLog.possessionDigest(wallet, mutable(bls.public))) as Hex;
  return supervisorLog
    .connect(wallet)
    .registerKey(mutable(bls.public), mutable(provePossession(bls, digest)), overrides);
}

/** Registers and enrolls the supervisors at these places; all by default. */
export async function enroll(scene: LogScene, members = scene.supervisors.map((_, place) => place)) {
  await inOneBlock(async () => {
    for (const place of members) await register(scene, scene.supervisors[place]!, { gasLimit: 250_000 });
  });
  const keys = members.map((place) => mutable(scene.supervisors[place]!.bls.public));
  return scene.supervisorLog.enroll(scene.taskId, places(...members), keys, mutable(addKeys([])));
}

/** What these supervisors sign together, `enrolled` being all that could. */
export function aggregate(
  { supervisors }: LogScene,
  digest: Hex,
  signers: readonly number[],
  enrolled: readonly number[] = supervisors.map((_, place) => place),
) {
  const keys = signers.map((place) => supervisors[place]!.bls);
  return {
    signers: places(...signers),
    signature: mutable(addSignatures(keys.map((key) => blsSign(key, digest)))),
    key: mutable(addKeys(keys.map((key) => key.public))),
    absent: enrolled
      .filter((place) => !signers.includes(place))
      .map((place) => mutable(supervisors[place]!.bls.public)),
  };
}

/** The signatures of these supervisors' operators. */
export function plain({ supervisors }: LogScene, digest: Hex, signers: readonly number[]) {
  return signers.map((place) => {
    const { r, yParityAndS } = supervisors[place]!.wallet.signingKey.sign(digest);
    return { r, vs: yParityAndS };
  });
}

/** A point as ethers takes it: its types want tuples that may be written to. */
export function mutable<Words extends readonly Hex[]>({ words }: { readonly words: Words }) {
  return { words: [...words] as { -readonly [Index in keyof Words]: Hex } };
}
