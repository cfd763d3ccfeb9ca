import type { SharedModelParts } from "@gristmill/sdk";
import { collaborativeTrainer64Abi, predict } from "@gristmill/sdk";
import { Group, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { isAddressEqual } from "viem";
import { useConnection } from "wagmi";

import type { Contribution, readTerms } from "../../chain/shared-models.ts";
import { originalOf, readClaimable, readContributions } from "../../chain/shared-models.ts";
import { useChainQuery } from "../../chain/use-chain-query.ts";
import { useChainTime } from "../../chain/use-head.ts";
import { useTransaction } from "../../chain/use-transaction.ts";
import { Card, Nothing } from "../card.tsx";
import { formatAmount, formatDuration, formatTime } from "../format.ts";
import { HexText } from "../hex.tsx";
import { TransactionButton } from "../transaction-button.tsx";

/** Contributions that are shown at once, the latest that fit the search. */
const SHOWN = 20;

type Terms = Awaited<ReturnType<typeof readTerms>>;

interface ContributionsCardProps {
  readonly model: SharedModelParts;
  readonly terms: Terms | undefined;
}

/** What was added, to be refunded or reported. */
export function ContributionsCard({ model, terms }: ContributionsCardProps) {
  const [search, setSearch] = useState("");
  const { data: contributions } = useChainQuery(["contributions", model.trainer], async (suite) =>
    readContributions(suite, model.trainer),
  );
  const found = contributions?.filter((one) => matches(one, model, search.trim().toLowerCase())) ?? [];
  return (
    <Card title="Added data">
      <Stack gap="sm">
        <TextInput
          label="Search"
          description="By class, author, or what was typed: originals are known where they were typed in this browser."
          type="search"
          value={search}
          onChange={(event) => {
            setSearch(event.currentTarget.value);
          }}
        />
        <Text size="sm" c="dimmed" role="status">
          {contributions === undefined ? "…" : `${found.length} of ${contributions.length} samples`}
        </Text>
        {contributions?.length === 0 ? <Nothing>Nobody added a sample yet.</Nothing> : null}
        {found.slice(0, SHOWN).map((contribution) => (
          <ContributionRow key={contribution.id} contribution={contribution} model={model} terms={terms} />
        ))}
      </Stack>
    </Card>
  );
}

interface ContributionRowProps {
  readonly contribution: Contribution;
  readonly model: SharedModelParts;
  readonly terms: Terms | undefined;
}

function ContributionRow({ contribution, model, terms }: ContributionRowProps) {
  const { address: account } = useConnection();
  const now = useChainTime();
  const refund = useTransaction();
  const report = useTransaction();
  const { data, label, time, author, id } = contribution;
  const { data: state } = useChainQuery(["contribution", model.trainer, id], async (suite) => {
    const [left, prediction] = await Promise.all([
      readClaimable(suite, model, contribution),
      predict(suite.client, model, data).catch(() => undefined),
    ]);
    return { left, prediction };
  });
  const isOwn = account !== undefined && isAddressEqual(account, author);
  const wait = terms === undefined || now === undefined ? 0 : Number(time) + terms.refundWait - now;
  const trainer = { address: model.trainer, abi: collaborativeTrainer64Abi } as const;
  const name = model.classes[label] ?? `class ${label}`;
  return (
    <article className="card" aria-label={`Sample added ${formatTime(Number(time))} as ${name}`}>
      <Group justify="space-between" align="flex-start">
        <Stack gap={2} style={{ flex: "1 1 18rem", minWidth: 0 }}>
          <Text fw={600}>
            {name}
            {state?.prediction === undefined ? null : (
              <Text component="span" fw={400} c="dimmed">
                {state.prediction.index === label
                  ? " · the model agrees"
                  : ` · the model says ${state.prediction.name}`}
              </Text>
            )}
          </Text>
          <Text style={{ overflowWrap: "anywhere" }} size="sm">
            {originalOf(model.trainer, data) ?? <span className="mono">{preview(data)}</span>}
          </Text>
          <Text size="sm" c="dimmed" component="div">
            {formatTime(Number(time))}, by {isOwn ? "you, " : ""}
            <HexText value={author} name="author" />, deposit {formatAmount(contribution.deposit)} ETH
            {state === undefined ? "" : `, ${formatAmount(state.left)} ETH of it left`}
            {wait > 0 ? `; can be claimed in ${formatDuration(wait)}` : ""}
          </Text>
        </Stack>
        <Group align="flex-start">
          {isOwn ? (
            <TransactionButton
              label="Refund"
              variant="default"
              transaction={refund}
              disabled={state?.left === 0n}
              onClick={() =>
                void refund.send({ ...trainer, functionName: "refund", args: [data, BigInt(label), time] })
              }
            />
          ) : (
            <TransactionButton
              label="Report"
              variant="default"
              transaction={report}
              disabled={state?.left === 0n}
              onClick={() =>
                void report.send({ ...trainer, functionName: "report", args: [data, BigInt(label), time, author] })
              }
            />
          )}
        </Group>
      </Group>
    </article>
  );
}

function matches(
  { data, label, author }: Contribution,
  { trainer, classes }: SharedModelParts,
  search: string,
): boolean {
  if (search === "") return true;
  const texts = [classes[label] ?? "", author, originalOf(trainer, data) ?? ""];
  return texts.some((text) => text.toLowerCase().includes(search));
}

/** The first values of an encoded sample. */
function preview(data: readonly bigint[]): string {
  const shown = data.slice(0, 8).join(", ");
  return data.length > 8 ? `${shown} … (${data.length} values)` : `[${shown}]`;
}
