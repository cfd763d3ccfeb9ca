import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import { bytesToHex } from "viem";

import { createTensHasher, type TensHasher } from "../../../oracle/src/tenshash/index.ts";
import { snapshot } from "../../gas/snapshot.ts";
import { ethers, loadFixture, Role } from "../tasks/scenario.ts";
import { COURT, DisputeState, isConvicted, MINER_STAKE } from "./court-scene.ts";
import {
  challenge,
  claim,
  COLS,
  drawn,
  ETHER,
  expire,
  firstFalse,
  flipped,
  neuronOf,
  type Outcome,
  OUTPUT_LAYER,
  reveal,
} from "./tens-hash-claims.ts";

const Side = { Challenger: 0n, Defender: 1n } as const;

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
      const made = await claim(scene, claimed);
      const disputeId = await challenge(scene, made);
      expect((await registry.placeOf(taskId, Role.Miner, 0)).suspended).to.equal(true);
      await expect(reveal(scene, disputeId, made, claimed.trace))
        .to.emit(tensHashGame, "TraceRevealed")
        .withArgs(disputeId, bytesToHex(claimed.trace));

      const { layer, index } = firstFalse(claimed, truth);
      await expect(
        tensHashGame.connect(client).prove(disputeId, made.question, ...neuronOf(claimed.trace, layer, index)),
      )
        .to.emit(court, "DisputeDecided")
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
    const made = await claim(scene, truth);
    const disputeId = await challenge(scene, made);
    await reveal(scene, disputeId, made, truth.trace);
    for (const [layer, index] of [
      [0, 0],
      [0, 1023],
      [1, 5],
      [33, 700],
      [64, 1023],
      [65, 0],
      [65, 255],
    ] as const) {
      await expect(tensHashGame.prove(disputeId, made.question, ...neuronOf(truth.trace, layer, index)))
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
    const made = await claim(scene, truth);
    const disputeId = await challenge(scene, made);
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
        game.reveal(disputeId, made.question, truth.trace, signature, { value: ETHER }),
      ).to.be.revertedWithCustomError(court, "Court_NotTheDefender");
    await game.reveal(disputeId, made.question, truth.trace, await signBy(operator), { value: ETHER });
    expect((await court.disputeOf(disputeId)).turn).to.equal(Side.Challenger);
  });

  it("takes no other trace than the claimed one, and no proof before it is revealed", async () => {
    const scene = await loadFixture(drawn);
    const { tensHashGame } = scene;
    const claimed = { ...truth, y: flipped(truth.y, 3) };
    const made = await claim(scene, claimed);
    const disputeId = await challenge(scene, made);
    await expect(reveal(scene, disputeId, made, flipped(truth.trace, 0))).to.be.revertedWithCustomError(
      tensHashGame,
      "TensHashGame_WrongTrace",
    );
    await expect(reveal(scene, disputeId, made, truth.trace.subarray(1)))
      .to.be.revertedWithCustomError(tensHashGame, "TensHashGame_WrongLength")
      .withArgs(8_319, 8_320);
    const { layer, index } = firstFalse(claimed, truth);
    await expect(tensHashGame.prove(disputeId, made.question, ...neuronOf(truth.trace, layer, index)))
      .to.be.revertedWithCustomError(tensHashGame, "TensHashGame_WrongStates")
      .withArgs(disputeId, layer);
    await reveal(scene, disputeId, made, truth.trace);
    const [, , states, proof] = neuronOf(truth.trace, 7, 0);
    await expect(tensHashGame.prove(disputeId, made.question, 8, 0, states, proof)).to.be.revertedWithCustomError(
      tensHashGame,
      "TensHashGame_WrongStates",
    );
    await expect(tensHashGame.prove(disputeId, made.question, 7, 1024, states, proof))
      .to.be.revertedWithCustomError(tensHashGame, "TensHash_NoNeuron")
      .withArgs(7, 1024);
  });

  it("hears nothing but claims that were made, with the details that they were made with", async () => {
    const scene = await loadFixture(drawn);
    const { tensHashGame } = scene;
    const made = await claim(scene, truth);
    const { details, question } = made;
    await expect(
      tensHashGame.challenge({ ...details, y: details.traceId }, { value: ETHER }),
    ).to.be.revertedWithCustomError(tensHashGame, "TensHashGame_NotClaimed");
    const disputeId = await challenge(scene, made);
    const altered = { ...question, y: question.traceId };
    await expect(reveal(scene, disputeId, { details, question: altered }, truth.trace)).to.be.revertedWithCustomError(
      tensHashGame,
      "TensHashGame_WrongQuestion",
    );
    await expect(
      tensHashGame.prove(disputeId, altered, ...neuronOf(truth.trace, OUTPUT_LAYER, 0)),
    ).to.be.revertedWithCustomError(tensHashGame, "TensHashGame_WrongStates");
  });

  it("lets a friend who loses on purpose launder nothing, and pays nobody who challenges itself", async () => {
    const scene = await loadFixture(drawn);
    const { tensHashGame, court, stakes, token, owner, challenger, client } = scene;
    const claimed = { ...truth, y: flipped(truth.y, 3) };
    const made = await claim(scene, claimed);
    const friendly = await challenge(scene, made, client);
    const waiting = await challenge(scene, made);
    await reveal(scene, friendly, made, claimed.trace);
    await expire(scene, friendly);
    await court.close(friendly);
    expect((await court.disputeOf(waiting)).state).to.equal(DisputeState.Open);

    await reveal(scene, waiting, made, claimed.trace);
    const { layer, index } = firstFalse(claimed, truth);
    await tensHashGame.prove(waiting, made.question, ...neuronOf(claimed.trace, layer, index));
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
      const made = await claim(scene, claimed);
      const game = scene.tensHashGame.connect(scene.challenger);
      const disputeId = await game.challenge.staticCall(made.details, { value: ETHER });
      const moves = [
        ["challenge", await game.challenge(made.details, { value: ETHER })],
        ["reveal", await reveal(scene, disputeId, made, claimed.trace)],
        [
          `prove, ${name}`,
          await (() => {
            const { layer, index } = firstFalse(claimed, truth);
            return game.prove(disputeId, made.question, ...neuronOf(claimed.trace, layer, index));
          })(),
        ],
      ] as const;
      for (const [move, sent] of moves) figures[move] = (await sent.wait())!.gasUsed;
    }
    // Zero bytes of states and ids are cheaper, and those follow from the chain's randomness: rounded up to 5,000.
    for (const [move, gas] of Object.entries(figures))
      snapshot(
        `tens-hash-game: ${move}`,
        ((gas + 4_999n) / 5_000n) * 5_000n,
        move.startsWith("prove") ? 160_000n : 600_000n,
      );
  });
});
