import { stripVTControlCharacters } from "node:util";

import { expect } from "chai";

import { tellLine } from "../../../oracle/src/cli/live-view.ts";

const ID = `0x${"ab".repeat(32)}`;
const ACCOUNT = `0x${"cd".repeat(20)}`;

/** A line of the log as people see it, without its time. */
const tell = (line: Readonly<Record<string, unknown>>): string =>
  stripVTControlCharacters(
    tellLine({ level: "info", time: "2026-01-02T03:04:05.678Z", role: "miner", name: "node", ...line }),
  ).replace(/^\d\d:\d\d:\d\d /, "");

describe("a line of the log on a terminal", () => {
  it("names the step and its fields, with ids shortened and accounts whole", () => {
    expect(tell({ event: "claim", task: ID, slot: 1, account: ACCOUNT })).to.equal(
      `✔ claim          task 0xabababab…  slot 1  account ${ACCOUNT}`,
    );
    expect(tell({ event: "part-ended" })).to.equal("✔ part-ended");
  });

  it("rounds figures and lists lists", () => {
    expect(
      tell({ event: "draw", seconds: 0.123456789, addresses: ["/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/2"] }),
    ).to.equal("✔ draw           seconds 0.1235  addresses /ip4/127.0.0.1/tcp/1 /ip4/127.0.0.1/tcp/2");
  });

  it("says of a warning or an error what went wrong, and below it the mend", () => {
    const error = { code: "STAKE_MISSING", message: "100 GRIST are missing", hints: ["oracle-miner stake add 100"] };
    expect(tell({ level: "warn", event: "part-refused", error }).split("\n")).to.deep.equal([
      "! part-refused",
      "           100 GRIST are missing",
      "           → oracle-miner stake add 100",
    ]);
    expect(tell({ level: "error", event: "part-failed", error: { message: "no" } })).to.match(/^✘ part-failed\n +no$/);
  });
});
