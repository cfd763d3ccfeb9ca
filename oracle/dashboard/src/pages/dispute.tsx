import { Anchor, SimpleGrid, Stack } from "@mantine/core";
import type { Hex } from "viem";
import { formatEther, isHex, size } from "viem";
import { Link } from "wouter";

import { moveName } from "../../../src/disputes/decision.ts";
import { DISPUTE_STATES, gameOf, GAMES, OPEN, readDispute, SIDES } from "../chain/disputes.ts";
import { readDisputeEvents } from "../chain/dispute-moves.ts";
import { useSuite } from "../chain/suite-context.ts";
import { useChainQuery } from "../chain/use-chain-query.ts";
import { useChainTime } from "../chain/use-head.ts";
import { Card, Figure, Nothing, PageTitle } from "../components/card.tsx";
import { DataTable } from "../components/data-table.tsx";
import { Decision } from "../components/dispute/decision.tsx";
import { GamePicture } from "../components/dispute/game-picture.tsx";
import { ErrorNote } from "../components/error-note.tsx";
import { Facts } from "../components/facts.tsx";
import { formatAmount, formatDuration } from "../components/format.ts";
import { HexText } from "../components/hex.tsx";

/** One dispute: the game, move by move, down to what decides it. */
export default function Dispute({ disputeId }: { readonly disputeId: string }) {
  if (!isHex(disputeId) || size(disputeId) !== 32) return <Nothing>{disputeId} is no id of a dispute.</Nothing>;
  return <DisputePage disputeId={disputeId} />;
}

function DisputePage({ disputeId }: { readonly disputeId: Hex }) {
  const suite = useSuite();
  const now = useChainTime();
  const { data: view, error } = useChainQuery(["dispute", disputeId], async (on) => readDispute(on, disputeId));
  const { data: events } = useChainQuery(
    ["dispute-events", disputeId, view?.game],
    async (on) => (view === undefined ? undefined : readDisputeEvents(on, disputeId, view.game)),
    { enabled: view !== undefined },
  );
  if (view === undefined) {
    return error === null ? (
      <Nothing>Reading the dispute …</Nothing>
    ) : (
      <ErrorNote error={error} title="It cannot be read" />
    );
  }
  if (view.state === 0) return <Nothing>There is no such dispute here.</Nothing>;
  const game = gameOf(suite, view.game);
  const isOpen = view.state === OPEN;
  const left = now === undefined ? 0 : Number(view.movesUntil) - now;
  const played = events?.court.flatMap((event) => (event.eventName === "DisputeMoved" ? [event] : [])) ?? [];
  return (
    <Stack gap="lg">
      <PageTitle title={`Dispute ${disputeId.slice(0, 10)}`} />
      <Decision
        state={view.state}
        turn={view.turn}
        events={events}
        left={isOpen ? `${formatDuration(left)} left for the move` : undefined}
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        {SIDES.map((side, index) => (
          <Figure
            key={side}
            label={`Clock of the ${side}`}
            value={formatDuration(clockOf(view, index, now))}
            note={
              `${formatEther(view.deposits[index] ?? 0n)} ETH deposited` +
              (index === 0 ? `, a bond of ${formatAmount(view.bond)} GRIST` : ", the place's stake answers")
            }
          />
        ))}
      </SimpleGrid>
      <Card title="The game">
        {events === undefined || events.moves.length === 0 ? (
          <Nothing>
            {game === "TensHashGame" ? "A TensHash is decided by one neuron of its trace." : "No move yet."}
          </Nothing>
        ) : (
          <GamePicture events={events.moves} />
        )}
      </Card>
      <Card title="Moves">
        {played.length === 0 ? (
          <Nothing>Nobody moved yet.</Nothing>
        ) : (
          <DataTable
            caption="Moves of the dispute"
            rows={played}
            keyOf={({ args }) => String(args.move)}
            columns={[
              { title: "Move", cell: ({ args }) => args.move + 1, isNumeric: true },
              { title: "Side", cell: ({ args }) => SIDES[args.side] },
              { title: "What", cell: ({ args }) => moveName(events?.moves ?? [], args.move) },
              {
                title: "Transaction",
                cell: ({ transactionHash }) => <HexText value={transactionHash} name="transaction" />,
              },
            ]}
          />
        )}
      </Card>
      <Card title="What it is about">
        <Facts
          of={{
            State: DISPUTE_STATES[view.state],
            Over: game === undefined ? "an unknown game" : GAMES[game],
            Task: (
              <Anchor component={Link} href={`/tasks/${view.place.taskId}`} className="mono">
                {view.place.taskId.slice(0, 10)}
              </Anchor>
            ),
            Place: `${view.place.role === 0 ? "slot" : "evaluator"} ${view.place.index}`,
            Challenger: <HexText value={view.challenger} name="challenger" />,
            Claim: <HexText value={view.claim} name="claim" />,
          }}
        />
      </Card>
    </Stack>
  );
}

/** Seconds that a side has left; those of the side to move run. */
function clockOf(view: Awaited<ReturnType<typeof readDispute>>, side: number, now: number | undefined): number {
  const left = view.clocks[side] ?? 0;
  if (view.state !== OPEN || view.turn !== side || now === undefined) return left;
  return Math.min(left, Math.max(0, Number(view.movesUntil) - now));
}
