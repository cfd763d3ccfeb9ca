import {
  buildMarketModel,
  commitToPortion,
  drawPortion,
  openMarket,
  parseSuite,
  revealPortion,
  type TestPortion,
} from "@gristmill/sdk";
import { artifacts } from "hardhat";
import type { Abi, Address, Hex } from "viem";
import { createWalletClient, encodeDeployData, http, keccak256, numberToHex, size, slice, toHex } from "viem";
import { hardhat } from "viem/chains";

import { ChainWriter } from "../../scripts/deploy-model/chain-writer.ts";
import type { DeploymentRecord } from "../../scripts/deploy/record.ts";
import type { LocalNode } from "../scripts/deploy/local-node.ts";

/** Seconds. */
const WINDOWS = { reveal: 3_600, scoring: 7_200, claim: 86_400 };
/** Wei and seconds: long enough for the days that pass in tests of other pages. */
const TERMS = { stake: 10n ** 15n, participation: 30 * 86_400, minContributions: 1, maxLength: 4 };
const BOUNTY = 10n ** 17n;

/** Blocks after which the beacon's random block is mined in any case. */
const DRAW_BLOCKS = 64;

const PORTIONS: readonly TestPortion[] = [0n, 1n].map((value) => ({
  data: [[value]],
  labels: [1n],
  salt: keccak256(toHex(`salt ${value}`)),
}));

/** A prediction market of the chain's first account that takes samples: the first portion of its test set is revealed. */
export async function deployMarket(chain: LocalNode, record: DeploymentRecord): Promise<Address> {
  const provider = {
    request: async ({ method, params }: { readonly method: string; readonly params?: unknown }) =>
      chain.request(method, ...((params as readonly unknown[] | undefined) ?? [])),
  };
  const writer = await ChainWriter.of(provider, "localhost");
  const deploy = async (name: string, args: readonly unknown[] = []): Promise<Address> => {
    const address = await writer.nextAddress();
    await writer.deploy(await artifacts.readArtifact(name), args);
    return address;
  };

  const recipe = await deploy("ModelRecipe");
  const { abi: recipeAbi } = await artifacts.readArtifact("ModelRecipe");
  const { abi, bytecode } = await artifacts.readArtifact("TableModel");
  const code = encodeDeployData({ abi: abi as Abi, bytecode: bytecode as Hex, args: [2n] });
  for (const [name, args] of [
    ["addCode", [slice(code, 0, size(code) >> 1)]],
    ["addCode", [slice(code, size(code) >> 1)]],
    ["seal", []],
  ] as const)
    await writer.call(recipe, recipeAbi as Abi, name, args);
  const market = await deploy("PredictionMarket64", [recipe, record.contracts.EpochBeacon, WINDOWS]);

  const client = createWalletClient({ chain: hardhat, transport: http(chain.url), account: writer.account });
  await openMarket(client, { market, terms: TERMS, bounty: BOUNTY, commitments: PORTIONS.map(commitToPortion) });
  await buildMarketModel(client, { market, steps: 10n });
  await chain.request("hardhat_mine", numberToHex(DRAW_BLOCKS));
  const { portion } = await drawPortion(client, { market, suite: parseSuite(record) });
  await revealPortion(client, { market, portion, opening: PORTIONS[Number(portion)]! });
  return market;
}
