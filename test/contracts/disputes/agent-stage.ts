import { GristmillError } from "@gristmill/sdk";
import { type Logger, pino } from "pino";
import { bytesToHex, custom, type Hex } from "viem";
import { mnemonicToAccount } from "viem/accounts";

import { Chain } from "../../../oracle/src/chain/chain.ts";
import { contractsOf } from "../../../oracle/src/chain/contracts.ts";
import { DisputeAgent, type DisputeAgentOptions } from "../../../oracle/src/disputes/agent.ts";
import type { DisputeWork } from "../../../oracle/src/disputes/dispute-work.ts";
import type { Database } from "../../../oracle/src/storage/database.ts";
import { suiteOf } from "../helpers/deployment.ts";
import { ethers, provider } from "../tasks/scenario.ts";
import type { CourtScene } from "./court-scene.ts";

const MNEMONIC = "test test test test test test test test test test test junk";

/** A line of a node's log. */
export type Line = Readonly<Record<string, unknown>> & { readonly event?: string };

/** One node's end of a dispute: its agent can be started anew on the database that the last one left. */
export interface Player {
  readonly lines: Line[];
  readonly account: Hex;
  readonly chain: Chain;
  readonly log: Logger;
  agent(): DisputeAgent;
}

/** What a node can compute: nothing but what is given. */
export function workOf(given: Partial<DisputeWork>): DisputeWork {
  const none = () => Promise.reject(new GristmillError("NOT_DISPUTED", "nobody disputes this here"));
  return {
    slot: undefined,
    evaluator: undefined,
    segment: () => undefined,
    segmentAt: () => undefined,
    list: () => undefined,
    defence: none,
    recompute: none,
    ticket: none,
    told: none,
    score: none,
    findList: () => {
      throw new GristmillError("NOT_DISPUTED", "no list is disputed here");
    },
    equivocations: () => [],
    peers: () => 3,
    ensureStake: () => Promise.resolve(),
    ...given,
  };
}

/** A node with one of Hardhat's accounts, by its number. */
export async function playerOf(
  where: Omit<CourtScene, "slots">,
  signer: number,
  database: Database,
  work: DisputeWork,
  options: Pick<DisputeAgentOptions, "mode" | "now">,
): Promise<Player> {
  const { privateKey } = mnemonicToAccount(MNEMONIC, { addressIndex: signer }).getHdKey();
  const chain = await connect(where, bytesToHex(privateKey!));
  const lines: Line[] = [];
  const serializers = { error: ({ message }: Error) => message };
  const log = pino({ level: "debug", serializers }, { write: (line: string) => lines.push(JSON.parse(line) as Line) });
  const agent = (): DisputeAgent => {
    const taskId = where.taskId as Hex;
    const parameters = where.parameters as unknown as DisputeAgentOptions["parameters"];
    const contracts = contractsOf(chain);
    const made = new DisputeAgent({ chain, contracts, database, log, taskId, since: 0n, parameters, ...options });
    made.equip(work);
    return made;
  };
  return { lines, account: chain.account.address, chain, log, agent };
}

export async function look(agent: DisputeAgent): Promise<void> {
  await agent.look(await headNow());
}

export async function headNow(): Promise<{ readonly number: bigint; readonly timestamp: bigint }> {
  const { number, timestamp } = (await ethers.provider.getBlock("latest"))!;
  return { number: BigInt(number), timestamp: BigInt(timestamp) };
}

/** Lets fresh agents look in turn until the slot is convicted, and once more. */
export async function untilConvicted(
  { registry, taskId }: Pick<CourtScene, "registry" | "taskId">,
  slot: number,
  ...players: readonly Player[]
): Promise<void> {
  for (let n = 0; n < 40 && !(await registry.placeOf(taskId, 0, slot)).convicted; n++)
    for (const each of players) await look(each.agent());
  for (const each of players) await look(each.agent());
}

/** The scene's chain as a node sees it, over the provider of this process. */
async function connect(where: Omit<CourtScene, "slots">, privateKey: Hex): Promise<Chain> {
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
        GristToken: await at(where.token),
        StakeManager: await at(where.stakes),
        VerifierPool: await at(where.pool),
        EpochBeacon: await at(where.beacon),
        MlpTemplate: await at(where.template),
        TaskRegistry: await at(where.registry),
        WorkMint: await at(where.workMint),
        Audits: await at(where.audits),
        Court: await at(where.court),
        SegmentGame: await at(where.segmentGame),
        EvaluationGame: await at(where.evaluationGame),
        TensHashGame: await at(where.tensHashGame),
        Misconduct: await at(where.misconduct),
        Demands: await at(where.demands),
        Perjury: await at(where.perjury),
        SupervisorLog: await at(where.log),
      }),
    },
  });
}
