import { type ExactBountyView, rankEntries, type RankedEntry } from "@gristmill/sdk";
import type { Hex } from "viem";

import type { BountyView } from "../bounties/board.ts";
import { bountiesPosted, type PostedBounty } from "../bounties/bounty-data.ts";
import { exactPosted, type PostedExact } from "../bounties/exact-data.ts";
import type { Reader } from "./reader.ts";

/** A bounty where it stands now. */
export interface ListedBounty extends PostedBounty {
  readonly view: BountyView;
  /** Announced entries that are not struck, the best first. */
  readonly ranking: readonly RankedEntry[];
}

/** All bounties of the board, or the one of the given id, the newest last. */
export async function bountiesOf(reader: Reader, only?: Hex): Promise<ListedBounty[]> {
  const { chain, contracts } = reader;
  const range = { fromBlock: BigInt(chain.deployment.blockNumber), toBlock: "latest" } as const;
  const filter = only === undefined ? {} : { bountyId: only };
  const [posted, announced, struck] = await Promise.all([
    bountiesPosted(reader, range.fromBlock, range.toBlock),
    contracts.bounties.getEvents.LossAnnounced(filter, range),
    contracts.bounties.getEvents.EntryStruck(filter, range),
  ]);
  const entries = announced.flatMap(({ args: { bountyId, entry, owner, loss } }) =>
    entry === undefined || owner === undefined || loss === undefined ? [] : [{ bountyId, entry, owner, loss }],
  );
  const out = struck.flatMap(({ args: { bountyId, entry } }) => (entry === undefined ? [] : [{ bountyId, entry }]));
  return Promise.all(
    posted
      .filter(({ bountyId }) => only === undefined || bountyId === only)
      .map(async (bounty) => {
        const isOfIt = ({ bountyId }: { readonly bountyId: Hex | undefined }) => bountyId === bounty.bountyId;
        return {
          ...bounty,
          view: await contracts.bounties.read.bountyOf([bounty.bountyId]),
          ranking: rankEntries(entries.filter(isOfIt), out.filter(isOfIt)),
        };
      }),
  );
}

/** An exact bounty where it stands now. */
export interface ListedExact extends PostedExact {
  readonly view: ExactBountyView;
  /** Announced entries that are not struck, the best first; losses in 1/127, over the whole set. */
  readonly ranking: readonly RankedEntry[];
}

/** All exact bounties, or the one of the given id, the newest last. */
export async function exactBountiesOf(reader: Reader, only?: Hex): Promise<ListedExact[]> {
  const { chain, contracts } = reader;
  const { getEvents, read } = contracts.exactBounties;
  const since = BigInt(chain.deployment.blockNumber);
  const posted = await exactPosted(reader, since, "latest");
  const wanted = posted.filter(({ bountyId }) => only === undefined || bountyId === only);
  return Promise.all(
    wanted.map(async (bounty) => {
      const { bountyId } = bounty;
      const range = { fromBlock: bounty.postedAt, toBlock: "latest" } as const;
      const [view, announced, struck] = await Promise.all([
        read.bountyOf([bountyId]),
        getEvents.ScoreAnnounced({ bountyId }, range),
        getEvents.EntryStruck({ bountyId }, range),
      ]);
      const entries = announced.flatMap(({ args: { entry, owner, score } }) =>
        entry === undefined || owner === undefined || score === undefined ? [] : [{ entry, owner, loss: score.loss }],
      );
      const out = struck.flatMap(({ args: { entry } }) => (entry === undefined ? [] : [{ entry }]));
      return { ...bounty, view, ranking: rankEntries(entries, out) };
    }),
  );
}
