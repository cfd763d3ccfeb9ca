import { z } from "zod";

import { amount, seconds, taskSpecSchema } from "../spec/schema.ts";
import { parseSpec } from "../spec/task-spec.ts";

const { ml, exact } = taskSpecSchema.shape;

/**
 * Validates the spec of a bounty whose models are exact states, judged by dispute, and fills in the defaults. Network,
 * optimizer and `exact` are those of a task: they fix the program that every model of the bounty runs under, and what a
 * hunter trains unless it has a way of its own.
 */
export const exactBountySpecSchema = z.strictObject({
  version: z.literal(1),
  mode: z.literal("bounty"),
  judging: z.literal("dispute"),
  /** Words by which hunters choose. */
  topics: z
    .array(z.string().regex(/^[a-z0-9-]{1,32}$/))
    .max(16)
    .default([]),
  payment: z.strictObject({ bounty: amount, "entry-stake": amount.prefault("50") }),
  ml,
  exact,
  scoring: z.strictObject({ set: z.enum(["open", "sealed"]).default("open") }).prefault({}),
  durations: z
    .strictObject({
      entry: seconds.default(86_400),
      unsealing: seconds.default(86_400),
      announcing: seconds.default(86_400),
      reveal: seconds.default(86_400),
      challenge: seconds.default(172_800),
    })
    .prefault({}),
});

/** A validated spec of an exact bounty with its defaults filled in. */
export type ExactBountySpec = z.output<typeof exactBountySpecSchema>;

/**
 * Reads an exact bounty's spec in YAML 1.2.
 *
 * @throws GristmillError SPEC_SYNTAX, SPEC_INVALID with every wrong field and its mend
 */
export function parseExactBountySpec(text: string): ExactBountySpec {
  return parseSpec(exactBountySpecSchema, text);
}

/**
 * Whether a bounty's spec asks for judging by dispute.
 *
 * @throws GristmillError SPEC_SYNTAX, SPEC_INVALID if its `judging` is neither `vote` nor `dispute`
 */
export function isJudgedByDispute(text: string): boolean {
  const { judging } = parseSpec(z.looseObject({ judging: z.enum(["vote", "dispute"]).default("vote") }), text);
  return judging === "dispute";
}
