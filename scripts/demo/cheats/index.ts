import { GristmillError } from "@gristmill/sdk";

import type { Cheat } from "./cheat.ts";
import type { ScoreCheat } from "./score-cheats.ts";
import { SCORE_CHEATS } from "./score-cheats.ts";
import { SEGMENT_CHEATS } from "./segment-cheats.ts";
import type { TicketCheat } from "./ticket-cheats.ts";
import { TICKET_CHEATS } from "./ticket-cheats.ts";

/** A lie about a segment, a ticket or a score. */
export type AnyCheat = Cheat | TicketCheat | ScoreCheat;

/** The cheats that `npm start -- --cheat NAME` shows. */
export const CHEATS: readonly AnyCheat[] = [...SEGMENT_CHEATS, ...TICKET_CHEATS, ...SCORE_CHEATS];

/** Who runs a cheat. */
export function roleOf(cheat: AnyCheat): "miner" | "evaluator" {
  return "tell" in cheat ? "evaluator" : "miner";
}

/** All cheats with what they do, a line each. */
export function listCheats(): string {
  const width = Math.max(...CHEATS.map(({ name }) => name.length));
  const article = { miner: "a miner", evaluator: "an evaluator" };
  return CHEATS.map((cheat) => `  ${cheat.name.padEnd(width)}  ${article[roleOf(cheat)]} that ${cheat.about}`).join(
    "\n",
  );
}

/** @throws GristmillError CHEAT_UNKNOWN */
export function cheatNamed(name: string): AnyCheat {
  const cheat = CHEATS.find((each) => each.name === name);
  if (cheat === undefined)
    throw new GristmillError("CHEAT_UNKNOWN", `there is no cheat "${name}"`, {
      hints: [`choose one of\n${listCheats()}`],
    });
  return cheat;
}
