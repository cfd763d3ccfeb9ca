import type { Hex } from "viem";

/** What the node's API answers, as docs/API.md describes it: amounts are decimal strings in whole units. */
export interface NodeAnswers {
  readonly status: {
    readonly name: string;
    readonly role: string;
    readonly version: string;
    /** Unix seconds. */
    readonly startedAt: number;
    /** Left out by a node without a key. */
    readonly account?: string;
    readonly peerId: string;
    readonly addresses: readonly string[];
    readonly peers: number;
    readonly chain: { readonly endpoints: readonly { readonly host: string; readonly state: string }[] };
  };
  readonly stake: { readonly free: string; readonly locked: string };
  readonly rewards: {
    /** To withdraw from the registry. */
    readonly credit: string;
    /** For the account's claims, ever. */
    readonly minted: string;
    readonly pending: { readonly claims: number; readonly expected: string };
  };
  readonly tasks: {
    readonly tasks: readonly {
      readonly task: Hex;
      readonly phase: string;
      readonly part?: {
        readonly slot: number;
        readonly iteration: number;
        readonly accuracy: number;
        readonly loss: number;
      };
    }[];
  };
  readonly claims: {
    readonly claims: readonly {
      readonly claim: Hex;
      readonly as: string;
      readonly state: string;
      readonly slot: number;
      readonly iteration: number;
      readonly attestations: number;
      /** Block. */
      readonly mintableAt?: number;
    }[];
  };
  readonly explanation: {
    readonly about: "task" | "claim";
    readonly story: readonly string[];
    /** What the operator may do about it. */
    readonly next?: string;
  };
  readonly peers: {
    readonly peers: readonly { readonly id: string; readonly tasks: readonly string[] }[];
    readonly messages: Readonly<Record<string, number>>;
  };
  readonly policy: Policy;
  readonly jobs: {
    readonly jobs: readonly {
      readonly id: string;
      readonly bounty: string;
      readonly state: string;
      readonly runner: string;
      /** Unix seconds. */
      readonly startedAt: number;
      /** Unix seconds. */
      readonly deadline: number;
      readonly loss?: number;
    }[];
  };
  readonly prepared: {
    /** The id that the task will have. */
    readonly task: Hex;
    readonly specHash: Hex;
    readonly datasetRoot: Hex;
    readonly testCommitment: Hex;
    readonly salt: Hex;
    readonly manifest: string;
  };
  readonly testSet: {
    readonly testRoot: Hex;
    readonly testBatches: number;
    readonly salt: Hex;
    readonly manifest: string;
  };
  readonly model: { readonly stateId: Hex; readonly sizes: readonly number[] } & Readonly<Record<string, unknown>>;
}

/** Which bounties a node works for. */
export interface Policy {
  readonly enabled: boolean;
  /** GRIST, decimal. */
  readonly minimumBounty: string;
  /** Seconds. */
  readonly minimumTimeLeft: number;
  /** Seconds. */
  readonly maximumExecutionTime: number;
  readonly maximumJobs: number;
  /** Any if there are none. */
  readonly topics: readonly string[];
}
