/** What the node's API answers, as docs/API.md describes it: amounts are decimal strings in whole units. */
export interface NodeAnswers {
  readonly status: {
    readonly name: string;
    readonly role: string;
    readonly version: string;
    /** Unix seconds. */
    readonly startedAt: number;
    readonly account: string;
    readonly peerId: string;
    readonly addresses: readonly string[];
    readonly peers: number;
    readonly chain: { readonly endpoints: readonly { readonly url: string; readonly state: string }[] };
  };
  readonly stake: { readonly free: string; readonly locked: string };
  readonly rewards: { readonly credit: string; readonly minted: string; readonly paid: string };
  readonly tasks: {
    readonly tasks: readonly {
      readonly task: string;
      readonly phase: string;
      readonly part?: {
        readonly slot: number;
        readonly iteration: number;
        readonly accuracy?: number;
        readonly loss?: number;
      };
    }[];
  };
  readonly claims: {
    readonly claims: readonly {
      readonly claim: string;
      readonly as: string;
      readonly state: string;
      readonly slot: number;
      readonly iteration: number;
      readonly attestations: number;
      /** Block. */
      readonly mintableAt?: number;
    }[];
  };
  readonly peers: {
    readonly peers: readonly { readonly id: string; readonly tasks: readonly string[] }[];
    readonly messages: Readonly<Record<string, number>>;
  };
}
