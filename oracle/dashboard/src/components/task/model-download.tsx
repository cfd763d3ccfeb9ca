import type { MlpParameters } from "@gristmill/sdk";
import { GristmillError, layerShapes, stateId } from "@gristmill/sdk";
import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import type { Hex } from "viem";

import { explainError } from "../../chain/explain-error.ts";
import type { NodeAnswers } from "../../node/answers.ts";
import type { NodeEndpoint } from "../../node/node-api.ts";
import { isMissing } from "../../node/node-api.ts";
import { useAskNode, useNodes } from "../../node/node-context.tsx";

/** Milliseconds between two looks for a node that has the model. */
const INTERVAL = 3_000;

interface ModelDownloadProps {
  readonly taskId: Hex;
  readonly program: MlpParameters;
  /** The state that the chain holds. */
  readonly finalState: Hex;
}

/** Fetches the model from a node, checks that it is the one that the chain names, and hands it over. */
export function ModelDownload({ taskId, program, finalState }: ModelDownloadProps) {
  const nodes = useNodes();
  const ask = useAskNode();
  const path = `tasks/${taskId}/model`;
  const { data: found } = useQuery({
    queryKey: ["model-at", taskId, ...nodes.map(({ url }) => url)],
    queryFn: async () => {
      for (const node of nodes) {
        const card = await ask(node, { path }).then(
          async (response) => (await response.json()) as NodeAnswers["model"],
          (error: unknown) => {
            if (!isMissing(error)) throw error;
          },
        );
        if (card !== undefined) return { node, card };
      }
      return null;
    },
    refetchInterval: ({ state }) => (state.data ? false : INTERVAL),
    retry: false,
  });
  const { mutate, data, error, isPending } = useMutation({
    mutationFn: async ({ node, card }: { readonly node: NodeEndpoint; readonly card: NodeAnswers["model"] }) => {
      const bytes = await (await ask(node, { path: `${path}/weights` })).arrayBuffer();
      requireState(program, bytes, finalState);
      return [
        { name: "weights.bin", url: URL.createObjectURL(new Blob([bytes])) },
        { name: "model.json", url: URL.createObjectURL(new Blob([`${JSON.stringify(card, undefined, 2)}\n`])) },
      ];
    },
  });
  if (found === undefined || found === null) return null;
  return (
    <Stack gap="xs" align="flex-start" mt="md">
      <Button
        loading={isPending}
        onClick={() => {
          mutate(found);
        }}
      >
        Fetch and check the model
      </Button>
      {error === null ? null : (
        <Text className="failure" size="sm" role="alert">
          {explainError(error).sentence}
        </Text>
      )}
      {data === undefined ? null : (
        <Group role="status">
          <Text size="sm">Its state id, computed here, is the chain's. Save</Text>
          {data.map(({ name, url }) => (
            <Anchor key={name} href={url} download={name} size="sm">
              {name}
            </Anchor>
          ))}
        </Group>
      )}
    </Stack>
  );
}

/** @throws GristmillError MODEL_FALSE */
function requireState(program: MlpParameters, bytes: ArrayBuffer, finalState: Hex): void {
  const view = new DataView(bytes);
  let offset = 0;
  const shapes = layerShapes(program);
  const length = shapes.reduce((sum, { rows, cols }) => sum + 4 * rows * cols, 0);
  const weights =
    length === bytes.byteLength &&
    shapes.map(({ rows, cols }) =>
      Int32Array.from({ length: rows * cols }, () => view.getInt32((offset += 4) - 4, true)),
    );
  if (weights !== false && stateId(program, weights) === finalState) return;
  throw new GristmillError("MODEL_FALSE", "What the node served is not the model that the chain names.");
}
