import { ENCODERS, MarketPhase, predictionMarket64Abi, ScoringStage } from "@gristmill/sdk";
import { Group, NumberInput, SimpleGrid, Stack, Text } from "@mantine/core";
import type { SubmitEvent } from "react";
import { useState } from "react";
import type { Address } from "viem";
import { isAddress } from "viem";
import { useConnection } from "wagmi";

import { hasEnded, MARKET_PHASES, MARKET_RAIL, readMarket } from "../chain/markets.ts";
import { useChainQuery } from "../chain/use-chain-query.ts";
import { useChainTime } from "../chain/use-head.ts";
import { useTransaction } from "../chain/use-transaction.ts";
import { Card, Figure, Nothing, PageTitle } from "../components/card.tsx";
import { DataTable } from "../components/data-table.tsx";
import { ErrorNote } from "../components/error-note.tsx";
import { Facts } from "../components/facts.tsx";
import { formatAmount, formatCount, formatDuration } from "../components/format.ts";
import { HexText } from "../components/hex.tsx";
import { encodeTyped, SampleInput } from "../components/model/sample-input.tsx";
import { PhaseRail } from "../components/phase-rail.tsx";
import { TransactionButton } from "../components/transaction-button.tsx";

/** Steps of building or scoring that one transaction goes on by. */
const STEPS = 100n;

/** A prediction market: a provider pays for samples by how much they improve a model on a test set it committed to. */
export default function Market({ address }: { readonly address: string }) {
  if (!isAddress(address)) return <Nothing>{address} is no address.</Nothing>;
  return <MarketPage address={address} />;
}

type MarketView = NonNullable<Awaited<ReturnType<typeof readMarket>>>;

function MarketPage({ address }: { readonly address: Address }) {
  const { address: account } = useConnection();
  const now = useChainTime();
  const { data, error, isPending } = useChainQuery(["market", address, account], async (suite) =>
    readMarket(suite, { market: address }, account),
  );
  if (error !== null && data === undefined) return <ErrorNote error={error} title="Not a prediction market" />;
  if (data === undefined) return <Nothing>{isPending ? "Reading the market …" : "No market was opened yet."}</Nothing>;
  const { market, provider, bounty, rounds } = data;
  const left = now === undefined ? undefined : formatDuration(Number(market.endsAt) - now);
  const stage = Object.keys(ScoringStage)[market.stage]?.toLowerCase();
  return (
    <Stack gap="lg">
      <PageTitle title={`Prediction market ${market.id}`} />
      <section className="card">
        <PhaseRail
          label="Phases of the market"
          phases={MARKET_RAIL}
          current={market.phase - MarketPhase.Drawing}
          note={hasEnded(market.phase) ? undefined : `${left ?? "…"} left`}
        />
        {market.phase > MarketPhase.Settled ? (
          <Text mt="sm">
            {MARKET_PHASES[market.phase]}:{" "}
            {market.phase === MarketPhase.Cancelled
              ? "all stakes and the bounty go back."
              : "the provider was silent, so the bounty is the contributors'."}
          </Text>
        ) : null}
      </section>
      <SimpleGrid cols={{ base: 2, lg: 4 }}>
        <Figure
          label="Bounty"
          value={bounty === undefined ? undefined : `${formatAmount(bounty)} ETH`}
          note={`${formatAmount(market.left)} of it in no round yet`}
        />
        <Figure label="Stake" value={`${formatAmount(market.stake)} ETH`} note="behind each sample" />
        <Figure label="Samples" value={formatCount(market.contributions)} note="contributed" />
        <Figure
          label="Test set"
          value={`${market.revealed} of ${market.portions}`}
          note="portions revealed; the first one before anybody contributes"
        />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        {market.phase === MarketPhase.Participation ? <ContributeCard address={address} stake={market.stake} /> : null}
        <PartCard address={address} view={data} />
        <ProgressCard address={address} phase={market.phase} />
        <Card title="What it is">
          <Facts
            of={{
              Contract: <HexText value={address} name="contract" />,
              Provider: provider === undefined ? undefined : <HexText value={provider} name="provider" />,
              Model: <HexText value={market.model} name="model" />,
              "Reward rounds": `${formatCount(market.pass)}${market.phase === MarketPhase.Scoring ? `, now ${stage ?? ""}` : ""}`,
            }}
          />
        </Card>
      </SimpleGrid>
      <Card title="Reward rounds">
        {rounds.length === 0 ? (
          <Nothing>Scoring trains the model again in each round, and pays whose samples made it better.</Nothing>
        ) : (
          <DataTable
            caption="Reward rounds"
            rows={rounds}
            keyOf={({ pass }) => String(pass)}
            columns={[
              { title: "Round", cell: ({ pass }) => formatCount(pass), isNumeric: true },
              { title: "Of the bounty", cell: ({ used }) => `${formatAmount(used)} ETH`, isNumeric: true },
              { title: "Paid on balance", cell: ({ paid }) => `${formatAmount(paid)} ETH`, isNumeric: true },
              { title: "Left", cell: (round) => `${formatAmount(round.left)} ETH`, isNumeric: true },
            ]}
          />
        )}
      </Card>
    </Stack>
  );
}

