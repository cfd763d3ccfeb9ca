import { GristmillError } from "@gristmill/sdk";
import { Command } from "commander";
import { z } from "zod";

import { type BountyPolicy, policySchema, PolicyStore } from "../bounties/policy.ts";
import { databasePath } from "../storage/data-folder.ts";
import { openDatabase } from "../storage/database.ts";
import { configOf, withOutput } from "./options.ts";
import { fieldsOf, show } from "./output.ts";

type Options = Readonly<Record<string, unknown>>;

/** `oracle-miner policy show|set|reset` */
export function policyCommand(): Command {
  return new Command("policy")
    .description("which bounties the node of this data folder works for; a running one goes by it at once")
    .addCommand(
      withOutput(new Command("show").description("the policy that is in force")).action((options: Options) => {
        withStore(options, () => undefined);
      }),
    )
    .addCommand(
      withOutput(new Command("set").description("change the policy, from now on and after restarts"))
        .option("--enabled <value>", "whether new jobs are begun: true or false")
        .option("--minimum-bounty <amount>", "GRIST")
        .option("--minimum-time-left <seconds>", "until the deadline")
        .option("--maximum-execution-time <seconds>", "of training for one bounty")
        .option("--maximum-jobs <count>", "at a time")
        .option("--topics <list>", "of interest, with commas between them; any if it is empty")
        .action((options: Options) => {
          const changes = changesOf(options);
          withStore(options, (store) => {
            store.set({ ...store.get(), ...changes });
          });
        }),
    )
    .addCommand(
      withOutput(new Command("reset").description("go back to the --bounty-... settings")).action(
        (options: Options) => {
          withStore(options, (store) => {
            store.reset();
          });
        },
      ),
    );
}

/** @throws GristmillError POLICY_INVALID naming every value that is wrong */
function changesOf(options: Options): Partial<BountyPolicy> {
  const { enabled, minimumBounty, minimumTimeLeft, maximumExecutionTime, maximumJobs, topics } = options;
  const given = {
    enabled: enabled === "true" || enabled === "false" ? enabled === "true" : enabled,
    minimumBounty,
    minimumTimeLeft: numberOf(minimumTimeLeft),
    maximumExecutionTime: numberOf(maximumExecutionTime),
    maximumJobs: numberOf(maximumJobs),
    topics: typeof topics === "string" ? topics.split(/[\s,]+/).filter(Boolean) : undefined,
  };
  const { success, data, error } = policySchema
    .partial()
    .safeParse(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
  if (success) return data as Partial<BountyPolicy>;
  throw new GristmillError("POLICY_INVALID", "this is not a policy", { hints: [z.prettifyError(error)] });
}

function numberOf(value: unknown): unknown {
  return typeof value === "string" && value.trim() !== "" ? Number(value) : value;
}

/** Does something with the policy of a data folder, whether its node runs or not, and prints what is in force then. */
function withStore(options: Options, work: (store: PolicyStore) => void): void {
  const config = configOf(options);
  const database = openDatabase(databasePath(config.dataDir));
  try {
    const store = new PolicyStore(database, config);
    work(store);
    const policy = store.get();
    const origin = store.isSet ? "set" : "configured";
    show(options, { ...policy, origin }, () =>
      fieldsOf([
        ["new jobs", policy.enabled ? "are begun" : "are not begun"],
        ["least bounty", `${policy.minimumBounty} GRIST`],
        ["least time left", `${policy.minimumTimeLeft} s`],
        ["longest training", `${policy.maximumExecutionTime} s`],
        ["jobs at a time", String(policy.maximumJobs)],
        ["topics", policy.topics.join(", ") || "any"],
        ["from", store.isSet ? "`policy set` or the API" : "the configuration"],
      ]),
    );
  } finally {
    database.close();
  }
}
