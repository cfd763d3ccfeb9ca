import { matrix, merkleProof, tensHashTraceId, tensorLeaves, ticketInput } from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import type { Hex } from "viem";
import { bytesToHex } from "viem";

import { createTensHasher, type TensHasher } from "../../../oracle/src/tenshash/index.ts";
import { snapshot } from "../../gas/snapshot.ts";
import { type ClaimDetails, detailsOf, planWork } from "../helpers/committed-work.ts";
import { headerOf } from "../helpers/header.ts";
import { ethers, loadFixture, networkHelpers, provider, Role } from "../tasks/scenario.ts";
import { COURT, DisputeState, inCourt, isConvicted, MINER_STAKE } from "./court-scene.ts";
import { SEGMENT_LENGTH } from "./honest-slots.ts";

const ETHER = 10n ** 18n;
const ROWS = 65;
const COLS = 128;
const OUTPUT_LAYER = 65;
const NOTHING = { leaf: "0x", proof: [] as Hex[] };
const Side = { Challenger: 0n, Defender: 1n } as const;

/** What slot 0 claims: the outcome of its ticket, true or not. */
interface Outcome {
  readonly y: Uint8Array;
  readonly trace: Uint8Array;
}

/** Slot 0 has committed four iterations, and the epoch's seed is proven. */
async function drawn() {
  const scene = await inCourt();
  const { beacon, registry, workMint, miners, taskId, stranger } = scene;
  const { owner, operator } = miners[0]!;
  const epoch = await beacon.currentEpoch();
  const worker = { ethers, owner, operator, registry };
  const plan = { taskId: taskId as Hex, epoch, slot: 0, first: 0, last: 3, segmentLength: SEGMENT_LENGTH };
  const work = planWork(worker, plan);
  const commits = registry.connect(operator);
  await commits.commit(taskId, 0, 3, (await work.claim(0)).segment.recordsRoot, work.segmentsRoot);
  const seedBlock = (await beacon.lastBlockOf(epoch)) + (await beacon.seedDelay());
  await networkHelpers.mineUpTo(seedBlock);
  await beacon.proveSeed(epoch, await headerOf(provider, seedBlock));
  const seed = await beacon.seedOf(epoch);

  const { chainId } = await ethers.provider.getNetwork();
  const { record, ticket } = await work.claim(2, 1);
  const input = ticketInput({
    chainId,
    mint: (await workMint.getAddress()) as Hex,
    taskId: taskId as Hex,
    miner: owner.address as Hex,
    slot: 0,
    index: record.index,
    work: record.work,
    ticket,
  });
  return { ...scene, seed, input, worker, work, owner, operator, challenger: stranger };
}

type Drawn = Awaited<ReturnType<typeof drawn>>;

/** Claims the ticket with this outcome. */
async function claim(scene: Drawn, { y, trace }: Outcome): Promise<ClaimDetails> {
  const honest = await scene.work.claim(2, 1);
  const claimed = { ...honest, y: bytesToHex(y), traceId: tensHashTraceId(trace) };
  await scene.workMint.connect(scene.operator).claim(claimed);
  return detailsOf(scene.worker, claimed);
}

async function challenge(scene: Drawn, details: ClaimDetails, by = scene.challenger): Promise<string> {
  const game = scene.tensHashGame.connect(by);
  const disputeId = await game.challenge.staticCall(details, { value: ETHER });
  await game.challenge(details, { value: ETHER });
  return disputeId;
}

function reveal(scene: Drawn, disputeId: string, details: ClaimDetails, trace: Uint8Array) {
  return scene.tensHashGame.connect(scene.operator).reveal(disputeId, details, trace, "0x", { value: ETHER });
}

function bit(state: Uint8Array, index: number): number {
  return (state[index >> 3]! >> (7 - (index & 7))) & 1;
}

function flipped(bytes: Uint8Array, index: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[index >> 3]! ^= 1 << (7 - (index & 7));
  return copy;
}

