import { GristmillError } from "@gristmill/sdk";
import type { FastifySchema } from "fastify";
import type { Hex } from "viem";
import { isHex, size } from "viem";
import { z } from "zod";

import { failure } from "./schemas.ts";

/** What OpenAPI says of a route. */
export function describe(summary: string, answer: z.ZodType): FastifySchema {
  return { summary, response: { 200: jsonSchema(answer), default: jsonSchema(failure) } };
}

/** A schema as OpenAPI takes it. */
export function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  const described = Object.entries(z.toJSONSchema(schema, { io: "input" }));
  return Object.fromEntries(described.filter(([name]) => name !== "$schema"));
}

/**
 * The id that a path names: `tasks/:task`, `explain/:id`.
 * @throws GristmillError TASK_ID_INVALID, ID_INVALID
 */
export function idOf(params: unknown, name: "task" | "id"): Hex {
  const value = (params as Readonly<Record<string, string>>)[name] ?? "";
  if (isHex(value) && size(value) === 32) return value;
  const [code, what] = name === "task" ? ["TASK_ID_INVALID", "a task id"] : ["ID_INVALID", "an id"];
  throw new GristmillError(code, `${value} is not ${what}`, { hints: ["0x and 64 hexadecimal digits"] });
}

/**
 * What a client sent, if it is as it should be.
 * @throws GristmillError REQUEST_INVALID naming every field that is not
 */
export function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw new GristmillError("REQUEST_INVALID", "the request is not valid", { hints: [z.prettifyError(error)] });
}
