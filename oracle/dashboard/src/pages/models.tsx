import { readSharedModel } from "@gristmill/sdk";
import { Button, Group, Stack, TextInput } from "@mantine/core";
import type { SubmitEvent } from "react";
import { useState } from "react";
import type { Address } from "viem";
import { getAddress, isAddress } from "viem";
import { Link } from "wouter";

import { explainError } from "../chain/explain-error.ts";
import { useSuite } from "../chain/suite-context.ts";
import { useChainQuery } from "../chain/use-chain-query.ts";
import { Card, Nothing, PageTitle } from "../components/card.tsx";
import { HexText } from "../components/hex.tsx";
import { readOwnModels, writeOwnModels } from "../config.ts";

/** Shared models that the configuration or the visitor names, each checked before it is trusted. */
export default function Models() {
  const { config } = useSuite();
  const [own, setOwn] = useState(readOwnModels);
  const keep = (models: readonly Address[]): void => {
    writeOwnModels(models);
    setOwn(models);
  };
  const all = [...new Set([...config.models, ...own].map((address) => getAddress(address)))];
  return (
    <Stack gap="lg">
      <PageTitle title="Shared models" />
      {all.length === 0 ? (
        <Nothing>
          No model is named in config.json, nor by you. Deploy one with “npx hardhat deploy-model”, or add its address.
        </Nothing>
      ) : null}
      {all.map((trainer) => (
        <ModelCard
          key={trainer}
          trainer={trainer}
          {...(own.includes(trainer)
            ? {
                onForget: () => {
                  keep(own.filter((address) => address !== trainer));
                },
              }
            : {})}
        />
      ))}
      <AddModel
        onAdd={(trainer) => {
          keep([...own, trainer]);
        }}
      />
    </Stack>
  );
}

function ModelCard({ trainer, onForget }: { readonly trainer: Address; readonly onForget?: () => void }) {
  const { data: model, error } = useChainQuery(["model", trainer], async ({ client }) =>
    readSharedModel(client, trainer),
  );
  const title = model?.name ?? "Unknown model";
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
          <Button component={Link} href={`/models/${trainer}`} size="xs" variant="default" aria-label={`Open ${title}`}>
            Open
          </Button>
        </Group>
      }
    >
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
    </Card>
  );
}

function AddModel({ onAdd }: { readonly onAdd: (trainer: Address) => void }) {
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
    <Card title="Add a model">
      <form onSubmit={submit} noValidate>
        <Group align="flex-start">
          <TextInput
            label="Address of its trainer"
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