/** The proof that a neuron of the claimed trace, or of y, is `index` of `layer`. */
function neuronOf(trace: Uint8Array, layer: number, index: number) {
  const leaves = tensorLeaves(matrix("u8", ROWS, COLS, trace));
  const open = (row: number) => ({
    leaf: bytesToHex(trace.subarray(row * COLS, (row + 1) * COLS)),
    proof: merkleProof(leaves, row),
  });
  return {
    layer,
    index,
    before: layer === 0 ? NOTHING : open(layer - 1),
    claimed: layer === OUTPUT_LAYER ? NOTHING : open(layer),
  };
}

/** The first neuron in which the claimed outcome is not the true one. */
function firstFalse(claimed: Outcome, truth: Outcome): { layer: number; index: number } {
  for (let layer = 0; layer < ROWS; layer++) {
    const row = (trace: Uint8Array) => trace.subarray(layer * COLS, (layer + 1) * COLS);
    const index = indices(8 * COLS).find((at) => bit(row(claimed.trace), at) !== bit(row(truth.trace), at));
    if (index !== undefined) return { layer, index };
  }
  const [y, trueY] = [Uint8Array.from(claimed.y).reverse(), Uint8Array.from(truth.y).reverse()];
  return { layer: OUTPUT_LAYER, index: indices(256).find((at) => bit(y, at) !== bit(trueY, at))! };
}

