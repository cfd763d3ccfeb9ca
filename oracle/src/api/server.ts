import { isIPv6 } from "node:net";
import type { AddressInfo } from "node:net";

import openApi from "@fastify/swagger";
import { GristmillError } from "@gristmill/sdk";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import fastify from "fastify";
import type { z } from "zod";

import { dashboardFiles } from "../dashboard/dashboard-files.ts";
import type { Journal } from "../journal.ts";
import { claimRewards } from "../operator/rewards.ts";
import { addStake, parseAmount, removeStake, withdrawStake } from "../operator/stake.ts";
import type { Node } from "../roles/node.ts";
import { Answers } from "./answers.ts";
import { addBountyRoutes } from "./bounty-routes.ts";
import { EventStreams } from "./events.ts";
import { hostOf, isLoopback, isOwnHost } from "./hosts.ts";
import { publishUrl, withdrawUrl } from "./location.ts";
import { Metrics } from "./metrics.ts";
import { check, describe, idOf, jsonSchema } from "./requests.ts";
import { amountBody, answers, emptyBody, logQuery } from "./schemas.ts";
import { addTaskRoutes } from "./task-routes.ts";
import { TaskParts } from "./task-parts.ts";
import { isAuthorised, loadToken } from "./token.ts";

const MAX_BODY_BYTES = 4_096;

const LEVELS = ["debug", "info", "warn", "error"];

/** Statuses of errors by their codes; 400 for others of ours. */
const STATUSES: Readonly<Record<string, number>> = {
  TASK_UNKNOWN: 404,
  ID_UNKNOWN: 404,
  MODEL_UNKNOWN: 404,
  TEST_SET_LOST: 404,
  NOT_A_CLIENT: 409,
  TEST_SET_SECRET: 409,
  JOB_UNKNOWN: 404,
  KEY_MISSING: 409,
  CHAIN_REVERTED: 409,
  GAS_PRICE_HIGH: 409,
  CHAIN_UNREACHABLE: 503,
  CHAIN_TIMEOUT: 503,
  CHAIN_FAILED: 503,
};

const HEADERS = {
  "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/** A running API. */
export interface Api {
  /** Where it answers, such as `http://127.0.0.1:4680`. */
  readonly url: string;
  stop(): Promise<void>;
}

export interface ApiOptions {
  readonly node: Node;
  readonly role: string;
  readonly journal: Journal;
  readonly version: string;
  /** Folder of a built dashboard to serve beside the API. */
  readonly dashboard?: string | undefined;
}

/**
 * Starts the node's HTTP API (docs/API.md).
 * @throws GristmillError API_PORT_TAKEN, API_TOKEN_INVALID
 */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { node } = options;
  const { api: address, apiHosts, dataDir } = node.config;
  const host = hostOf(address);
  const streams = new EventStreams(options.journal);
  const app = fastify({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true, exposeHeadRoutes: false });
  guard(app, loadToken(dataDir), apiHosts, isLoopback(host));
  app.setErrorHandler(answerError);
  await app.register(openApi, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "oracle-miner", version: options.version },
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
    },
  });
  await app.register((routes, _, done) => {
    addRoutes(routes, options, streams);
    done();
  });
  if (options.dashboard !== undefined) await serveDashboard(app, node, options.dashboard);
  try {
    await app.listen({ host, port: Number(address.slice(address.lastIndexOf(":") + 1)) });
  } catch (cause) {
    throw new GristmillError("API_PORT_TAKEN", `the HTTP API cannot listen on ${address}`, {
      cause,
      hints: ["choose a free port of this machine with --api, or 0 for any"],
    });
  }
  const { port } = app.server.address() as AddressInfo;
  const url = `http://${isIPv6(host) ? `[${host}]` : host}:${String(port)}`;
  publishUrl(dataDir, url);
  return {
    url,
    stop: async () => {
      withdrawUrl(dataDir);
      streams.close();
      await app.close();
    },
  };
}

/** Serves the dashboard of this node wherever the API has no path of its own. */
async function serveDashboard(app: FastifyInstance, node: Node, folder: string): Promise<void> {
  const [rpcUrl] = node.config.rpc;
  if (rpcUrl === undefined) return;
  const answer = await dashboardFiles(folder, { rpcUrl, apiUrl: "", deployment: node.chain.deployment });
  app.get("/*", { schema: { hide: true } }, async (request, reply) => {
    reply.hijack();
    await answer(request.raw, reply.raw);
  });
}

