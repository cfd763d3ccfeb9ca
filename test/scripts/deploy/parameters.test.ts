import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { GristmillError } from "@gristmill/sdk";
import { expect } from "chai";

import { parametersFor } from "../../../scripts/deploy/parameters.ts";

const DEVELOPMENT = 31_337;
const PUBLIC = 1;

describe("parametersFor", () => {
  const folder = mkdtempSync(join(tmpdir(), "gristmill-parameters-"));
  const file = join(folder, "parameters.json");

  function overridden(chainId: number, content: unknown) {
    writeFileSync(file, JSON.stringify(content));
    return parametersFor(chainId, file);
  }

  function errorOf(content: unknown): GristmillError | undefined {
    try {
      overridden(DEVELOPMENT, content);
      return undefined;
    } catch (error) {
      if (error instanceof GristmillError) return error;
      throw error;
    }
  }

  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("creates GRIST for the deployer on development chains only", () => {
    expect(parametersFor(DEVELOPMENT).token.genesis).to.equal(10n ** 24n);
    expect(parametersFor(PUBLIC).token.genesis).to.equal(0n);
  });

  it("never lets the emission of all time pass the cap", () => {
    for (const chainId of [DEVELOPMENT, PUBLIC]) {
      const { token, mint, openMint, fillers } = parametersFor(chainId);
      const halves = [
        mint.halvingEpochs * mint.initialEmission,
        openMint.halvingEpochs * openMint.initialEmission,
        (fillers.halvingEpochs / fillers.periodEpochs) * fillers.initialEmission,
      ];
      expect(halves.reduce((sum, half) => sum + 2n * half, token.genesis) <= token.cap).to.equal(true);
    }
  });

  it("replaces what the file names and keeps the rest", () => {
    const parameters = overridden(DEVELOPMENT, { mint: { initialTarget: (2n ** 255n).toString(), wantedClaims: 7 } });
    const { mint, ...rest } = parametersFor(DEVELOPMENT);
    expect(parameters).to.deep.equal({ ...rest, mint: { ...mint, initialTarget: 2n ** 255n, wantedClaims: 7n } });
  });

  it("names a parameter that does not exist, and those that do", () => {
    expect(errorOf({ mint: { target: 1 } })?.message).to.match(
      /mint: target is not a parameter; there are macsPerTicket/,
    );
    expect(errorOf({ toString: 1 })?.code).to.equal("DEPLOY_PARAMETER_INVALID");
  });

  for (const value of [1.5, -1, 2 ** 53, "0x10", "", null, {}]) {
    it(`refuses ${JSON.stringify(value)} for a whole number`, () => {
      expect(errorOf({ mint: { wantedClaims: value } })?.message).to.contain(
        "mint: wantedClaims is not a whole number",
      );
    });
  }

  it("refuses a number where a group of parameters belongs", () => {
    expect(errorOf({ mint: 3 })?.message).to.contain("mint is not an object");
  });

  it("refuses an unbonding delay within which stake could leave before it is challenged", () => {
    const error = errorOf({ stake: { unbondingDelay: 10 } });
    expect(error?.code).to.equal("DEPLOY_UNBONDING_TOO_SHORT");
  });
});
