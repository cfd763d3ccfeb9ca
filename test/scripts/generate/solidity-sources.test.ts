import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ClaimState, GristmillError, OpenClaimState } from "@gristmill/sdk";
import { expect } from "chai";

import { SoliditySources } from "../../../scripts/generate/solidity-sources.ts";
import { ROOT } from "../deploy/local-node.ts";

describe("enums from the contracts' sources", () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "gristmill-sources-"));
    await mkdir(join(root, "contracts"));
  });

  afterEach(() => rm(root, { recursive: true }));

  function contract(name: string, ...members: string[]): Promise<void> {
    const body = members.map((member) => `        ${member}`).join(",\n");
    const source = `contract ${name} {\n    enum State {\n${body}\n    }\n}\n`;
    return writeFile(join(root, "contracts", `${name}.sol`), source);
  }

  it("reads the members in order", async () => {
    await contract("Mill", "None", "Grinding");
    const { members } = new SoliditySources(root).enumNamed("State");
    expect(members.map(({ name }) => name)).to.deep.equal(["None", "Grinding"]);
  });

  // The SDK once gave OpenMint's states for WorkMint's claims, as both were called ClaimState.
  it("refuses two of one name instead of taking either", async () => {
    await contract("Mill", "None", "Grinding");
    await contract("Barn", "None", "Full");
    expect(() => new SoliditySources(root).enumNamed("State"))
      .to.throw(GristmillError, /contracts\/Barn\.sol and contracts\/Mill\.sol/)
      .with.property("code", "GENERATE_ENUM_TWICE");
  });

  it("gives the SDK the states of each mint's claims", () => {
    const sources = new SoliditySources(ROOT);
    for (const [name, states] of Object.entries({ ClaimState, OpenClaimState })) {
      expect(
        sources.enumNamed(name).members.map(({ name: state }) => state),
        name,
      ).to.deep.equal(Object.keys(states));
    }
  });
});
