import { expect } from "chai";
import { pino } from "pino";
import type { Hex } from "viem";
import { custom } from "viem";

import { Chain } from "../../../oracle/src/chain/chain.ts";
import { contractsOf } from "../../../oracle/src/chain/contracts.ts";
import { readSchedule } from "../../../oracle/src/chain/epochs.ts";
import { loadConfig } from "../../../oracle/src/config/config.ts";
import type { AnswerCosign, CosignAnswer } from "../../../oracle/src/network/cosign-exchange.ts";
import type { LogNode, LogSession } from "../../../oracle/src/roles/epoch-log.ts";
import { LogCosigner } from "../../../oracle/src/roles/log-cosigner.ts";
import { LogKeys } from "../../../oracle/src/roles/log-keys.ts";
import { TaskLog } from "../../../oracle/src/storage/task-log.ts";
import { suiteOf } from "../helpers/deployment.ts";
import { committedEpoch, type LogScene, first, places, rootOf } from "./log-scene.ts";
import { BEACON, ethers, networkHelpers, provider } from "./scenario.ts";

/** What a supervisor says to a proposal, given what it would honestly say. */
type Manner = (honest: CosignAnswer | undefined) => CosignAnswer | undefined;

const honest: Manner = (answer) => answer;
const silent: Manner = () => undefined;
/** Signs something else. */
const lying: Manner = (answer) =>
  answer && {
    ...answer,
    signature: answer.signature && ((ethers.id("another log") + answer.signature.slice(66)) as Hex),
  };

interface Stage {
  readonly scene: LogScene;
  readonly cosigners: readonly LogCosigner[];
  readonly logs: readonly TaskLog[];
  /** Every supervisor looks at the head, in turn, for so many blocks. */
  look(blocks: number): Promise<void>;
}

/** Supervisors that each got some of the slots' messages, in an order of their own, and may fetch from the others. */
async function stage(
  received: readonly (readonly number[])[],
  manners: readonly Manner[] = received.map(() => honest),
): Promise<Stage> {
  const scene = await committedEpoch(received.length, 3);
  const { taskId, supervisors, messages, epoch } = scene;
  const logs = received.map((slots, place) => {
    const log = new TaskLog(3);
    const got = slots.flatMap((slot) => messages[slot]!);
    for (const message of place % 2 === 0 ? got : got.toReversed()) log.add(message);
    return log;
  });
  const answers = new Map<number, AnswerCosign>();
  const head = async () => {
    const block = await ethers.provider.getBlock("latest");
    return { number: BigInt(block!.number), timestamp: BigInt(block!.timestamp) };
  };
  const members = supervisors.map(({ wallet }) => ({ owner: wallet.address as Hex, operator: wallet.address as Hex }));
  const cosigners = await Promise.all(
    supervisors.map(async ({ wallet }, place) => {
      const privateKey = wallet.privateKey as Hex;
      const chain = await connect(scene, privateKey);
      const contracts = contractsOf(chain);
      const node: LogNode = {
        chain,
        contracts,
        schedule: await readSchedule(contracts),
        config: loadConfig({ privateKey }, {}),
        log: pino({ level: "silent" }),
        signal: new AbortController().signal,
        network: {
          serveCosigning: () => expect.fail("answers are taken from the cosigner itself"),
          askToCosign: async (question, signal) => {
            const said = [...answers]
              .filter(([other]) => other !== place)
              .map(([, answer]) => answer(question, signal));
            return (await Promise.all(said)).filter((answer) => answer !== undefined);
          },
        },
      };
      const session: LogSession = {
        terms: { taskId: taskId as Hex, createdAt: epoch * BEACON.epochBlocks },
        members: messages.map(() => members[0]!),
        log: logs[place]!,
        gather: (slot, entry) => {
          // A peer that holds the messages serves them.
          for (const log of logs) for (const { message } of log.chain(slot)) logs[place]!.add(message);
          return Promise.resolve(logs[place]!.holds(slot, entry));
        },
      };
      const keys = await LogKeys.create(node, taskId as Hex, members);
      const follower = {
        now: async () => ({ head: await head(), task: undefined as never }),
        next: () => expect.fail("the test says when to look"),
      };
      const cosigner = new LogCosigner(node, session, follower, place, members, keys);
      answers.set(place, async (question) => manners[place]!(await cosigner.answer(question)));
      return cosigner;
    }),
  );
  return {
    scene,
    cosigners,
    logs,
    look: async (blocks) => {
      for (let n = 0; n < blocks; n++) {
        for (const [place, cosigner] of cosigners.entries())
          if (manners[place] !== silent) await cosigner.look(await head());
        await networkHelpers.mine();
      }
    },
  };
}

