import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { writeJson } from "./record.ts";

/**
 * The contracts that a deployment of Ignition's has made so far, by their names in the module; undefined if there is none.
 *
 * Ignition writes their list in place, so a process killed in that moment leaves a torn one, with which neither we nor
 * Ignition could go on. It is then made again from the journal, which only grows.
 *
 * @param folder of the deployment, with Ignition's journal
 */
export async function deployedAddresses(folder: string): Promise<Readonly<Record<string, string>> | undefined> {
  const file = join(folder, "deployed_addresses.json");
  if (!existsSync(file)) return undefined;
  const addresses = parse(await readFile(file, "utf8")) as Record<string, string> | undefined;
  if (addresses !== undefined) return addresses;
  const lines = (await readFile(join(folder, "journal.jsonl"), "utf8")).split("\n");
  const made = Object.fromEntries(
    lines.flatMap((line) => {
      const { type, futureId, result } = (parse(line) ?? {}) as JournalMessage;
      const isMade = type === "DEPLOYMENT_EXECUTION_STATE_COMPLETE" && result?.type === "SUCCESS";
      return isMade && futureId !== undefined && result.address !== undefined ? [[futureId, result.address]] : [];
    }),
  );
  await writeJson(file, made);
  return made;
}

interface JournalMessage {
  readonly type?: string;
  readonly futureId?: string;
  readonly result?: { readonly type?: string; readonly address?: string };
}

/** Undefined for what is no JSON: a file, or a journal's last line, that was cut off. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
