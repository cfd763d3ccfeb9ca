import { z } from "zod";

import { jobStates } from "../bounties/jobs.ts";
import { policySchema } from "../bounties/policy.ts";

const hex = z.string().describe("0x and hexadecimal digits");
const amount = z.string().describe("GRIST, decimal");
const block = z.number().int().describe("block number");
const seconds = z.number().int().describe("Unix seconds");
const count = z.number().int();

const task = z.object({
  task: hex,
  phase: z.string(),
  phaseEndsAt: seconds.optional(),
  client: hex,
  fee: amount,
  burned: amount,
  iterations: count.describe("of each slot"),
  slots: count,
  slotsJoined: count,
  model: hex.optional().describe("id of the final state that was agreed on"),
  score: z.object({ correct: count, loss: count }).optional(),
  part: z
    .object({ slot: count, iteration: count, accuracy: z.number(), loss: z.number() })
    .optional()
    .describe("what this node trains of it"),
});

/** What the API answers, once: checked by the type checker, serialised by it, and described by OpenAPI. */
export const answers = {
  status: z.object({
    name: z.string(),
    role: z.string(),
    version: z.string(),
    startedAt: seconds,
    account: hex.optional(),
    peerId: z.string(),
    addresses: z.array(z.string()),
    peers: count.describe("peers connected now"),
    chain: z.object({
      id: count,
      block,
      timestamp: seconds,
      epoch: count,
      baseFee: z.string().describe("wei a gas"),
      endpoints: z.array(z.object({ host: z.string(), state: z.enum(["ok", "failing"]) })),
    }),
  }),
  tasks: z.object({ tasks: z.array(task) }),
  task: task.extend({
    miners: z.array(
      z.object({
        slot: count,
        owner: hex,
        operator: hex,
        iterations: count.describe("committed"),
        dropped: z.boolean(),
        convicted: z.boolean(),
      }),
    ),
  }),
  claims: z.object({
    claims: z.array(
      z.object({
        claim: hex,
        task: hex,
        as: z.enum(["miner", "verifier"]),
        state: z.string(),
        slot: count,
        iteration: count,
        ticket: count,
        epoch: count,
        claimedAt: block,
        attestations: count,
        mintableAt: block.optional(),
      }),
    ),
  }),
  disputes: z.object({
    disputes: z.array(
      z.object({
        dispute: hex,
        task: hex,
        place: z.string(),
        claim: hex,
        challenger: hex,
        bond: amount,
        state: z.string(),
        turn: z.string().optional(),
        movesUntil: seconds,
        moves: count,
        mine: z.boolean(),
      }),
    ),
  }),
  stake: z.object({
    account: hex,
    free: amount,
    locked: amount,
    unbonding: amount,
    unbondingUntil: seconds.optional(),
    wallet: amount,
    ether: z.string().describe("ether, decimal"),
  }),
  rewards: z.object({
    account: hex,
    credit: amount.describe("GRIST to withdraw from the registry"),
    minted: amount.describe("GRIST minted for this account's claims"),
    pending: z.object({ claims: count, expected: amount.describe("GRIST, at most") }),
  }),
  peers: z.object({
    self: z.object({ id: z.string(), addresses: z.array(z.string()) }),
    peers: z.array(z.object({ id: z.string(), tasks: z.array(hex) })),
    messages: z.record(z.string(), count).describe("by verdict; all but accepted were dropped"),
  }),
  explanation: z.object({
    about: z.enum(["task", "claim"]),
    id: hex,
    story: z.array(z.string()).describe("what is, in order"),
    next: z.string().optional().describe("what the operator may do about it"),
  }),
  created: z.object({ task: hex }),
  prepared: z.object({
    task: hex.describe("the id it will have"),
    specHash: hex,
    datasetRoot: hex,
    testCommitment: hex,
    salt: hex,
    manifest: z.string().describe("content address"),
  }),
  testSet: z.object({
    testRoot: hex,
    testBatches: count,
    salt: hex,
    manifest: z.string().describe("content address from which evaluators fetch it"),
  }),
  model: z.object({
    task: hex,
    stateId: hex,
    sizes: z.array(count),
    shift: z.array(count),
    correct: count.optional().describe("right answers on the hidden test set"),
    examples: count.optional(),
    accuracy: z.number().optional(),
  }),
  bounties: z.object({
    bounties: z.array(
      z.object({
        bounty: hex,
        poster: hex,
        stage: z.string(),
        stageEndsAt: seconds.optional(),
        amount,
        entryStake: amount,
        entries: count,
        struck: count,
        ranking: z
          .array(z.object({ entry: count, owner: hex, loss: z.number(), mine: z.boolean() }))
          .describe("announced entries that are not struck, the best first"),
      }),
    ),
  }),
  policy: policySchema,
  jobs: z.object({
    jobs: z.array(
      z.object({
        id: hex.describe("of the job: that of its bounty"),
        bounty: hex,
        state: z.enum(jobStates),
        runner: z.string(),
        startedAt: seconds,
        deadline: seconds.describe("when it is ended at the latest"),
        loss: z.number().optional().describe("of the model that was entered, once it is known"),
      }),
    ),
  }),
  machine: z.object({
    cores: count,
    load: z.number().describe("mean number of runnable processes over the last minute"),
    memoryTotal: count.describe("bytes"),
    memoryFree: count.describe("bytes"),
    memoryOfNode: count.describe("bytes"),
    diskTotal: count.describe("bytes of the disk that holds the data folder"),
    diskFree: count.describe("bytes"),
    uptime: z.number().describe("seconds"),
    backends: z.object({
      matrices: z.string(),
      hasher: z.string(),
      hasherThreads: count,
      runners: z.array(z.string()),
    }),
  }),
  log: z.object({ lines: z.array(z.looseObject({ sequence: count })) }),
};

/** One of the API's answers. */
export type Answer<name extends keyof typeof answers> = z.input<(typeof answers)[name]>;

export const amountBody = z.strictObject({ amount });

const taskBody = z.strictObject({
  spec: z.string().describe("task file, YAML or JSON"),
  files: z
    .record(z.string(), z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/, "not base64"))
    .default({})
    .describe("files that it names, by name, in base64"),
  miners: count.min(1).max(80).optional().describe("instead of what the file says"),
  supervisors: count.min(1).max(80).optional().describe("instead of what the file says"),
  evaluators: count.min(1).max(80).optional().describe("instead of what the file says"),
});

export const createBody = taskBody;

export const prepareBody = taskBody.extend({
  client: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/, "not an address")
    .describe("account that will create the task"),
});

export const emptyBody = z.strictObject({});

export const logQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  after: z.coerce.number().int().min(0).default(0),
  level: z.enum(["debug", "info", "warn", "error"]).default("debug"),
});

export const failure = z.object({
  error: z.object({ code: z.string(), message: z.string(), hints: z.array(z.string()) }),
});
