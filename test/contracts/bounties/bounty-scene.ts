import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { network } from "hardhat";

import type { GristToken } from "../../../types/ethers-contracts/index.js";
import type { BountyParametersStruct } from "../../../types/ethers-contracts/interfaces/IBountyBoard.js";

export const connection = await network.create();
export const { ethers, networkHelpers } = connection;

export const GRIST = 10n ** 18n;
export const STAKED = 500n * GRIST;
export const BOUNTY = 100n * GRIST + 1n;
export const ENTRY_STAKE = 30n * GRIST;
/** A tenth of the bounty. */
export const VOTER_PAY = BOUNTY / 10n;
export const QUORUM_BPS = 4_000n;

/** Contracts' enums by their names. */
export const Stage = {
  Entry: 1n,
  Unsealing: 2n,
  Announcing: 3n,
  Reveal: 4n,
  Vote: 5n,
  Opening: 6n,
  Challenge: 7n,
  Paid: 8n,
  Undecided: 9n,
  Returned: 10n,
  Withheld: 11n,
} as const;
export const Scoring = { Open: 0n, Sealed: 1n } as const;
export const Verdict = { None: 0n, Honest: 1n, False: 2n, Unavailable: 3n } as const;
export const Status = { None: 0n, Committed: 1n, Announced: 2n, Struck: 3n, Released: 4n } as const;

export const SALT = ethers.id("salt");
export const SCORING_SET = { hash: ethers.id("scoring set"), salt: ethers.id("scoring salt") } as const;
const abi = ethers.AbiCoder.defaultAbiCoder();

export function bountyParameters(overrides: Partial<BountyParametersStruct> = {}): BountyParametersStruct {
  return {
    salt: ethers.id("bounty"),
    specHash: ethers.id("spec"),
    scoringCommitment: SCORING_SET.hash,
    manifest: "bafymanifest",
    scoring: Scoring.Open,
    bounty: BOUNTY,
    entryStake: ENTRY_STAKE,
    tolerance: 1_000,
    durations: { entry: 1_000, unsealing: 2_000, announcing: 3_000, reveal: 4_000, vote: 5_000, opening: 6_000 },
    ...overrides,
  };
}

export const SEALED: Partial<BountyParametersStruct> = {
  scoring: Scoring.Sealed,
  scoringCommitment: ethers.keccak256(abi.encode(["bytes32", "bytes32"], [SCORING_SET.hash, SCORING_SET.salt])),
};

/** The hash of the model that an entrant's nickname stands for. */
export function modelHash(name: string): string {
  return ethers.id(`model ${name}`);
}

export function commitmentOf(bountyId: string, owner: { readonly address: string }, name: string): string {
  const types = ["bytes32", "address", "bytes32", "bytes32"];
  return ethers.keccak256(abi.encode(types, [bountyId, owner.address, modelHash(name), SALT]));
}

/** The board on a fresh chain; three verifiers of weights 20, 30 and 50 in the pool since the epoch before. */
export async function deployBoard() {
  const token = await ethers.deployContract("GristToken", [
    10n ** 9n * GRIST,
    [(await ethers.getSigners())[0]!],
    [10n ** 6n * GRIST],
  ]);
  return deployAround(token);
}

/** The same around any token of which the first account has enough. */
export async function deployAround(token: GristToken) {
  const [deployer, poster, ann, bob, cid, ...others] = await ethers.getSigners();
  const [small, middle, large, stranger] = others;
  const beacon = await ethers.deployContract("EpochBeacon", [
    {
      epochBlocks: 12n,
      seedDelay: 2n,
      provingWindow: 20n,
      attestationBlocks: 2n,
      attestationRounds: 1n,
      challengeBlocks: 3n,
    },
  ]);
  const stakes = await ethers.deployContract("StakeManager", [token, 86_400]);
  const pool = await ethers.deployContract("VerifierPool", [stakes, beacon, GRIST]);
  const board = await ethers.deployContract("BountyBoard", [
    token,
    stakes,
    beacon,
    pool,
    { quorumBps: QUORUM_BPS, voterPayBps: 1_000 },
  ]);
  await stakes.wire([pool, board]);
  const actors = [poster!, ann!, bob!, cid!, small!, middle!, large!, stranger!];
  for (const actor of actors) {
    if (actor !== deployer) await token.transfer(actor, 3_000n * GRIST);
    await token.connect(actor).approve(stakes, STAKED);
    await stakes.connect(actor).stake(STAKED);
    await token.connect(actor).approve(board, 1_000n * GRIST);
  }
  const weights = [20n, 30n, 50n];
  for (const [index, voter] of [small!, middle!, large!].entries())
    await pool.connect(voter).enlist(weights[index]! * GRIST, voter);
  await networkHelpers.mine(12);
  return {
    token,
    beacon,
    stakes,
    pool,
    board,
    poster: poster!,
    ann: ann!,
    bob: bob!,
    cid: cid!,
    small: small!,
    middle: middle!,
    large: large!,
    stranger: stranger!,
    actors,
  };
}

