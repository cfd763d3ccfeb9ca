import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";
import { format, resolveConfig } from "prettier";

import { allowedPercent, type GasRow, measureSharedModels } from "../../../scripts/gas/shared-models.ts";
import { gasDocument } from "../../../scripts/gas/table.ts";

const DOCUMENT = join(import.meta.dirname, "..", "..", "..", "docs", "SHARED-MODELS-GAS.md");

describe("gas of shared models", function () {
  this.timeout(120_000);
  let rows: readonly GasRow[] = [];

  before(async () => {
    rows = await measureSharedModels();
  });

  it("is at most 60 % of upstream's for a sample of the dense models and 75 % for the sparse ones", () => {
    expect(rows).to.have.length(10);
    for (const { model, n, upstream, ours } of rows)
      expect(ours.addData, `${model} ${n}`).to.be.at.most((upstream.addData * allowedPercent(model)) / 100);
  });

  it("is at most upstream's for refunds, reports and the announcements of reports", () => {
    for (const { model, n, upstream, ours } of rows) {
      expect(ours.refund, `${model} ${n}`).to.be.at.most(upstream.refund);
      expect(ours.report, `${model} ${n}`).to.be.at.most(upstream.report);
      expect(ours.announce, `${model} ${n}`).to.be.at.most(upstream.report);
    }
  });

  it("is what docs/SHARED-MODELS-GAS.md says: node scripts/gas.ts --write", async () => {
    const options = { ...(await resolveConfig(DOCUMENT)), filepath: DOCUMENT };
    expect(await readFile(DOCUMENT, "utf8")).to.equal(await format(gasDocument(rows), options));
  });
});