function ContributeCard({ address, stake }: { readonly address: Address; readonly stake: bigint }) {
  const [typed, setTyped] = useState("");
  const [label, setLabel] = useState(0);
  const transaction = useTransaction();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void transaction.send(async () => ({
      address,
      abi: predictionMarket64Abi,
      functionName: "addData",
      args: [encodeTyped(ENCODERS.none, typed), BigInt(label)],
      value: stake,
    }));
  };
  return (
    <Card title="Contribute a sample">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <SampleInput encoder={ENCODERS.none} value={typed} onChange={setTyped} />
          <NumberInput
            label="Its class"
            min={0}
            allowDecimal={false}
            value={label}
            onChange={(value) => {
              setLabel(Number(value));
            }}
          />
          <Text size="sm" c="dimmed">
            {formatAmount(stake)} ETH go along. They come back with what the sample earned, or less what it cost.
          </Text>
          <TransactionButton label="Contribute" transaction={transaction} />
        </Stack>
      </form>
    </Card>
  );
}

function PartCard({ address, view: { market, part } }: { readonly address: Address; readonly view: MarketView }) {
  const transaction = useTransaction();
  return (
    <Card title="Your part">
      {part === undefined ? (
        <Nothing>Connect a wallet to see it.</Nothing>
      ) : (
        <Stack gap="sm">
          <Text size="sm">
            {formatCount(part.samples)} {part.samples === 1n ? "sample" : "samples"}
            {part.isRemoved ? ", which no longer count: they cost more than their stakes" : ""};{" "}
            {formatAmount(part.claim)} ETH{" "}
            {hasEnded(market.phase) ? "are yours." : "as it stands, paid out at the end."}
          </Text>
          <TransactionButton
            label="Take out"
            transaction={transaction}
            disabled={!hasEnded(market.phase) || part.claim === 0n}
            onClick={() =>
              void transaction.send({
                address,
                abi: predictionMarket64Abi,
                functionName: "refund",
                args: [market.id],
              })
            }
          />
        </Stack>
      )}
    </Card>
  );
}

/** What goes on only if somebody pays for the next steps. */
function ProgressCard({ address, phase }: { readonly address: Address; readonly phase: number }) {
  const building = useTransaction();
  const scoring = useTransaction();
  const market = { address, abi: predictionMarket64Abi } as const;
  return (
    <Card title="Go on">
      <Stack gap="sm">
        <Text size="sm">
          Building the model and scoring take many transactions, which anybody may send, {formatCount(STEPS)} steps
          each.
        </Text>
        <Group align="flex-start">
          <TransactionButton
            label="Build"
            variant="default"
            transaction={building}
            disabled={hasEnded(phase) || phase === MarketPhase.Scoring}
            onClick={() => void building.send({ ...market, functionName: "build", args: [STEPS] })}
          />
          <TransactionButton
            label="Score"
            variant="default"
            transaction={scoring}
            disabled={phase !== MarketPhase.Scoring}
            onClick={() => void scoring.send({ ...market, functionName: "score", args: [STEPS] })}
          />
        </Group>
      </Stack>
    </Card>
  );
}
