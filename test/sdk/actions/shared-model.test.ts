import { readFile } from "node:fs/promises";

import { expect } from "chai";
import { artifacts, network } from "hardhat";
import type { EthereumProvider } from "hardhat/types/providers";
import type { Address } from "viem";
import { createWalletClient, custom, publicActions } from "viem";

import { deployModel } from "../../../scripts/deploy-model/deploy-model.ts";
import {
  addData,
  commitReport,
  encode,
  getContribution,
  isContractError,
  parseModelFile,
  predict,
  quoteAddData,
  readSharedModel,
  refundData,
  reportData,
  type SharedModelParts,
} from "../../../sdk/src/index.ts";
import { rejection } from "../../rejection.ts";
import { wait } from "../fixtures/local-suite.ts";

const FILE = "examples/shared-models/sentiment.json";
const DAY = 86_400n;

describe("actions on a shared model", function () {
  this.timeout(60_000);

  let provider: EthereumProvider;
  let model: SharedModelParts;
  let accounts: readonly Address[];

  function clientOf(account: Address) {
    const transport = custom(provider, { retryCount: 0 });
    return createWalletClient({ account, transport, pollingInterval: 20, cacheTime: 0 }).extend(publicActions);
  }

  before(async () => {
    const connection = await network.create();
    ({ provider } = connection);
    accounts = (await provider.request({ method: "eth_accounts" })) as readonly Address[];
    const fileText = await readFile(FILE, "utf8");
    const { trainer } = await deployModel({
      artifacts,
      connection: { provider, networkName: "test" },
      name: "sentiment",
      file: parseModelFile(fileText),
      fileText,
      recordFile: undefined,
      say: () => undefined,
    });
    model = await readSharedModel(clientOf(accounts[1]!), trainer);
  });

  it("add a sample for the quoted deposit, and refund it when the model agrees", async () => {
    const client = clientOf(accounts[1]!);
    const author = client.account.address;
    const sample = { data: encode(model.encoder, "a wonderful film"), classification: 1n };
    expect(await predict(client, model, sample.data)).to.deep.equal({ index: 1, name: "Positive" });
    const quote = await quoteAddData(client, model);
    const { deposit, addedTime } = await addData(client, { model, ...sample, offer: 2n * quote });
    expect(deposit > 0n && deposit <= quote).to.equal(true);
    const contribution = { ...sample, addedTime, author };
    expect(await getContribution(client, { model, ...contribution })).to.include({ claimable: deposit, claims: 0n });

    const early = await rejection(refundData(client, { model, ...sample, addedTime }));
    if (!isContractError(early, "Stakeable64_TooEarly")) expect.fail(String(early));
    await wait(provider, early.args.claimableFrom - addedTime);
    expect((await refundData(client, { model, ...sample, addedTime })).amount).to.equal(deposit);
    expect(await getContribution(client, { model, ...contribution })).to.include({ claimable: 0n, claims: 1n });
  });

  it("announce a report of a bad sample, and are paid for it when it is made again", async () => {
    const author = clientOf(accounts[2]!);
    const reporter = clientOf(accounts[1]!);
    const data = encode(model.encoder, "a wonderful film");
    const bad = { data, classification: 0n };
    const { addedTime } = await addData(author, { model, ...bad });
    const contribution = { ...bad, addedTime, author: author.account.address };
    const early = await rejection(reportData(reporter, { model, ...contribution }));
    if (!isContractError(early, "Stakeable64_TooEarly")) expect.fail(String(early));
    await wait(provider, early.args.claimableFrom - addedTime);
    const announced = (await reportData(reporter, { model, ...contribution })).outcome;
    if (announced.kind !== "announced") expect.fail("the first report was paid at once");
    const { timestamp } = await reporter.getBlock();
    await wait(provider, announced.payableFrom - timestamp);
    const { outcome } = await reportData(reporter, { model, ...contribution });
    expect(outcome).to.have.property("kind", "paid");
    expect(outcome.kind === "paid" && outcome.amount > 0n).to.equal(true);
  });

  it("commit to a report without showing it", async () => {
    const client = clientOf(accounts[1]!);
    const reporter = client.account.address;
    const sample = { data: encode(model.encoder, "dull"), classification: 1n };
    const salt = `0x${"11".repeat(32)}` as const;
    const contribution = { ...sample, addedTime: 1n, author: accounts[2]! };
    const { payableFrom } = await commitReport(client, { model, reporter, salt, ...contribution });
    const { timestamp } = await client.getBlock();
    expect(payableFrom > timestamp && payableFrom < timestamp + 365n * DAY).to.equal(true);
  });
});
