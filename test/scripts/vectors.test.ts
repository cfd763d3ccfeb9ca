import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

const ROOT = join(import.meta.dirname, "..", "..");
const GOOD = join(ROOT, "test", "vectors", "exact-training-c.json");

function vectors(...args: string[]) {
  return spawnSync(process.execPath, ["scripts/vectors.ts", ...args], { cwd: ROOT, encoding: "utf8" });
}

describe("npm run vectors", function () {
  this.timeout(30_000);
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "vectors-"));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("prints help when run bare", () => {
    const { status, stdout } = vectors();
    expect(status).to.equal(0);
    expect(stdout).to.match(/^Usage: npm run vectors/);
  });

  it("prints a line for each backend of a file that agrees, and nothing of TensorFlow's", () => {
    const { status, stdout, stderr } = vectors(GOOD);
    expect(status).to.equal(0);
    expect(stderr).to.equal("");
    expect(stdout.trimEnd().split("\n").slice(0, 3)).to.deep.equal([
      "ok   exact-training-c.json reference: 718 figures",
      "ok   exact-training-c.json wasm: 718 figures",
      "ok   exact-training-c.json cpu: 718 figures",
    ]);
  });

  it("fails and says why if one of several files differs, is in no known format or is not there", () => {
    const wrong = join(folder, "wrong.json");
    writeFileSync(wrong, readFileSync(GOOD, "utf8").replace('"correct":', '"correct":9'));
    const other = join(folder, "other.json");
    writeFileSync(other, "{}");
    const { status, stdout } = vectors(wrong, other, join(folder, "none.json"), GOOD);
    expect(status).to.equal(1);
    expect(stdout).to.match(/FAIL wrong\.json wasm: slot 0 iteration 0 correct: expected 9\d+, got \d+/);
    expect(stdout).to.include("FAIL other.json: The file is in neither of the two formats.");
    expect(stdout).to.match(/FAIL none\.json: .*ENOENT/);
    expect(stdout).to.include("ok   exact-training-c.json wasm");
  });
});
