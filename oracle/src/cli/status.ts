import { GristmillError } from "@gristmill/sdk";
import { Command } from "commander";
import type { z } from "zod";

import { findApi } from "../api/location.ts";
import { loadToken } from "../api/token.ts";
import { answers } from "../api/schemas.ts";
import { configOf, withOutput } from "./options.ts";
import { fieldsOf, shortId, show, tableOf, timeOf } from "./output.ts";

const REQUEST_TIMEOUT = 10_000;

type Schemas = typeof answers;

/** `oracle-miner status` */
export function statusCommand(): Command {
  return withOutput(
    new Command("status").description("how the node of this data folder is doing, as it says itself"),
  ).action(async (options: Readonly<Record<string, unknown>>) => {
    const { dataDir } = configOf(options);
    const url = findApi(dataDir);
    if (url === undefined) throw nodeNotRunning(dataDir);
    const ask = askerOf(url, loadToken(dataDir), dataDir);
    const [status, { tasks }] = [await ask("status"), await ask("tasks")];
    const [stake, rewards] =
      status.account === undefined ? [undefined, undefined] : [await ask("stake"), await ask("rewards")];
    show(options, { ...status, stake, rewards, tasks }, () =>
      [
        fieldsOf([
          ["node", `${status.name}, ${status.role}, version ${status.version}, since ${timeOf(status.startedAt)}`],
          ["account", status.account],
          [
            "chain",
            `${String(status.chain.id)}, block ${String(status.chain.block)}, epoch ${String(status.chain.epoch)}`,
          ],
          ["endpoints", status.chain.endpoints.map(({ host, state }) => `${host} ${state}`).join(", ")],
          ["peers", String(status.peers)],
          ["stake", stake && `${stake.free} GRIST free, ${stake.locked} locked`],
          ["gas", stake && `${stake.ether} ether`],
          [
            "rewards",
            rewards &&
              `${rewards.minted} GRIST minted, at most ${rewards.pending.expected} pending, ${rewards.credit} to withdraw`,
          ],
          ["API", url],
        ]),
        tableOf(
          ["task", "phase", "slots", "this node's part"],
          tasks.map(({ task, phase, slots, slotsJoined, part, iterations }) => [
            shortId(task),
            phase,
            `${String(slotsJoined)}/${String(slots)}`,
            part === undefined
              ? ""
              : `slot ${String(part.slot)}, ${String(part.iteration)}/${String(iterations)}, accuracy ${part.accuracy.toFixed(3)}`,
          ]),
          "no tasks",
        ),
      ].join("\n\n"),
    );
  });
}

function askerOf(url: string, token: string, dataDir: string) {
  return async <name extends keyof Schemas>(name: name): Promise<z.output<Schemas[name]>> => {
    const answer = await fetch(`${url}/api/v1/${name}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT),
    }).catch((cause: unknown) => {
      // A node that was killed leaves its address behind.
      throw nodeNotRunning(dataDir, cause);
    });
    return answers[name].parse(await answer.json()) as z.output<Schemas[name]>;
  };
}

function nodeNotRunning(dataDir: string, cause?: unknown): GristmillError {
  return new GristmillError("NODE_NOT_RUNNING", `no node answers for the data folder ${dataDir}`, {
    cause,
    hints: ["start it with `oracle-miner run`, with its API on, or name another folder with --data-dir"],
  });
}
