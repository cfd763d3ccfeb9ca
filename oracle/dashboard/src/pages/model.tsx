import { readSharedModel } from "@gristmill/sdk";
import { SimpleGrid, Stack } from "@mantine/core";
import { isAddress } from "viem";
import { useConnection } from "wagmi";

import { readTerms } from "../chain/shared-models.ts";
import { useChainQuery } from "../chain/use-chain-query.ts";
import { Card, Nothing, PageTitle } from "../components/card.tsx";
import { ErrorNote } from "../components/error-note.tsx";
import { Facts } from "../components/facts.tsx";
import { formatAmount, formatDuration } from "../components/format.ts";
import { HexText } from "../components/hex.tsx";
import { AccuracyCard } from "../components/model/accuracy-card.tsx";
import { AddDataCard } from "../components/model/add-data-card.tsx";
import { ContributionsCard } from "../components/model/contributions-card.tsx";
import { PredictCard } from "../components/model/predict-card.tsx";

/** A shared model: try it, train it, get deposits back. */
export default function Model({ trainer }: { readonly trainer: string }) {
  if (!isAddress(trainer)) return <Nothing>{trainer} is no address.</Nothing>;
  return <ModelPage trainer={trainer} />;
}

function ModelPage({ trainer }: { readonly trainer: `0x${string}` }) {
  const { address: account } = useConnection();
  const { data: model, error } = useChainQuery(["model", trainer], async ({ client }) =>
    readSharedModel(client, trainer),
  );
  const { data: terms } = useChainQuery(
    ["model-terms", trainer, account],
    async (suite) => (model === undefined ? undefined : readTerms(suite, model, account)),
    { enabled: model !== undefined },
  );
  if (model === undefined) {
    return error === null ? (
      <Nothing>Reading the model …</Nothing>
    ) : (
      <ErrorNote error={error} title="Not to be trusted" />
    );
  }
  const text = (seconds: number | bigint): string => formatDuration(Number(seconds));
  return (
    <Stack gap="lg">
      <PageTitle title={model.name} />
      <Card title="What it is">
        <p>{model.description}</p>
        <Facts
          of={{
            Trainer: <HexText value={model.trainer} name="trainer" />,
            Classifier: <HexText value={model.classifier} name="classifier" />,
            "Incentive mechanism": <HexText value={model.incentiveMechanism} name="incentive mechanism" />,
            "Data handler": <HexText value={model.dataHandler} name="data handler" />,
            Ownership: "all three parts are contracts and belong to the trainer: nobody can change them",
            Classes: model.classes.join(", "),
            Encoder: model.encoder,
            "Refund or report": terms && `from ${text(terms.refundWait)} after a sample on`,
            "Model's owner may take the rest": terms && `from ${text(terms.ownerWait)} on`,
            "Anybody may take the rest": terms && `from ${text(terms.anyWait)} on`,
            "Price of a sample": terms && `${formatAmount(terms.price)} ETH`,
          }}
        />
      </Card>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <PredictCard model={model} />
        <AddDataCard model={model} price={terms?.price} />
      </SimpleGrid>
      <AccuracyCard model={model} />
      <ContributionsCard model={model} terms={terms} />
    </Stack>
  );
}
