import { GristmillError } from "@gristmill/sdk";
import { Command } from "commander";
import colours from "picocolors";

import type { Finding } from "../operator/check.ts";
import { checkNode } from "../operator/check.ts";
import { configOf, withOutput } from "./options.ts";
import { mark, show } from "./output.ts";

/** `oracle-miner check` */
export function checkCommand(): Command {
  return withOutput(
    new Command("check").description(
      "look at everything a node needs: chain, contracts, key, funds, ports, peers, backends",
    ),
  ).action(async (options: Readonly<Record<string, unknown>>) => {
    const findings = await checkNode(configOf(options));
    show(options, { findings }, () => tell(findings));
    const failed = findings.filter(({ state }) => state === "failed");
    if (failed.length > 0)
      throw new GristmillError(
        "CHECK_FAILED",
        `${String(failed.length)} of ${String(findings.length)} checks failed: ${failed.map(({ what }) => what).join(", ")}`,
      );
  });
}

/** The findings for people, each problem with its mend below. */
export function tell(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  return findings
    .flatMap(({ what, state, detail, mend }) => [
      `${mark(state)} ${what.padEnd(width)}  ${detail}`,
      ...(mend === undefined ? [] : [`  ${"".padEnd(width)}  ${colours.cyan(`→ ${mend}`)}`]),
    ])
    .join("\n");
}
