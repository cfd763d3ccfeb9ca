import { GristmillError } from "@gristmill/sdk";

import { cheatNamed, roleOf } from "./cheats/index.ts";
import type { DemoOptions } from "./options.ts";

/** A node of a run. */
export interface Actor {
  readonly name: string;
  readonly role: string;
  /** Name of the cheat that it runs; it is honest without. */
  readonly cheat?: string;
}

/** How a run is cast but for its client. */
export interface Cast {
  readonly supervisors: readonly Actor[];
  readonly miners: readonly Actor[];
  readonly evaluators: readonly Actor[];
  readonly verifiers: readonly Actor[];
}

/**
 * Says who plays: the last of a role are those that cheat.
 * @param supervisors that the task asks for
 * @throws GristmillError CHEAT_UNKNOWN, TOO_MANY_CHEATS
 */
export function castOf(options: DemoOptions, supervisors: number): Cast {
  const cheats = options.cheat === true ? [] : options.cheat.map(cheatNamed);
  const cheatsOf = (role: string): string[] => cheats.filter((cheat) => roleOf(cheat) === role).map(({ name }) => name);
  const liars = cheatsOf("evaluator");
  return {
    supervisors: actors("supervisor", options.supervisors ?? supervisors, []),
    miners: actors("miner", options.miners, cheatsOf("miner"), true),
    evaluators: actors("evaluator", options.evaluators ?? 1 + liars.length, liars),
    verifiers: actors("verifier", options.verifiers, []),
  };
}

/** So many of a role, the last ones with a cheat each. The only one has no number, unless it is one of many by nature. */
function actors(role: string, count: number, cheats: readonly string[], numbered = count > 1): Actor[] {
  if (cheats.length > count)
    throw new GristmillError(
      "TOO_MANY_CHEATS",
      `${String(cheats.length)} cheats are for ${role}s, of which there are ${String(count)}`,
      {
        hints: [`start more with --${role}s`],
      },
    );
  return Array.from({ length: count }, (_, index) => {
    const cheat = cheats[index - (count - cheats.length)];
    const name = numbered ? `${role}-${String(index + 1)}` : role;
    return { name, role, ...(cheat === undefined ? {} : { cheat }) };
  });
}