async function connect(scene: LogScene, privateKey: Hex): Promise<Chain> {
  const at = async (contract: { getAddress(): Promise<string> }) => (await contract.getAddress()) as Hex;
  const { chainId } = await ethers.provider.getNetwork();
  return Chain.connect({
    rpcUrl: "in this process",
    privateKey,
    transport: custom(provider),
    deployment: {
      chainId: Number(chainId),
      blockNumber: 0,
      contracts: suiteOf({
        TaskRegistry: await at(scene.registry),
        EpochBeacon: await at(scene.beacon),
        SupervisorLog: await at(scene.supervisorLog),
      }),
    },
  });
}

const ALL = first(3);

/** Slots whose messages a supervisor got: all of them. */
const EVERY = [0, 1, 2];

describe("LogCosigner", function () {
  this.timeout(60_000);

  const postedRoot = ({ scene }: Stage) => scene.supervisorLog.rootOf(scene.taskId, scene.epoch);

  it("posts alone where a task has one supervisor", async () => {
    const alone = await stage([[0, 1, 2]]);
    await alone.look(1);
    expect(await postedRoot(alone)).to.equal(rootOf(alone.scene, ALL));
  });

  it("agrees on one log, whatever reached whom and in which order", async () => {
    const three = await stage([[0], [2, 1], [1, 0]]);
    await three.look(10);
    expect(await postedRoot(three)).to.equal(rootOf(three.scene, ALL));
    expect(await three.scene.supervisorLog.diligentOf(three.scene.taskId)).to.equal(first(3));
    expect(await three.scene.supervisorLog.enrolledOf(three.scene.taskId)).to.equal(first(3));
  });

  it("leaves a slot out whose messages nobody has", async () => {
    const three = await stage([[0], [0, 2], [2]]);
    await three.look(10);
    expect(await postedRoot(three)).to.equal(rootOf(three.scene, places(0, 2)));
  });

  for (const [what, manner] of [
    ["is silent", silent],
    ["signs something else", lying],
  ] as const)
    it(`goes on without a supervisor that ${what}, and not without a majority`, async () => {
      const three = await stage([EVERY, EVERY, EVERY], [honest, honest, manner]);
      await three.look(10);
      expect(await postedRoot(three)).to.equal(rootOf(three.scene, ALL));
      const lonely = await stage([EVERY, EVERY, EVERY], [honest, silent, silent]);
      await lonely.look(10);
      expect(await postedRoot(lonely)).to.equal(ethers.ZeroHash);
    });

  it("adds the signature of a supervisor that came too late for the post", async () => {
    const three = await stage([EVERY, EVERY, EVERY], [honest, honest, silent]);
    await three.look(10);
    const { supervisorLog, taskId } = three.scene;
    expect(await supervisorLog.absencesOf(taskId, 2)).to.equal(1n);
    const block = await ethers.provider.getBlock("latest");
    await three.cosigners[2]!.look({ number: BigInt(block!.number), timestamp: BigInt(block!.timestamp) });
    expect(await supervisorLog.absencesOf(taskId, 2)).to.equal(0n);
  });
});
