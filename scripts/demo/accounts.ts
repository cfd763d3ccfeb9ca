import { Phase } from "@gristmill/sdk";
import type { Hex } from "viem";
import { isAddressEqual, zeroAddress } from "viem";
import { getContractEvents } from "viem/actions";

import { Chain } from "../../oracle/src/chain/chain.ts";
import type { Contracts } from "../../oracle/src/chain/contracts.ts";
import { contractsOf } from "../../oracle/src/chain/contracts.ts";
import type { Deployment } from "../../oracle/src/chain/deployment.ts";
import type { Reader } from "../../oracle/src/operator/reader.ts";
import { readStake } from "../../oracle/src/operator/stake.ts";

/** What a party of a run had, gained and lost, in GRIST wei. */
export interface Party {
  readonly name: string;
  /** What it staked, and what is left of that with what convictions of others added. */
  readonly stakeBefore: bigint;
  readonly stakeAfter: bigint;
  readonly slashed: bigint;
  /** Of stakes that others lost, as their accuser. */
  readonly awarded: bigint;
  /** Escrowed for tasks. */
  readonly escrowed: bigint;
  /** Credited for tasks: pay, and what comes back to a client. */
  readonly fees: bigint;
  /** Newly made for its tickets and attestations. */
  readonly minted: bigint;
  /** By how much it is richer than before. */
  readonly net: bigint;
}

/** Where all GRIST is when a run has ended, in wei. */
export interface Accounts {
  readonly parties: readonly Party[];
  /** What there was when the parties got theirs, was made and was destroyed since, and is now. */
  readonly supply: {
    readonly before: bigint;
    readonly minted: bigint;
    readonly burned: bigint;
    readonly after: bigint;
  };
  /** Wallets of the parties together, each contract that holds some, and others. */
  readonly holders: Readonly<Record<string, bigint>>;
  /** Sums that do not come out; none if the accounts balance. */
  readonly faults: readonly string[];
}

/**
 * Takes stock of a run: adds up every movement of GRIST and of stake, and compares that, to the wei, with what the contracts say
 * that there is.
 *
 * @param accounts of the parties, by name; fresh ones, which had nothing before they were funded
 * @param since block by which they were funded
 */
export async function takeStock(
  rpcUrl: string,
  deployment: Deployment,
  accounts: ReadonlyMap<string, Hex>,
  since: bigint,
): Promise<Accounts> {
  const chain = await Chain.connect({ rpcUrl, deployment });
  const reader = { chain, contracts: contractsOf(chain) };
  const books = await readBooks(reader);
  const faults: string[] = [];
  const expect: Expectation = (what, found, wanted) => {
    if (found !== wanted) faults.push(`${what}: ${String(found)} wei, but ${String(wanted)} by the events`);
  };
  const parties: Party[] = [];
  for (const [name, account] of accounts) parties.push(await partyOf(reader, books, { name, account, since }, expect));

  const made = (later: boolean) => books.moved({ from: zeroAddress, after: later ? since : undefined });
  const destroyed = (later: boolean) => books.moved({ to: zeroAddress, after: later ? since : undefined });
  const [minted, burned] = [made(true), destroyed(true)];
  const before = made(false) - minted - (destroyed(false) - burned);
  const after = await reader.contracts.token.read.totalSupply();
  expect("supply", after, before + minted - burned);
  const holders = await holdersOf(reader, books, [...accounts.values()]);
  expect("balances of all holders", sum(Object.values(holders)), after);
  expect("StakeManager", holders["StakeManager"] ?? 0n, await stakesOf(reader, books));
  expect("TaskRegistry", holders["TaskRegistry"] ?? 0n, await owedByRegistry(reader, books));
  return { parties, supply: { before, minted, burned, after }, holders, faults };
}

/** Notes a sum that should come out. */
type Expectation = (what: string, found: bigint, wanted: bigint) => void;

/** Every movement of GRIST, and the events that say why. */
interface Books {
  /** GRIST wei that went from one to the other, of anybody where none is named, after a block. */
  readonly moved: (movement: { from?: Hex; to?: Hex; after?: bigint | undefined; until?: bigint }) => bigint;
  /** Everybody who ever held GRIST. */
  readonly holders: readonly Hex[];
  /** Everybody who ever had stake. */
  readonly stakers: readonly Hex[];
  readonly slashed: readonly {
    readonly account: Hex;
    readonly amount: bigint;
    readonly beneficiary: Hex;
    readonly reward: bigint;
  }[];
  readonly credited: readonly { readonly account: Hex; readonly amount: bigint }[];
  /** Tasks that nobody has settled, with their fees. */
  readonly unsettled: readonly { readonly taskId: Hex; readonly fee: bigint }[];
}

