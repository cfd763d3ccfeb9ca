import { fileURLToPath } from "node:url";

import { Command, InvalidArgumentError } from "commander";

const DEFAULT_TASK = fileURLToPath(new URL("../../examples/tasks/synthetic-digits.yaml", import.meta.url));

/** What a run is to show. */
export interface DemoOptions {
  readonly task: readonly string[];
  readonly tasks: number;
  readonly filler?: boolean;
  readonly miners: number;
  /** Places of miners that are left to nodes of others. */
  readonly open: number;
  readonly supervisors?: number;
  readonly evaluators?: number;
  readonly verifiers: number;
  readonly blockSeconds: number;
  readonly rpc?: string;
  readonly data?: string;
  readonly killMiner?: boolean;
  readonly dashboard: boolean;
  readonly keep?: boolean;
  readonly wait?: boolean;
  readonly parameters?: string;
  /** Names; true where one is missing. */
  readonly cheat: readonly string[] | true;
}

/** Reads the command line of `npm start`. */
export function readOptions(argv: readonly string[]): DemoOptions {
  return new Command("npm start --")
    .description("Trains models on a chain: a client, miners, supervisors, evaluators and verifiers, each a process.")
    .option("--task <files...>", "task specs to run one after the other", [DEFAULT_TASK])
    .option("--tasks <n>", "run all of them so many times", positiveInteger, 1)
    .option("--filler", "train a filler task of the protocol too")
    .option("--miners <n>", "miners to start", positiveInteger, 3)
    .option(
      "--open <n>",
      "leave so many miners' places more to nodes of yours, which meet this run's at port 4001",
      positiveInteger,
      0,
    )
    .option("--supervisors <n>", "supervisors to start (default: what the first task asks for)", positiveInteger)
    .option("--evaluators <n>", "evaluators to start (default: one, and each that cheats)", positiveInteger)
    .option("--verifiers <n>", "verifiers to start", positiveInteger, 1)
    .option("--block-seconds <n>", "seconds between two blocks of a development chain", positiveInteger, 1)
    .option("--rpc <url>", "use this chain instead of starting one")
    .option("--data <folder>", "where nodes keep their data (default: a new folder under the system's temporary one)")
    .option("--kill-miner", "kill the last miner in mid-training, to see the others finish")
    .option("--no-dashboard", "serve no page that shows the run")
    .option("--keep", "keep the chain and the dashboard when the run is over, until Ctrl-C")
    .option("--wait", "start the nodes without a task: submit tasks on the dashboard, until Ctrl-C")
    .option("--parameters <file>", "parameters of the deployment, as `npm run deploy -- --parameters` takes them")
    .option(
      "--cheat [name]",
      "let the last honest miner or evaluator cheat, to see it convicted; again for one more; without a name, list the cheats",
      (name: string, names: readonly string[]) => [...names, name],
      [],
    )
    .parse([...argv])
    .opts<DemoOptions>();
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 80) throw new InvalidArgumentError("1 to 80 expected");
  return value;
}
