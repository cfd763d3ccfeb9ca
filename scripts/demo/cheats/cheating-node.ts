// `oracle-miner` with a slot or an evaluator that lies: the first argument names the cheat, the others are those of the honest program.

import { main } from "../../../oracle/src/cli/main.ts";
import { cheatingWork } from "./cheating-work.ts";
import { cheatNamed } from "./index.ts";

const [name = "", ...argv] = process.argv.slice(2);
process.exitCode = await main(argv, cheatingWork(cheatNamed(name)));
