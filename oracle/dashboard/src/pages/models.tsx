import { readSharedModel } from "@gristmill/sdk";
import { Button, Group, Stack, TextInput } from "@mantine/core";
import type { ReactNode, SubmitEvent } from "react";
import { useState } from "react";
import type { Address } from "viem";
import { getAddress, isAddress } from "viem";
import { Link } from "wouter";

import { explainError } from "../chain/explain-error.ts";
import { MARKET_PHASES, readMarket } from "../chain/markets.ts";
import { useSuite } from "../chain/suite-context.ts";
import { useChainQuery } from "../chain/use-chain-query.ts";
import { Card, Nothing, PageTitle } from "../components/card.tsx";
import { formatAmount, shortHex } from "../components/format.ts";
import { HexText } from "../components/hex.tsx";
import { readOwn, writeOwn } from "../config.ts";

/** Shared models and prediction markets that the configuration or the visitor names, each checked before it is trusted. */
export default function Models() {
  const { config } = useSuite();
  const models = useList("models", config.models);
  const markets = useList("markets", config.markets);
  return (
    <Stack gap="lg">
      <PageTitle title="Shared models" />
      {models.all.length === 0 ? (
        <Nothing>
          No model is named in config.json, nor by you. Deploy one with “npx hardhat deploy-model”, or add its address.
        </Nothing>
      ) : null}
      {models.all.map((trainer) => (
        <ModelCard key={trainer} trainer={trainer} onForget={models.forgetting(trainer)} />
      ))}
      <AddressForm title="Add a model" label="Address of its trainer" onAdd={models.add} />
      {markets.all.map((market) => (
        <MarketCard key={market} market={market} onForget={markets.forgetting(market)} />
      ))}
      <AddressForm title="Add a prediction market" label="Address of its contract" onAdd={markets.add} />
    </Stack>
  );
}

/** A list of the configuration with what the visitor added to it. */
function useList(name: "models" | "markets", configured: readonly Address[]) {
  const [own, setOwn] = useState(() => readOwn(name));
  const keep = (addresses: readonly Address[]): void => {
    writeOwn(name, addresses);
    setOwn(addresses);
  };
  return {
    all: [...new Set([...configured, ...own].map((address) => getAddress(address)))],
    add: (address: Address) => {
      keep([...own, address]);
    },
    /** What takes an address off the list again, if the visitor put it there. */
    forgetting: (address: Address) =>
      own.includes(address)
        ? () => {
            keep(own.filter((one) => one !== address));
          }
        : undefined,
  };
}

interface ListedProps {
  readonly title: string;
  readonly href: string;
  readonly onForget: (() => void) | undefined;
  readonly children: ReactNode;
}

/** Something on a list, to be opened or forgotten. */
function Listed({ title, href, onForget, children }: ListedProps) {
  return (
    <Card
      title={title}
      aside={
        <Group gap="xs">
          {onForget === undefined ? null : (
            <Button variant="default" size="xs" onClick={onForget} aria-label={`Forget ${title}`}>
              Forget
            </Button>
          )}
          <Button component={Link} href={href} size="xs" variant="default" aria-label={`Open ${title}`}>
            Open
          </Button>
        </Group>
      }
    >
      {children}
    </Card>
  );
}

function MarketCard({ market, onForget }: { readonly market: Address; readonly onForget: (() => void) | undefined }) {
  const { data, error } = useChainQuery(["market", market], async (suite) => readMarket(suite, { market }, undefined));
  return (
    <Listed title={`Prediction market ${shortHex(market)}`} href={`/markets/${market}`} onForget={onForget}>
      {error !== null && data === undefined ? (
        <p className="failure">{explainError(error).sentence}</p>
      ) : (
        <p>
          {data === undefined
            ? "No market was opened yet."
            : `Market ${data.market.id}: ${MARKET_PHASES[data.market.phase] ?? ""}, ${data.market.contributions} samples, ` +
              `a bounty of ${formatAmount(data.bounty ?? 0n)} ETH.`}
        </p>
      )}
    </Listed>
  );
}

function ModelCard({ trainer, onForget }: { readonly trainer: Address; readonly onForget: (() => void) | undefined }) {
  const { data: model, error } = useChainQuery(["model", trainer], async ({ client }) =>
    readSharedModel(client, trainer),
  );
  const title = model?.name ?? "Unknown model";
  return (
    <Listed title={title} href={`/models/${trainer}`} onForget={onForget}>
      {model === undefined ? null : <p>{model.description}</p>}
      <Group gap="md">
        <HexText value={trainer} name="trainer" />
        {model === undefined && error === null ? "checking …" : null}
        {error === null ? null : (
          <span className="pill bad">
            <span className="dot" aria-hidden="true" />
            not to be trusted
          </span>
        )}
        {model === undefined || error !== null ? null : (
          <span className="pill good">
            <span className="dot" aria-hidden="true" />
            all parts owned by the trainer
          </span>
        )}
        {model === undefined ? null : <span>{model.classes.join(" · ")}</span>}
      </Group>
      {error === null ? null : <p className="failure">{explainError(error).sentence}</p>}
    </Listed>
  );
}

interface AddressFormProps {
  readonly title: string;
  readonly label: string;
  readonly onAdd: (address: Address) => void;
}

function AddressForm({ title, label, onAdd }: AddressFormProps) {
  const [text, setText] = useState("");
  const [error, setError] = useState<string>();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!isAddress(text.trim())) {
      setError("This is no address: 0x and 40 hexadecimal digits, with the right capitals if it has any.");
      return;
    }
    setError(undefined);
    onAdd(getAddress(text.trim()));
    setText("");
  };
  return (
    <Card title={title}>
      <form onSubmit={submit} noValidate>
        <Group align="flex-start">
          <TextInput
            label={label}
            description="Kept in this browser only."
            value={text}
            error={error}
            w={{ base: "100%", sm: 460 }}
            onChange={(event) => {
              setText(event.currentTarget.value);
            }}
          />
          <Button type="submit" variant="default" mt={{ base: 0, sm: 46 }}>
            Add
          </Button>
        </Group>
      </form>
    </Card>
  );
}
