import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";

import { GristmillError, Phase } from "@gristmill/sdk";
import type { FastifyInstance } from "fastify";
import type { Hex } from "viem";
import { getAddress } from "viem";
import type { z } from "zod";

import type { ModelCard } from "../roles/fetch-model.ts";
import { modelFolder } from "../roles/fetch-model.ts";
import { publishTestSet } from "../roles/kept-test-set.ts";
import type { Node } from "../roles/node.ts";
import { phaseName } from "../roles/task-follower.ts";
import type { TaskFile } from "../roles/task-order.ts";
import { prepareTask, submitTask } from "../roles/task-order.ts";
import { check, describe, idOf, jsonSchema } from "./requests.ts";
import type { Answer } from "./schemas.ts";
import { answers, createBody, emptyBody, prepareBody } from "./schemas.ts";

/** Bytes of a task file and the data it names, in base64: what a browser uploads at once. */
const MAX_TASK_BYTES = 256 * 1024 * 1024;

/** Routes of a client: creating tasks, revealing their test sets, and the models that came of them. */
export function addTaskRoutes(app: FastifyInstance, node: Node, role: string): void {
  const post = (path: string, summary: string, name: keyof typeof answers, body: z.ZodType) => ({
    url: `/api/v1/${path}`,
    options: {
      bodyLimit: MAX_TASK_BYTES,
      schema: { ...describe(summary, answers[name]), body: jsonSchema(body), security: [{ token: [] }] },
    },
  });

  const create = post("tasks", "creates a task of the node's own account", "created", createBody);
  app.post(create.url, create.options, async ({ body }): Promise<Answer<"created">> => {
    requireClient(role);
    return { task: await submitTask(node, fileOf(check(createBody, body))) };
  });

  const prepare = post("tasks/prepare", "publishes the data of a task that a wallet creates", "prepared", prepareBody);
  app.post(prepare.url, prepare.options, async ({ body }): Promise<Answer<"prepared">> => {
    requireClient(role);
    const { client, ...file } = check(prepareBody, body);
    const { taskId, parameters } = await prepareTask(node, fileOf(file), getAddress(client));
    const { specHash, datasetRoot, testCommitment, salt, manifest } = parameters;
    return { task: taskId, specHash, datasetRoot, testCommitment, salt, manifest };
  });

  const reveal = post("tasks/:task/test-set", "publishes a test set that is due to be revealed", "testSet", emptyBody);
  app.post(reveal.url, reveal.options, async ({ params }): Promise<Answer<"testSet">> => {
    const taskId = idOf(params, "task");
    await requireReveal(node, taskId);
    const { secret, manifest } = await publishTestSet(node, taskId);
    return { ...secret, manifest };
  });

  const path = "/api/v1/tasks/:task/model";
  app.get(path, { schema: describe("a trained model's card", answers.model) }, async ({ params }) =>
    cardOf(node, params),
  );
  app.get(`${path}/weights`, { schema: { summary: "its weights.bin" } }, async ({ params }, reply) => {
    await cardOf(node, params);
    const weights = await readFile(join(modelFolder(node.config.dataDir, idOf(params, "task")), "weights.bin"));
    return reply.type("application/octet-stream").send(weights);
  });
}

/** @throws GristmillError NOT_A_CLIENT */
function requireClient(role: string): void {
  if (role === "client") return;
  throw new GristmillError("NOT_A_CLIENT", `this node is a ${role}: it would not see the task to its end`, {
    hints: ["ask a node that runs as `oracle-miner run --role client`"],
  });
}

/**
 * Before the reveal, whoever sees the test set can train on it.
 * @throws GristmillError TEST_SET_SECRET
 */
async function requireReveal(node: Node, taskId: Hex): Promise<void> {
  const { phase } = await node.contracts.registry.read.taskOf([taskId]);
  if (phase === Phase.Reveal) return;
  throw new GristmillError("TEST_SET_SECRET", `task ${taskId} is in phase ${phaseName(phase)}`, {
    hints: ["its test set stays secret until the phase Reveal, and is not needed after it"],
  });
}

/** @throws GristmillError MODEL_UNKNOWN */
async function cardOf(node: Node, params: unknown): Promise<Answer<"model">> {
  const taskId = idOf(params, "task");
  const file = join(modelFolder(node.config.dataDir, taskId), "model.json");
  if (!existsSync(file))
    throw new GristmillError("MODEL_UNKNOWN", `this node has no model of task ${taskId}`, {
      hints: ["a client has those of its finished tasks; others fetch them with `oracle-miner task fetch`"],
    });
  const { sizes, shift, ...card } = JSON.parse(await readFile(file, "utf8")) as ModelCard;
  return { ...card, sizes: [...sizes], shift: [...shift] };
}

/** The task file of a request; the files that it names come with it, and no others are read. */
function fileOf({ spec, files, miners, supervisors, evaluators }: z.output<typeof createBody>): TaskFile {
  return {
    text: spec,
    baseDir: "",
    readFile: (path) => {
      const content = files[basename(path)];
      if (content === undefined)
        throw new GristmillError("SPEC_FILE_MISSING", `the task file names ${path}, which did not come with it`, {
          hints: [`send it as files["${basename(path)}"]`],
        });
      return Promise.resolve(new Uint8Array(Buffer.from(content, "base64")));
    },
    ...(miners === undefined ? {} : { miners }),
    ...(supervisors === undefined ? {} : { supervisors }),
    ...(evaluators === undefined ? {} : { evaluators }),
  };
}