async function readBooks({ chain, contracts }: Reader): Promise<Books> {
  const fromBlock = BigInt(chain.deployment.blockNumber);
  const range = { fromBlock, toBlock: "latest", strict: true } as const;
  const of = <name extends "token" | "stake" | "registry">(name: name) => {
    const { address, abi }: Pick<Contracts[name], "address" | "abi"> = contracts[name];
    return { address, abi, ...range };
  };
  const [transfers, staked, slashes, credits, created, settled] = await Promise.all([
    getContractEvents(chain.public, { ...of("token"), eventName: "Transfer" }),
    getContractEvents(chain.public, { ...of("stake"), eventName: "Staked" }),
    getContractEvents(chain.public, { ...of("stake"), eventName: "Slashed" }),
    getContractEvents(chain.public, { ...of("registry"), eventName: "Credited" }),
    getContractEvents(chain.public, { ...of("registry"), eventName: "TaskCreated" }),
    getContractEvents(chain.public, { ...of("registry"), eventName: "TaskSettled" }),
  ]);
  const done = new Set(settled.map(({ args }) => args.taskId));
  const slashed = slashes.map(({ args }) => args);
  return {
    moved: ({ from, to, after = -1n, until }) =>
      sum(
        transfers
          .filter(({ blockNumber }) => blockNumber > after && (until === undefined || blockNumber <= until))
          .filter(({ args }) => from === undefined || isAddressEqual(args.from, from))
          .filter(({ args }) => to === undefined || isAddressEqual(args.to, to))
          .map(({ args }) => args.value),
      ),
    holders: [...new Set(transfers.map(({ args }) => args.to))].filter((account) => account !== zeroAddress),
    stakers: [
      ...new Set([...staked.map(({ args }) => args.account), ...slashed.map(({ beneficiary }) => beneficiary)]),
    ],
    slashed,
    credited: credits.map(({ args }) => args),
    unsettled: created
      .filter(({ args }) => !done.has(args.taskId))
      .map(({ args: { taskId, parameters } }) => ({ taskId, fee: parameters.fee })),
  };
}

async function partyOf(
  reader: Reader,
  { moved, slashed, credited }: Books,
  { name, account, since }: { readonly name: string; readonly account: Hex; readonly since: bigint },
  expect: Expectation,
): Promise<Party> {
  const { stake, registry } = reader.contracts;
  const { wallet, free, locked, unbonding } = await readStake(reader, account);
  const party = {
    name,
    stakeBefore: moved({ from: account, to: stake.address }) - moved({ from: stake.address, to: account }),
    stakeAfter: free + locked + unbonding,
    slashed: sum(slashed.filter((loss) => isAddressEqual(loss.account, account)).map(({ amount }) => amount)),
    awarded: sum(slashed.filter((loss) => isAddressEqual(loss.beneficiary, account)).map(({ reward }) => reward)),
    escrowed: moved({ from: account, to: registry.address }),
    fees: sum(credited.filter((credit) => isAddressEqual(credit.account, account)).map(({ amount }) => amount)),
    minted: moved({ from: zeroAddress, to: account }),
    net:
      wallet +
      free +
      locked +
      unbonding +
      (await registry.read.creditOf([account])) -
      moved({ to: account, until: since }),
  };
  expect(`stake of ${name}`, party.stakeAfter, party.stakeBefore + party.awarded - party.slashed);
  const gain = party.fees - party.escrowed + party.minted + party.awarded - party.slashed;
  expect(`gain of ${name}`, party.net, gain);
  return party;
}

async function holdersOf(
  { chain, contracts }: Reader,
  books: Books,
  parties: readonly Hex[],
): Promise<Record<string, bigint>> {
  const holders: Record<string, bigint> = { parties: 0n };
  const contractNames = Object.entries(chain.deployment.contracts);
  for (const account of books.holders) {
    const amount = await contracts.token.read.balanceOf([account]);
    const contract = contractNames.find(([, address]) => isAddressEqual(address, account))?.[0];
    const name = parties.some((party) => isAddressEqual(party, account)) ? "parties" : (contract ?? "others");
    if (amount > 0n) holders[name] = (holders[name] ?? 0n) + amount;
  }
  return holders;
}

async function stakesOf(reader: Reader, { stakers }: Books): Promise<bigint> {
  const stakes = await Promise.all(stakers.map((account) => readStake(reader, account)));
  return sum(stakes.map(({ free, locked, unbonding }) => free + locked + unbonding));
}

/** What the registry has to hold: credits that nobody withdrew, and the fees of tasks of which nothing is spent yet. */
async function owedByRegistry({ contracts }: Reader, { credited, unsettled }: Books): Promise<bigint> {
  const { creditOf, taskOf } = contracts.registry.read;
  const accounts = [...new Set(credited.map(({ account }) => account))];
  const credits = await Promise.all(accounts.map((account) => creditOf([account])));
  const fees = unsettled.map(async ({ taskId, fee }) => {
    const { phase } = await taskOf([taskId]);
    return phase < Phase.Training || phase === Phase.Cancelled ? fee : 0n;
  });
  return sum([...credits, ...(await Promise.all(fees))]);
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
