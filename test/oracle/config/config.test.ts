import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { GristmillError } from "@gristmill/sdk";
import { expect } from "chai";
import { Command } from "commander";

import { configOf, withSettings } from "../../../oracle/src/cli/options.ts";
import { configSchema, environmentName, flagName, loadConfig, settings } from "../../../oracle/src/config/config.ts";

const KEY = `0x${"11".repeat(32)}`;

describe("config", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-config-"));
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("has defaults for everything but the key, and the command line has the same", async () => {
    let parsed: unknown;
    const command = withSettings(new Command("any"));
    command.action((options: Record<string, unknown>) => {
      parsed = configOf(options);
    });
    await command.parseAsync([], { from: "user" });
    expect(parsed).to.deep.equal(configSchema.parse({}));
  });

  it("takes a flag before the environment, the environment before the file, the file before the default", () => {
    const file = join(folder, "node.yaml");
    writeFileSync(file, "name: of-file\nrpc: http://file:1\nmaxLead: 5\n");
    const environment = { ORACLE_MINER_NAME: "of-environment", ORACLE_MINER_RPC: "http://environment:1" };
    const config = loadConfig({ name: "of-flag" }, environment, file);
    expect(config).to.deep.include({ name: "of-flag", rpc: ["http://environment:1"], maxLead: 5, backend: "wasm" });
  });

  it("reads lists and switches from the environment", () => {
    const config = loadConfig(
      {},
      { ORACLE_MINER_BOOTSTRAP: "/ip4/1.2.3.4/tcp/1, /ip4/1.2.3.5/tcp/1", ORACLE_MINER_AUTO_STAKE: "true" },
    );
    expect(config.bootstrap).to.deep.equal(["/ip4/1.2.3.4/tcp/1", "/ip4/1.2.3.5/tcp/1"]);
    expect(config.autoStake).to.equal(true);
  });

  it("reads preferences as a record from a file and as a list elsewhere, and refuses other poles and weights", () => {
    const file = join(folder, "preferences.yaml");
    writeFileSync(file, "preferences: { heavy: 255, few: 1 }\n");
    const weights = { heavy: 255, few: 1 };
    expect(loadConfig({}, {}, file).preferences).to.deep.equal(weights);
    expect(loadConfig({}, { ORACLE_MINER_PREFERENCES: "heavy=255, few=1" }).preferences).to.deep.equal(weights);
    for (const preferences of ["heavy", "heaven=1", "heavy=256", "heavy=0", "heavy=1,,", ""])
      expect(() => loadConfig({ preferences }, {}), preferences)
        .to.throw(GristmillError)
        .with.property("code", "CONFIG_INVALID");
  });

  it("names every fault at once, with flag and environment twin, and never shows a key", () => {
    const secret = "0xnot-a-key-but-secret";
    try {
      loadConfig({ rpc: "nowhere", backend: "abacus" }, { ORACLE_MINER_PRIVATE_KEY: secret });
      expect.fail("no error");
    } catch (error) {
      expect(error).to.be.instanceOf(GristmillError);
      const { code, hints, message } = error as GristmillError;
      expect(code).to.equal("CONFIG_INVALID");
      const text = [message, ...hints].join("\n");
      expect(text)
        .to.include("--rpc or ORACLE_MINER_RPC")
        .and.to.include("--backend")
        .and.to.include("ORACLE_MINER_PRIVATE_KEY");
      expect(text).not.to.include(secret);
    }
  });

  it("has no flag for the key, and an environment twin for every setting", () => {
    expect(flagName("privateKey")).to.equal(undefined);
    expect(settings.map(environmentName)).to.include.members(["ORACLE_MINER_PRIVATE_KEY", "ORACLE_MINER_DATA_DIR"]);
  });

  it("reads the key from its file", () => {
    const keyFile = join(folder, "key");
    writeFileSync(keyFile, `${KEY}\n`);
    expect(loadConfig({ keyFile }, {}).privateKey).to.equal(KEY);
    writeFileSync(keyFile, "something else\n");
    expect(() => loadConfig({ keyFile }, {})).to.throw(GristmillError, "does not hold a private key");
  });

  it("refuses settings it does not know in a file", () => {
    const file = join(folder, "unknown.yaml");
    writeFileSync(file, "nmae: typo\n");
    expect(() => loadConfig({}, {}, file)).to.throw(GristmillError, "not valid");
  });
});
