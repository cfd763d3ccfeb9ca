import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { deployedAddresses } from "../../../scripts/deploy/journal.ts";

const COMPLETE = "DEPLOYMENT_EXECUTION_STATE_COMPLETE";
const JOURNAL = [
  { type: "DEPLOYMENT_INITIALIZE", chainId: 31_337 },
  { type: COMPLETE, futureId: "Gristmill#Clocks", result: { type: "SUCCESS", address: "0x01" } },
  { type: COMPLETE, futureId: "Gristmill#Court", result: { type: "REVERTED_TRANSACTION" } },
  { type: COMPLETE, futureId: "Gristmill#GristToken", result: { type: "SUCCESS", address: "0x02" } },
];
const MADE = { "Gristmill#Clocks": "0x01", "Gristmill#GristToken": "0x02" };

describe("contracts of an interrupted deployment", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-journal-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const list = (): string => join(folder, "deployed_addresses.json");

  it("are those of Ignition's list", async () => {
    writeFileSync(list(), JSON.stringify(MADE));
    expect(await deployedAddresses(folder)).to.deep.equal(MADE);
  });

  it("are none where nothing was deployed", async () => {
    expect(await deployedAddresses(folder)).to.equal(undefined);
  });

  for (const torn of ["", '{"Gristmill#Clocks": "0x'])
    it(`are those of the journal where the list is ${torn === "" ? "empty" : "cut off"}, and the list is mended`, async () => {
      writeFileSync(list(), torn);
      writeFileSync(
        join(folder, "journal.jsonl"),
        `${JOURNAL.map((line) => JSON.stringify(line)).join("\n")}\n{"type":"TRANS`,
      );
      expect(await deployedAddresses(folder)).to.deep.equal(MADE);
      expect(JSON.parse(readFileSync(list(), "utf8"))).to.deep.equal(MADE);
    });
});