/** Whom the API answers at all; see docs/API.md. */
function guard(app: FastifyInstance, token: string, names: readonly string[], local: boolean): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.headers(HEADERS);
    if (!isOwnHost(request.headers.host, names))
      return refuse(reply, 421, "HOST_UNKNOWN", `this node is not called ${request.headers.host ?? "(nothing)"}`, [
        "ask it by its address, or allow the name with --api-hosts",
      ]);
    const reads = request.method === "GET" || request.method === "HEAD";
    if ((!reads || !local) && !isAuthorised(request.headers.authorization, token))
      return refuse(
        reply.header("www-authenticate", "Bearer"),
        401,
        "TOKEN_WRONG",
        "this request needs the node's token",
        ["send `Authorization: Bearer TOKEN` with the token in api.token of the node's data folder"],
      );
    return undefined;
  });
  app.setNotFoundHandler((request, reply) =>
    refuse(reply, 404, "PATH_UNKNOWN", `there is no ${request.method} ${request.url}`, ["see /api/v1/openapi.json"]),
  );
}

function addRoutes(app: FastifyInstance, { node, role, journal, version }: ApiOptions, streams: EventStreams): void {
  const source = new Answers(node, { role, version, startedAt: Date.now() }, new TaskParts(journal));
  const metrics = new Metrics(node, journal);
  const get = (
    name: keyof typeof answers,
    summary: string,
    answer: (request: FastifyRequest) => unknown,
    path: string = name,
  ) => app.get(`/api/v1/${path}`, { schema: describe(summary, answers[name]) }, answer);

  get("status", "who this node is, and how chain and network are", () => source.status());
  get("tasks", "all tasks of the registry, the newest last", () => source.tasks());
  get("task", "one task with its miners", ({ params }) => source.task(idOf(params, "task")), "tasks/:task");
  get("claims", "lucky tickets that this node claimed or attested", () => source.claims());
  get("disputes", "all disputes, the newest last", () => source.disputes());
  get("stake", "this node's stake and wallet", () => source.stake());
  get("rewards", "what this node has earned", () => source.rewards());
  get("peers", "this node in its network", () => source.peers());
  get(
    "explanation",
    "why a task or claim pays or not",
    ({ params }) => source.explain(idOf(params, "id")),
    "explain/:id",
  );
  get("log", "the last lines of the log, oldest first", ({ query }) => {
    const { limit, after, level } = check(logQuery, query);
    const least = LEVELS.indexOf(level);
    const lines = journal.after(after).filter(({ line }) => LEVELS.indexOf(line.level) >= least);
    return { lines: lines.slice(-limit).map(({ sequence, line }) => ({ sequence, ...line })) };
  });
  app.get("/api/v1/events", { schema: { summary: "the log as server-sent events" } }, (request, reply) => {
    if (streams.isFull) return refuse(reply, 503, "STREAMS_FULL", "too many readers of events", ["close some of them"]);
    const last = request.headers["last-event-id"] ?? (request.query as Record<string, unknown>)["after"];
    streams.serve(request, reply, last === undefined ? undefined : check(logQuery, { after: last }).after);
    return reply;
  });
  app.get("/api/v1/openapi.json", { schema: { hide: true } }, () => app.swagger());
  app.get("/metrics", { schema: { summary: "figures for Prometheus" } }, async (_, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );

  const post = (
    path: string,
    summary: string,
    body: z.ZodType,
    name: "stake" | "rewards",
    act: (body: unknown) => Promise<unknown>,
  ) =>
    app.post(
      `/api/v1/${path}`,
      { schema: { ...describe(summary, answers[name]), body: jsonSchema(body), security: [{ token: [] }] } },
      async (request) => {
        await act(request.body);
        return source[name]();
      },
    );
  post("stake/add", "stakes from the wallet", amountBody, "stake", (body) => addStake(node, amountOf(body)));
  post("stake/remove", "begins to unbond free stake", amountBody, "stake", (body) => removeStake(node, amountOf(body)));
  post("stake/withdraw", "takes out what has unbonded", emptyBody, "stake", () => withdrawStake(node));
  post("rewards/claim", "mints claims that are due and withdraws", emptyBody, "rewards", () => claimRewards(node));
  addTaskRoutes(app, node, role);
  addBountyRoutes(app, node, role);
}

function amountOf(body: unknown): bigint {
  return parseAmount(check(amountBody, body).amount);
}

function answerError(error: unknown, _: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof GristmillError)
    return refuse(reply, STATUSES[error.code] ?? 400, error.code, error.message, error.hints);
  const { statusCode = 500, message } = error as { readonly statusCode?: number; readonly message: string };
  const code = statusCode < 500 ? "REQUEST_INVALID" : "UNEXPECTED";
  return refuse(reply, statusCode, code, message.split("\n", 1)[0] ?? "", []);
}

function refuse(
  reply: FastifyReply,
  status: number,
  code: string,
  message: string,
  hints: readonly string[],
): FastifyReply {
  return reply.status(status).send({ error: { code, message, hints } });
}
