import { bountyStageName, decodeLoss } from "@gristmill/sdk";
import type { FastifyInstance } from "fastify";
import { formatEther } from "viem";

import { EntryStore } from "../bounties/entry-store.ts";
import { BountyJobs } from "../bounties/jobs.ts";
import { machineStatistics } from "../bounties/node-report.ts";
import { PolicyStore } from "../bounties/policy.ts";
import { policySchema } from "../bounties/policy.ts";
import { bountiesOf } from "../operator/bounties.ts";
import type { Node } from "../roles/node.ts";
import { check, describe, idOf, jsonSchema } from "./requests.ts";
import { type Answer, answers } from "./schemas.ts";

/** Routes about bounties: the board's for every node, policy and jobs where a hunter is at work; and about the machine. */
export function addBountyRoutes(app: FastifyInstance, node: Node, role: string): void {
  app.get(
    "/api/v1/bounties",
    { schema: describe("all bounties of the board with their rankings, the newest last", answers.bounties) },
    () => bounties(node),
  );
  app.get("/api/v1/machine", { schema: describe("the machine that this node runs on", answers.machine) }, () =>
    machine(node),
  );
  if (role === "hunter") addHunterRoutes(app, node);
}

function addHunterRoutes(app: FastifyInstance, node: Node): void {
  const policy = new PolicyStore(node.database, node.config);
  const jobs = new BountyJobs(node.database);
  const entries = new EntryStore(node);
  const write = { security: [{ token: [] }] };

  app.get("/api/v1/policy", { schema: describe("which bounties this node works for", answers.policy) }, () =>
    policy.get(),
  );
  app.put(
    "/api/v1/policy",
    {
      schema: {
        ...describe("changes which bounties this node works for, from now on and after restarts", answers.policy),
        body: jsonSchema(policySchema),
        ...write,
      },
    },
    ({ body }): Answer<"policy"> => {
      policy.set(check(policySchema, body));
      return policy.get();
    },
  );

  const list = (): Answer<"jobs"> => ({
    jobs: jobs.list().map(({ bountyId, state, runner, startedAt, endsAt }) => ({
      id: bountyId,
      bounty: bountyId,
      state,
      runner,
      startedAt: Math.floor(startedAt / 1000),
      deadline: Math.floor(endsAt / 1000),
      loss: entries.get(bountyId)?.loss,
    })),
  });
  app.get(
    "/api/v1/jobs",
    { schema: describe("what this node trains or has trained for bounties", answers.jobs) },
    list,
  );
  app.delete(
    "/api/v1/jobs/:id",
    { schema: { ...describe("ends a running job within a second", answers.jobs), ...write } },
    ({ params }) => {
      jobs.quit(idOf(params, "id"));
      return list();
    },
  );
}

async function bounties(node: Node): Promise<Answer<"bounties">> {
  return {
    bounties: (await bountiesOf(node)).map(({ bountyId, poster, view, ranking }) => ({
      bounty: bountyId,
      poster,
      stage: bountyStageName(view.stage).toLowerCase(),
      stageEndsAt: view.stageEndsAt === 0n ? undefined : Number(view.stageEndsAt),
      amount: formatEther(view.bounty),
      entryStake: formatEther(view.entryStake),
      entries: view.entryCount,
      struck: view.struck,
      ranking: ranking.map(({ entry, owner, loss }) => ({
        entry,
        owner,
        loss: decodeLoss(loss),
        mine: owner === node.chain.address,
      })),
    })),
  };
}

function machine({ config }: Node): Answer<"machine"> {
  const { backend, hasher, hasherThreads, bountyRunners, dataDir } = config;
  return {
    ...machineStatistics(dataDir),
    backends: { matrices: backend, hasher, hasherThreads, runners: bountyRunners },
  };
}
