import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { parse } from "yaml";

import { tell } from "../../../oracle/src/cli/check.ts";
import { configSchema } from "../../../oracle/src/config/config.ts";
import { checkNode } from "../../../oracle/src/operator/check.ts";
import { run } from "./run.ts";

describe("oracle-miner init", function () {
  this.timeout(60_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-init-"));
    process.env["ORACLE_MINER_PASSWORD"] = "correct horse";
  });

  afterEach(() => {
    delete process.env["ORACLE_MINER_PASSWORD"];
    rmSync(folder, { recursive: true });
  });

  const init = (...more: string[]) =>
    run("init", "--json", "--config", join(folder, "node.yaml"), "--data-dir", join(folder, "data"), ...more);

  it("writes settings, an encrypted account and its backup, and nothing of them twice", async () => {
    const backup = join(folder, "backup.json");
    const { code, out } = await init("--role", "miner", "--rpc", "http://a:1", "http://b:2", "--backup", backup);
    expect(code).to.equal(0);
    const { account, keystore } = JSON.parse(out) as { account: string; keystore: string };
    expect(parse(readFileSync(join(folder, "node.yaml"), "utf8"))).to.include({ role: "miner", keystore });
    expect(JSON.parse(readFileSync(backup, "utf8"))).to.include({ account });
    for (const file of [keystore, backup, join(folder, "node.yaml")])
      expect(statSync(file).mode & 0o777).to.equal(0o600);
    const again = await init("--role", "miner", "--no-backup");
    expect(again).to.include({ code: 1 }).and.to.have.property("err").that.includes("CONFIG_EXISTS");
  });

  it("makes the password file that it is told of, with a password that opens account and backup", async () => {
    delete process.env["ORACLE_MINER_PASSWORD"];
    const [password, backup] = [join(folder, "password"), join(folder, "backup.json")];
    const made = await init("--yes", "--role", "miner", "--password-file", password, "--backup", backup);
    expect(made.code, made.err).to.equal(0);
    expect(statSync(password).mode & 0o777).to.equal(0o600);
    expect(parse(readFileSync(join(folder, "node.yaml"), "utf8"))).to.include({ passwordFile: password });
    const { account } = JSON.parse(made.out) as { account: string };
    const imported = await run("import", backup, "--data-dir", join(folder, "other"), "--password-file", password);
    expect(imported, imported.err).to.include({ code: 0 });
    expect(imported.out).to.include(account);
  });

  it("writes nothing before the backup is decided about, or without a role", async () => {
    expect((await init("--role", "miner")).err).to.include("BACKUP_UNDECIDED");
    expect((await init("--no-backup")).err).to.include("ROLE_UNKNOWN");
    expect(existsSync(join(folder, "data"))).to.equal(false);
  });
});

describe("oracle-miner check", function () {
  this.timeout(60_000);

  it("reports every problem at once, each with its mend, and what is well beside them", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gristmill-check-"));
    try {
      const findings = await checkNode(
        configSchema.parse({
          rpc: "http://127.0.0.1:9 http://127.0.0.1:10",
          deployment: join(folder, "none.json"),
          dataDir: join(folder, "data"),
          listen: "/ip4/192.0.2.1/tcp/4001",
          bootstrap: "nonsense",
          hasher: "reference",
        }),
      );
      const stateOf = new Map(findings.map(({ what, state }) => [what, state]));
      expect(stateOf.get("data folder")).to.not.equal("failed");
      expect(stateOf.get("products by wasm")).to.equal("ok");
      expect(stateOf.get("TensHash by reference")).to.equal("ok");
      const failed = findings.filter(({ state }) => state === "failed");
      expect(failed.map(({ what }) => what)).to.include.members([
        "endpoint 127.0.0.1:9",
        "endpoint 127.0.0.1:10",
        "contracts",
        "key",
        "port /ip4/192.0.2.1/tcp/4001",
        "peer nonsense",
      ]);
      for (const { what, mend } of failed) expect(mend, what).to.be.a("string");
      for (const { what } of findings) expect(tell(findings)).to.include(what);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("oracle-miner completion", function () {
  this.timeout(30_000);

  for (const [typed, expected] of [
    [["st"], ["stake", "status"]],
    [["stake", "re"], ["remove"]],
    [["run", "--rol"], ["--role"]],
    [["task", "status", "--js"], ["--json"]],
  ] as const)
    it(`completes "${typed.join(" ")}" in bash`, async function () {
      const { out } = await run("completion", "bash");
      const words = ["oracle-miner", ...typed].map((word) => `"${word}"`).join(" ");
      const script = `${out}\nCOMP_WORDS=(${words}); COMP_CWORD=${String(typed.length)}\n_oracle_miner; echo "\${COMPREPLY[*]}"`;
      const { stdout, error } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
      if (error !== undefined) this.skip();
      expect(stdout.trim().split(" ")).to.have.members(expected);
    });

  it("refuses a shell that it does not know", async () => {
    expect((await run("completion", "tcsh")).err).to.include("SHELL_UNKNOWN");
  });
});

describe("oracle-miner status", () => {
  it("says that no node runs in a data folder, and how to start one", async () => {
    const { code, err } = await run("status", "--data-dir", join(tmpdir(), "gristmill-no-such-folder"));
    expect(code).to.equal(1);
    expect(err).to.include("NODE_NOT_RUNNING").and.to.include("oracle-miner run");
  });
});
