import { expect } from "chai";
import { isAddressEqual, parseEther, zeroHash } from "viem";

import {
  announceScore,
  batchChunks,
  batchLeaf,
  BountyStage,
  callsOf,
  commitModel,
  commitTestSet,
  datasetRoot,
  encodeProgram,
  enterExactBounty,
  evaluate,
  getExactBounty,
  getExactEntry,
  gristTokenAbi,
  initialWeights,
  isContractError,
  narrowWeights,
  postExactBounty,
  publishModel,
  publishScoringSet,
  ScoringMode,
  stake,
  stateId,
  transferGrist,
  weightChunks,
  weightIds,
} from "../../../sdk/src/index.ts";
import { rejection } from "../../rejection.ts";
import { program, randomBatch, seededRandom } from "../fixtures/programs.ts";
import { startLocalSuite, wait } from "../fixtures/local-suite.ts";

const GRIST = parseEther("1");
const SECONDS = 60;
const PROGRAM = program({
  sizes: [5, 4, 3],
  shift: [6, 5],
  back: [0, 3],
  tau: [9, 9],
  initBound: [9_000, 9_000],
  batch: 3,
});

describe("actions on exact bounties", function () {
  this.timeout(60_000);

  it("post one, enter it, publish its set, announce a score and publish the model", async () => {
    const { suite, provider, clientOf, accounts } = await startLocalSuite();
    const [deployer, posting, hunting] = accounts.map((account) => clientOf(account));
    const [poster, hunter] = [posting!, hunting!];
    for (const { account } of [poster, hunter])
      await transferGrist(deployer!, { suite, to: account.address, amount: 100n * GRIST });
    const { GristToken, ExactBounties } = suite.contracts;
    const approval = { address: GristToken, abi: gristTokenAbi, functionName: "approve" } as const;
    await poster.writeContract({ ...approval, chain: null, args: [ExactBounties, 50n * GRIST] });
    await stake(hunter, { suite, amount: 20n * GRIST });

    const random = seededRandom(1);
    const batches = [randomBatch(PROGRAM, random), randomBatch(PROGRAM, random)];
    const secret = { testRoot: datasetRoot(batches.map(batchLeaf)), testBatches: batches.length, salt: zeroHash };
    const encoded = encodeProgram(PROGRAM);
    const times = { entry: SECONDS, unsealing: SECONDS, announcing: SECONDS, reveal: SECONDS, challenge: SECONDS };
    const { bountyId } = await postExactBounty(poster, {
      suite,
      parameters: {
        salt: zeroHash,
        specHash: zeroHash,
        scoringCommitment: commitTestSet(secret),
        manifest: "bafkqaaa",
        program: encoded,
        testBatches: 0,
        scoring: ScoringMode.Sealed,
        bounty: 50n * GRIST,
        entryStake: 20n * GRIST,
        durations: times,
      },
    });
    const weights = narrowWeights(initialWeights(PROGRAM, zeroHash));
    const commitment = commitModel(bountyId, hunter.account.address, stateId(PROGRAM, weights), zeroHash);
    const { entry } = await enterExactBounty(hunter, { suite, bountyId, commitment });
    const { correct, loss, root } = evaluate(PROGRAM, weights, batches);
    const score = { correct, loss: BigInt(loss), root };
    const early = await rejection(announceScore(hunter, { suite, bountyId, entry, score }));
    if (!isContractError(early, "Bounty_WrongStage")) expect.fail(String(early));

    await wait(provider, BigInt(SECONDS));
    for (const chunks of callsOf(batchChunks(batches)))
      await publishScoringSet(poster, { suite, bountyId, set: { ...secret, program: encoded }, batches: chunks });
    await announceScore(hunter, { suite, bountyId, entry, score });
    await wait(provider, BigInt(SECONDS));
    const model = { program: encoded, weights: weightIds(PROGRAM, weights), salt: zeroHash };
    for (const chunks of callsOf(weightChunks(PROGRAM, weights)))
      await publishModel(hunter, { suite, bountyId, model, chunks });

    expect(await getExactBounty(hunter, { suite, bountyId })).to.include({
      stage: BountyStage.Challenge,
      candidate: entry,
      testRoot: secret.testRoot,
    });
    const published = await getExactEntry(hunter, { suite, bountyId, entry });
    expect(isAddressEqual(published.owner, hunter.account.address)).to.equal(true);
    expect(published.stateId).to.equal(stateId(PROGRAM, weights));
    expect(published.score).to.deep.equal(score);
  });
});
