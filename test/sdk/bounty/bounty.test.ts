import { readFile } from "node:fs/promises";

import {
  bountyIdOf,
  commitModel,
  compileBounty,
  decodeLoss,
  encodeLoss,
  GristmillError,
  parseBountySpec,
  rankEntries,
  ScoringMode,
} from "@gristmill/sdk";
import { expect } from "chai";
import type { Hex } from "viem";

import { rejection } from "../../rejection.ts";

const EXAMPLE = "examples/bounties/digits.yaml";
const OWNERS = ["0x01", "0x02"].map((end): Hex => `0x${end.slice(2).padStart(40, "0")}`);
const ID: Hex = `0x${"11".repeat(32)}`;

async function compile(text: string, files: Readonly<Record<string, string>> = {}) {
  return compileBounty(text, {
    baseDir: ".",
    readFile: (path) => {
      const found = files[path.replace("./", "")];
      if (found === undefined) return Promise.reject(new GristmillError("NO_FILE", path));
      return Promise.resolve(new TextEncoder().encode(found));
    },
  });
}

describe("bounties", () => {
  it("compile from their example, to a spec that compiles to itself", async () => {
    const text = await readFile(EXAMPLE, "utf8");
    const compiled = await compile(text);
    expect(compiled.terms).to.include({ scoring: ScoringMode.Sealed, bounty: 100n * 10n ** 18n, tolerance: 100_000n });
    expect((await compile(new TextDecoder().decode(compiled.specBytes))).specHash).to.equal(compiled.specHash);
    const rows = (set: typeof compiled.train) => set.batches.reduce((sum, { y }) => sum + y.cols, 0);
    expect(rows(compiled.scoring)).to.equal(500);
  });

  it("take in the model and script files that they name", async () => {
    const text = await readFile(EXAMPLE, "utf8");
    const layers = text.slice(text.indexOf("    layers:"), text.indexOf("    optimizer:"));
    const named = text
      .replace(layers, "    file: model.json\n")
      .replace("scoring:", "  script: { interpreter: sh, file: a.sh }\nscoring:");
    const files = { "model.json": '{"modelTopology":{"class_name":"Sequential"}}', "a.sh": "exit 0" };
    const { spec } = await compile(named, files);
    expect(spec.ml.model).to.deep.include({ topology: { class_name: "Sequential" } });
    expect(spec.ml.model).to.not.have.property("file");
    expect(spec.ml.script).to.deep.equal({ interpreter: "sh", source: "exit 0" });
    expect(await rejection(compile(named, { ...files, "model.json": "{}" }))).to.have.property("code", "SPEC_INVALID");
  });

  it("name each wrong field and its mend", async () => {
    const text = await readFile(EXAMPLE, "utf8");
    const wrong = [
      [text.replace("class: Conv2D", "class: Lambda"), /layers\[0\]\.class/],
      [text.replace("mode: bounty", "mode: task"), /mode/],
      [text.replace("tolerance: 0.0001", "tolerance: -1"), /tolerance/],
    ] as const;
    for (const [spec, field] of wrong)
      expect(() => parseBountySpec(spec))
        .to.throw(GristmillError, field)
        .with.property("code", "SPEC_INVALID");
    const shape = await rejection(compile(text.replace("[16, 16, 1]", "[15, 16, 1]")));
    expect((shape as Error).message).to.match(/input-shape has 240 elements, but an example has 256/);
  });

  it("rank by loss, of equal ones the earlier commitment first, without the struck", () => {
    const entries = [7n, 3n, 9n, 3n].map((loss, entry) => ({ entry, owner: OWNERS[entry % 2]!, loss }));
    const order = (struck: readonly { entry: number }[]) =>
      rankEntries([...entries].reverse(), struck).map(({ entry }) => entry);
    expect(order([])).to.deep.equal([1, 3, 0, 2]);
    expect(order([{ entry: 1 }])).to.deep.equal([3, 0, 2]);
  });

  it("announce losses in 10^-9, and no loss that is no number", () => {
    expect(encodeLoss(0.25)).to.equal(250_000_000n);
    expect(decodeLoss(encodeLoss(1.5))).to.equal(1.5);
    for (const loss of [NaN, Infinity, -1, 1e30])
      expect(() => encodeLoss(loss))
        .to.throw(GristmillError)
        .with.property("code", "LOSS_UNANNOUNCEABLE");
  });

  it("bind a commitment to its bounty and owner", () => {
    const one = commitModel(ID, OWNERS[0]!, ID, ID);
    expect(commitModel(ID, OWNERS[1]!, ID, ID)).to.not.equal(one);
    expect(bountyIdOf(1, OWNERS[0]!, OWNERS[1]!, ID, ID)).to.not.equal(bountyIdOf(2, OWNERS[0]!, OWNERS[1]!, ID, ID));
  });
});
