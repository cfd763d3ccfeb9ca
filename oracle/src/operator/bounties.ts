import { rankEntries, type RankedEntry } from "@gristmill/sdk";
import type { Hex } from "viem";

import type { BountyView } from "../bounties/board.ts";
import { bountiesPosted, type PostedBounty } from "../bounties/bounty-data.ts";
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