function indices(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

async function expire(scene: Drawn, disputeId: string): Promise<void> {
  const { movesUntil } = await scene.court.disputeOf(disputeId);
  await networkHelpers.time.increaseTo(movesUntil + 1n);
  await scene.court.expire(disputeId);
}

describe("TensHashGame", function () {
  let hasher: TensHasher;
  let truth: Outcome;

  before(async () => {
    hasher = await createTensHasher("wasm");
    const { seed, input } = await loadFixture(drawn);
    await hasher.setSeed(ethers.getBytes(seed));
    truth = { y: (await hasher.hash([input]))[0]!, trace: await hasher.trace(input) };
  });

  after(() => hasher.dispose());

  const lies: Readonly<Record<string, (truth: Outcome) => Outcome>> = {
    "whose y is wrong in one bit": ({ y, trace }) => ({ y: flipped(y, 77), trace }),
    "whose y is right and one state of the trace is not": ({ y, trace }) => ({
      y,
      trace: flipped(trace, 8 * COLS * 40 + 333),
    }),
    "whose last state is wrong": ({ y, trace }) => ({ y, trace: flipped(trace, 8 * COLS * 64 + 1023) }),
    "whose expansion is wrong": ({ y, trace }) => ({ y, trace: flipped(trace, 512) }),
    "that says nothing true": ({ y, trace }) => ({
      y: Uint8Array.from(y).fill(1),
      trace: Uint8Array.from(trace).fill(0x55),
    }),
  };

  for (const [condition, lie] of Object.entries(lies)) {
    it(`convicts a slot for a claim ${condition}, by one neuron that anybody shows`, async () => {
      const scene = await loadFixture(drawn);
      const { tensHashGame, court, stakes, challenger, client, registry, taskId } = scene;
      const claimed = lie(truth);
      const details = await claim(scene, claimed);
      const disputeId = await challenge(scene, details);
      expect((await registry.placeOf(taskId, Role.Miner, 0)).suspended).to.equal(true);
      await expect(reveal(scene, disputeId, details, claimed.trace))
        .to.emit(tensHashGame, "TraceRevealed")
        .withArgs(disputeId, bytesToHex(claimed.trace));

      const { layer, index } = firstFalse(claimed, truth);
      await expect(tensHashGame.connect(client).prove(disputeId, details, neuronOf(claimed.trace, layer, index)))
        .to.emit(tensHashGame, "NeuronRefuted")
        .withArgs(disputeId, layer, index)
        .and.to.emit(court, "DisputeDecided")
        .withArgs(disputeId, Side.Challenger, false);
      const free = await stakes.freeOf(challenger);
      await court.close(disputeId);
      expect(await isConvicted(scene, 0)).to.equal(true);
      expect((await stakes.freeOf(challenger)) - free).to.equal(COURT.bond + MINER_STAKE / 4n);
      expect(await court.creditOf(challenger)).to.equal(2n * ETHER);
    });
  }

  it("finds no false neuron in an honest claim, whose challenger loses its bond and deposit", async () => {
    const scene = await loadFixture(drawn);
    const { tensHashGame, court, stakes, challenger, operator, owner } = scene;
    const details = await claim(scene, truth);
    const disputeId = await challenge(scene, details);
    await reveal(scene, disputeId, details, truth.trace);
    for (const [layer, index] of [
      [0, 0],
      [0, 1023],
      [1, 5],
      [33, 700],
      [64, 1023],
      [65, 0],
      [65, 255],
    ] as const) {
      await expect(tensHashGame.prove(disputeId, details, neuronOf(truth.trace, layer, index)))
        .to.be.revertedWithCustomError(tensHashGame, "TensHashGame_NeuronAgrees")
        .withArgs(layer, index);
    }
    await expire(scene, disputeId);
    const [mine, theirs] = [await stakes.freeOf(owner), await stakes.freeOf(challenger)];
    await court.close(disputeId);
    expect(await isConvicted(scene, 0)).to.equal(false);
    expect(await court.creditOf(operator)).to.equal(2n * ETHER);
    expect((await stakes.freeOf(owner)) - mine).to.equal(COURT.bond / 2n);
    expect(await stakes.freeOf(challenger)).to.equal(theirs);
  });

  it("convicts a slot that reveals nothing in time", async () => {
    const scene = await loadFixture(drawn);
    const disputeId = await challenge(scene, await claim(scene, truth));
    await expire(scene, disputeId);
    await scene.court.close(disputeId);
    expect(await isConvicted(scene, 0)).to.equal(true);
  });

  it("takes the trace from anybody who has the operator's signature, and from nobody else", async () => {
    const scene = await loadFixture(drawn);
    const { tensHashGame, court, operator, client } = scene;
    const details = await claim(scene, truth);
    const disputeId = await challenge(scene, details);
    const { chainId } = await ethers.provider.getNetwork();
    const domain = { name: "Gristmill Court", version: "1", chainId, verifyingContract: await court.getAddress() };
    const types = {
      Answer: [
        { name: "disputeId", type: "bytes32" },
        { name: "move", type: "uint32" },
        { name: "answer", type: "bytes32" },
      ],
    };
    const answer = { disputeId, move: 0, answer: ethers.keccak256(truth.trace) };
    const signBy = (signer: HardhatEthersSigner) => signer.signTypedData(domain, types, answer);
    const game = tensHashGame.connect(client);
    for (const signature of ["0x", await signBy(client)])
      await expect(
        game.reveal(disputeId, details, truth.trace, signature, { value: ETHER }),
      ).to.be.revertedWithCustomError(court, "Court_NotTheDefender");
    await game.reveal(disputeId, details, truth.trace, await signBy(operator), { value: ETHER });
    expect((await court.disputeOf(disputeId)).turn).to.equal(Side.Challenger);
  });

  it("takes no other trace than the claimed one, and no proof before it is revealed", async () => {
    const scene = await loadFixture(drawn);
    const { tensHashGame, court } = scene;
    const claimed = { ...truth, y: flipped(truth.y, 3) };
    const details = await claim(scene, claimed);
    const disputeId = await challenge(scene, details);
    await expect(reveal(scene, disputeId, details, flipped(truth.trace, 0))).to.be.revertedWithCustomError(
      tensHashGame,
      "TensHashGame_WrongTrace",
    );
    await expect(reveal(scene, disputeId, details, truth.trace.subarray(1)))
      .to.be.revertedWithCustomError(tensHashGame, "TensHashGame_WrongLength")
      .withArgs(8_319, 8_320);
    const { layer, index } = firstFalse(claimed, truth);
    await expect(tensHashGame.prove(disputeId, details, neuronOf(truth.trace, layer, index)))
      .to.be.revertedWithCustomError(court, "Court_NotYourTurn")
      .withArgs(disputeId, Side.Defender);
  });

  it("hears nothing but claims that were made, with the details that they were made with", async () => {
    const scene = await loadFixture(drawn);
    const { tensHashGame } = scene;
    const details = await claim(scene, truth);
    const altered = { ...details, y: details.traceId };
    await expect(tensHashGame.challenge(altered, { value: ETHER })).to.be.revertedWithCustomError(
      tensHashGame,
      "TensHashGame_NotClaimed",
    );
    const disputeId = await challenge(scene, details);
    await expect(reveal(scene, disputeId, altered, truth.trace)).to.be.revertedWithCustomError(
      tensHashGame,
      "TensHashGame_WrongClaim",
    );
    await expect(
      tensHashGame.prove(disputeId, altered, neuronOf(truth.trace, OUTPUT_LAYER, 0)),
    ).to.be.revertedWithCustomError(tensHashGame, "TensHashGame_WrongClaim");
  });

  it("lets a friend who loses on purpose launder nothing, and pays nobody who challenges itself", async () => {
    const scene = await loadFixture(drawn);
    const { tensHashGame, court, stakes, token, owner, challenger, client } = scene;
    const claimed = { ...truth, y: flipped(truth.y, 3) };
    const details = await claim(scene, claimed);
    const friendly = await challenge(scene, details, client);
    const waiting = await challenge(scene, details);
    await reveal(scene, friendly, details, claimed.trace);
    await expire(scene, friendly);
    await court.close(friendly);
    expect((await court.disputeOf(waiting)).state).to.equal(DisputeState.Open);

    await reveal(scene, waiting, details, claimed.trace);
    const { layer, index } = firstFalse(claimed, truth);
    await tensHashGame.prove(waiting, details, neuronOf(claimed.trace, layer, index));
    const [free, supply] = [await stakes.freeOf(owner), await token.totalSupply()];
    await court.close(waiting);
    expect(await isConvicted(scene, 0)).to.equal(true);
    expect(await stakes.freeOf(owner)).to.equal(free);
    expect(supply - (await token.totalSupply()) >= MINER_STAKE / 2n).to.equal(true);
    expect(await court.creditOf(challenger)).to.equal(2n * ETHER);
  });

  it("decides within 160,000 gas, whichever layer is wrong", async () => {
    const figures: Record<string, bigint> = {};
    const cases = { expansion: 512, hidden: 8 * COLS * 40 + 333 };
    const outcomes: [string, Outcome][] = [
      ["output", { ...truth, y: flipped(truth.y, 77) }],
      ...Object.entries(cases).map(([name, at]): [string, Outcome] => [
        name,
        { ...truth, trace: flipped(truth.trace, at) },
      ]),
    ];
    for (const [name, claimed] of outcomes) {
      const scene = await loadFixture(drawn);
      const details = await claim(scene, claimed);
      const game = scene.tensHashGame.connect(scene.challenger);
      const disputeId = await game.challenge.staticCall(details, { value: ETHER });
      const moves = [
        ["challenge", await game.challenge(details, { value: ETHER })],
        ["reveal", await reveal(scene, disputeId, details, claimed.trace)],
        [
          `prove, ${name}`,
          await (() => {
            const { layer, index } = firstFalse(claimed, truth);
            return game.prove(disputeId, details, neuronOf(claimed.trace, layer, index));
          })(),
        ],
      ] as const;
      for (const [move, sent] of moves) figures[move] = (await sent.wait())!.gasUsed;
    }
    for (const [move, gas] of Object.entries(figures))
      snapshot(`tens-hash-game: ${move}`, gas, move.startsWith("prove") ? 160_000n : 600_000n);
  });
});
