import type { MlpParameters } from "@gristmill/sdk";
import { decodeProgram, GristmillError } from "@gristmill/sdk";
import type { Hex } from "viem";
import { z } from "zod";

import type { Node } from "./node.ts";

/** What a task's client fixed for good: the registry's parameters with the program decoded. */
export interface TaskTerms {
  readonly taskId: Hex;
  readonly client: Hex;
  /** Block in which the task was created: no event of it is older. */
  readonly createdAt: bigint;
  readonly program: MlpParameters;
  readonly onChain: OnChainParameters;
}

type CreatedEvents = Awaited<ReturnType<Node["contracts"]["registry"]["getEvents"]["TaskCreated"]>>;
type OnChainParameters = NonNullable<CreatedEvents[number]["args"]["parameters"]>;

/**
 * Reads a task's terms from the event of its creation.
 * @throws GristmillError TASK_UNKNOWN
 */
export async function readTerms(node: Node, taskId: Hex): Promise<TaskTerms> {
  const events = await node.contracts.registry.getEvents.TaskCreated(
    { taskId },
    { fromBlock: BigInt(node.chain.deployment.blockNumber), toBlock: "latest" },
  );
  const event = events.at(-1);
  const { client, parameters } = event?.args ?? {};
  if (event === undefined || client === undefined || parameters === undefined)
    throw new GristmillError("TASK_UNKNOWN", `the registry knows no task ${taskId}`, {
      hints: ["check the id with `oracle-miner task list`, and that --rpc names the chain it was created on"],
    });
  return {
    taskId,
    client,
    createdAt: event.blockNumber,
    program: decodeProgram(parameters.program),
    onChain: parameters,
  };
}

const manifestSchema = z.strictObject({ version: z.literal(1), spec: z.string(), train: z.string() });

/** The blob a task's `manifest` address names: where its spec and its training set are, by content address. */
export type Manifest = z.infer<typeof manifestSchema>;

export function encodeManifest(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(manifest));
}

/**
 * @throws GristmillError MANIFEST_INVALID
 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new GristmillError("MANIFEST_INVALID", "the task's manifest is not one", {
      cause,
      hints: ["its client published something else: leave this task alone"],
    });
  }
}
