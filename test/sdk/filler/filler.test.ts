import {
  compileTask,
  fillerCount,
  fillerEntry,
  fillerParameters,
  type FillerScale,
  fillerScales,
  fillerSpec,
  GristmillError,
} from "@gristmill/sdk";
import { expect } from "chai";
import { zeroHash } from "viem";

import { catalogueEntries } from "../../../oracle/src/roles/filler-catalogue.ts";

/** The rule needs no file. */
const noFiles = {
  baseDir: ".",
  readFile: (path: string): never => {
    throw new GristmillError("TEST", `reads ${path}`);
  },
};

describe("filler tasks", function () {
  this.timeout(30_000);

  for (const [kind, scale] of Object.entries<FillerScale>(fillerScales))
    it(`of the ${kind} catalogue are each another combination of data, architecture and hyper-parameters`, () => {
      const specs = Array.from({ length: fillerCount(scale) }, (_, entry) => fillerSpec(scale, entry));
      expect(new Set(specs).size).to.equal(
        scale.dataSeeds.length * scale.architectures.length * scale.learningRates.length,
      );
      for (const seed of scale.dataSeeds)
        expect(specs.filter((spec) => spec.includes(`"seed":${String(seed)}}`))).to.have.length(
          specs.length / scale.dataSeeds.length,
        );
    });

  it("are made from their number alone, the same by everybody", async () => {
    const [scale] = [{ ...fillerScales.development, dataSeeds: [101], learningRates: [0.02] }];
    expect(await catalogueEntries(scale)).to.deep.equal([
      "0x79ca894ecc736ab3f214a35bd2fe5fe52c347e1b98ec60a4141d6b4210189f29",
      "0x94aa62868fd1eac1246694c2ab754f6f6b6fcfc045751cedfd7788c357e98f35",
    ]);
  });

  it("are known by all their parameters but salt and fee, and open their test set to everybody", async () => {
    const task = await compileTask(fillerSpec(fillerScales.development, 0), noFiles);
    const { parameters, secret } = fillerParameters(task, { manifest: "manifest", isPublic: true });
    expect(secret.salt).to.equal(zeroHash);
    expect(fillerEntry({ ...parameters, salt: task.specHash, fee: 5n })).to.equal(fillerEntry(parameters));
    expect(fillerEntry({ ...parameters, iterations: 1 })).not.to.equal(fillerEntry(parameters));
    const proposed = fillerParameters(task, { manifest: "manifest", isPublic: false });
    expect(proposed.secret.salt).not.to.equal(zeroHash);
  });
});