export type Suite = Awaited<ReturnType<typeof deployBoard>>;
export type Scene = Suite & { readonly bountyId: string };

export async function postBounty(suite: Suite, overrides: Partial<BountyParametersStruct> = {}): Promise<Scene> {
  const parameters = bountyParameters(overrides);
  const own = suite.board.connect(suite.poster);
  const bountyId = await own.post.staticCall(parameters);
  await own.post(parameters);
  return { ...suite, bountyId };
}

/** Commits a model named like its owner's turn; resolves with the entry's number. */
export async function enter(scene: Scene, owner: HardhatEthersSigner, name: string): Promise<number> {
  const own = scene.board.connect(owner);
  const commitment = commitmentOf(scene.bountyId, owner, name);
  const entry = await own.enter.staticCall(scene.bountyId, commitment);
  await own.enter(scene.bountyId, commitment);
  return Number(entry);
}

export async function enterWith(scene: Scene, owner: HardhatEthersSigner, name: string, loss: bigint): Promise<number> {
  const entry = await enter(scene, owner, name);
  await scene.board.connect(owner).announce(scene.bountyId, entry, loss);
  return entry;
}

export async function reveal(scene: Scene, owner: HardhatEthersSigner, name: string): Promise<void> {
  await scene.board.connect(owner).reveal(scene.bountyId, modelHash(name), SALT, "bafymodel");
}

export function sealOf(
  bountyId: string,
  entry: bigint,
  voter: { readonly address: string },
  verdict: bigint,
  salt = SALT,
): string {
  const types = ["bytes32", "uint32", "address", "uint8", "bytes32"];
  return ethers.keccak256(abi.encode(types, [bountyId, entry, voter.address, verdict, salt]));
}

/** Seals a verdict on the candidate. */
export async function sealVote({ board, bountyId }: Scene, voter: HardhatEthersSigner, verdict: bigint): Promise<void> {
  const { candidate } = await board.bountyOf(bountyId);
  await board.connect(voter).sealVote(bountyId, sealOf(bountyId, candidate, voter, verdict));
}

/** Seals all verdicts, lets the sealing run out, and opens all but the last one, which it returns the sending of. */
export async function voteToTheLast(scene: Scene, votes: readonly (readonly [HardhatEthersSigner, bigint])[]) {
  const { board, bountyId } = scene;
  for (const [voter, verdict] of votes) await sealVote(scene, voter, verdict);
  if ((await stageOf(scene)) === Stage.Vote) await passStage(scene);
  for (const [voter, verdict] of votes.slice(0, -1)) await board.connect(voter).openVote(bountyId, verdict, SALT);
  const [voter, verdict] = votes.at(-1)!;
  return () => board.connect(voter).openVote(bountyId, verdict, SALT);
}

/** A whole vote: sealed, opened and decided. */
export async function decide(scene: Scene, verdict: bigint, ...voters: readonly HardhatEthersSigner[]): Promise<void> {
  const last = await voteToTheLast(
    scene,
    voters.map((voter) => [voter, verdict] as const),
  );
  await last();
}

/** Lets the stage run out and cranks. */
export async function passStage({ board, bountyId }: Scene): Promise<void> {
  const { stageEndsAt } = await board.bountyOf(bountyId);
  await networkHelpers.time.increaseTo(stageEndsAt);
  await board.advance(bountyId);
}

export async function stageOf({ board, bountyId }: Scene): Promise<bigint> {
  return (await board.bountyOf(bountyId)).stage;
}

/** Every account collects, releases and withdraws what it can; then the board holds no more than dust, and no stake. */
export async function emptyBoard(scene: Scene): Promise<bigint> {
  const { board, bountyId, actors, token, stakes } = scene;
  const { entryCount } = await board.bountyOf(bountyId);
  for (let entry = 0n; entry < entryCount; entry++) {
    const { status } = await board.entryOf(bountyId, entry);
    if (status === Status.Committed || status === Status.Announced) await board.release(bountyId, entry);
    const { outcome } = await board.ballotOf(bountyId, entry);
    if (outcome === Verdict.None) continue;
    for (const actor of actors)
      await board
        .connect(actor)
        .collect(bountyId, entry)
        .catch(() => undefined);
  }
  for (const actor of actors) if ((await board.creditOf(actor)) > 0n) await board.connect(actor).withdraw();
  for (const actor of actors) {
    const locked = await stakes.lockedFor(actor, board, bountyId);
    if (locked !== 0n) return locked;
  }
  return token.balanceOf(board);
}
