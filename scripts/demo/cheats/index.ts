import { GristmillError } from "@gristmill/sdk";

import type { Cheat } from "./cheat.ts";
import { SEGMENT_CHEATS } from "./segment-cheats.ts";
import type { TicketCheat } from "./ticket-cheats.ts";
import { TICKET_CHEATS } from "./ticket-cheats.ts";

/** The cheats that `npm start -- --cheat NAME` shows. */
export const CHEATS: readonly (Cheat | TicketCheat)[] = [...SEGMENT_CHEATS, ...TICKET_CHEATS];

/** All cheats with what they do, a line each. */
export function listCheats(): string {
  const width = Math.max(...CHEATS.map(({ name }) => name.length));
  return CHEATS.map(({ name, about }) => `  ${name.padEnd(width)}  a miner that ${about}`).join("\n");
}

/** @throws GristmillError CHEAT_UNKNOWN */
export function cheatNamed(name: string): Cheat | TicketCheat {
  const cheat = CHEATS.find((each) => each.name === name);
  if (cheat === undefined)
    throw new GristmillError("CHEAT_UNKNOWN", `there is no cheat "${name}"`, {
      hints: [`choose one of\n${listCheats()}`],
    });
  return cheat;
}
