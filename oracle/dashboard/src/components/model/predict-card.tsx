import type { SharedModelParts } from "@gristmill/sdk";
import { predict } from "@gristmill/sdk";
import { Button, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { SubmitEvent } from "react";
import { useState } from "react";

import { explainError } from "../../chain/explain-error.ts";
import { useSuite } from "../../chain/suite-context.ts";
import { Card } from "../card.tsx";
import { encodeTyped, SampleInput } from "./sample-input.tsx";

/** Asks the model; a call that changes nothing and costs nothing. */
export function PredictCard({ model }: { readonly model: SharedModelParts }) {
  const { client } = useSuite();
  const [typed, setTyped] = useState("");
  const { mutate, data, error, isPending } = useMutation({
    mutationFn: async () => predict(client, model, encodeTyped(model.encoder, typed)),
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    mutate();
  };
  return (
    <Card title="Predict, for free">
      <form onSubmit={submit}>
        <Stack gap="sm" align="stretch">
          <SampleInput encoder={model.encoder} value={typed} onChange={setTyped} />
          <Button type="submit" loading={isPending} style={{ alignSelf: "flex-start" }}>
            Predict
          </Button>
          <div role="status" aria-label="Prediction">
            {error === null ? null : <Text className="failure">{explainError(error).sentence}</Text>}
            {data === undefined ? null : (
              <Text>
                The model says <strong data-testid="prediction">{data.name}</strong>.
              </Text>
            )}
          </div>
        </Stack>
      </form>
    </Card>
  );
}
