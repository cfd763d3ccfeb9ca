import { Anchor, Stack } from "@mantine/core";
import { Link } from "wouter";

import { DISPUTE_STATES, gameOf, GAMES, readDisputes, SIDES } from "../chain/disputes.ts";
import { useSuite } from "../chain/suite-context.ts";
import { useChainQuery } from "../chain/use-chain-query.ts";
import { Card, Nothing, PageTitle } from "../components/card.tsx";
import { DataTable } from "../components/data-table.tsx";
import { formatAmount } from "../components/format.ts";
import { HexText } from "../components/hex.tsx";

/** All disputes, the newest first. */
export default function Disputes() {
  const suite = useSuite();
  const { data } = useChainQuery(["disputes"], readDisputes);
  return (
    <Stack gap="lg">
      <PageTitle title="Disputes" />
      <Card title="All disputes">
        {data === undefined || data.length === 0 ? (
          <Nothing>{data === undefined ? "…" : "Nobody challenged anything yet."}</Nothing>
        ) : (
          <DataTable
            caption="Disputes"
            rows={data}
            keyOf={({ disputeId }) => disputeId}
            columns={[
              {
                title: "Dispute",
                cell: ({ disputeId }) => (
                  <Anchor component={Link} href={`/disputes/${disputeId}`} className="mono">
                    {disputeId.slice(0, 10)}
                  </Anchor>
                ),
              },
              {
                title: "Over",
                cell: ({ view }) => {
                  const game = gameOf(suite, view.game);
                  return game === undefined ? "an unknown game" : GAMES[game];
                },
              },
              {
                title: "Place",
                cell: ({ view }) => `${view.place.role === 0 ? "slot" : "evaluator"} ${view.place.index}`,
              },
              { title: "Challenger", cell: ({ view }) => <HexText value={view.challenger} name="challenger" /> },
              { title: "State", cell: ({ view }) => DISPUTE_STATES[view.state] },
              { title: "Turn or winner", cell: ({ view }) => SIDES[view.turn] },
              { title: "Moves", cell: ({ view }) => view.moves, isNumeric: true },
              { title: "Bond", cell: ({ view }) => `${formatAmount(view.bond)} GRIST`, isNumeric: true },
            ]}
          />
        )}
      </Card>
    </Stack>
  );
}
