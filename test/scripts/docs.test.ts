import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

import { expect } from "chai";

const ROOT = join(import.meta.dirname, "..", "..");

describe("the check of PROPERTIES.md", function () {
  this.timeout(30_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "docs-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function check(...lines: string[]) {
    const file = join(folder, "PROPERTIES.md");
    writeFileSync(file, lines.join("\n"));
    const { status, stderr } = spawnSync(process.execPath, ["scripts/checks/docs.ts", relative(ROOT, file)], {
      cwd: ROOT,
      encoding: "utf8",
    });
    return { status, problems: stderr.split("\n").filter((line) => line !== "") };
  }

  it("accepts tests of TypeScript and Solidity, also by a name that the test puts together", () => {
    const { status, problems } = check(
      'Words such as "these" before the first property name nothing.',
      "- **A1** Holds.",
      '  `test/sdk/tensor/merkle.test.ts` "take a single leaf as the root",',
      '  "refuse no leaves, a leaf that is not there and ids that are none";',
      '  `test/oracle/training/vectors.test.ts` "a are met by wasm"',
      '- **A2** Holds too. `test/contracts/types/Places.t.sol` "test_setsHaveRoomForEightyPlacesAndNoMore"',
    );
    expect(problems).to.deep.equal([]);
    expect(status).to.equal(0);
  });

  it("names the line of a test that the file does not have, and of a property without a test", () => {
    const { status, problems } = check(
      '- **A1** Holds. `test/sdk/tensor/merkle.test.ts` "take a single leaf as the branch"',
      '- **A2** Holds, as they "say".',
    );
    expect(status).to.equal(1);
    expect(problems.map((line) => line.replace(/^.*PROPERTIES\.md/, ""))).to.deep.equal([
      ':1: test/sdk/tensor/merkle.test.ts has no test "take a single leaf as the branch"',
      ":2: names no test",
    ]);
  });
});
