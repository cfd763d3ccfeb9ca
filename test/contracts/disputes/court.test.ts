import { expect } from "chai";
import type { Hex } from "viem";

import { WrongGradient } from "../../../scripts/demo/cheats/segment-cheats.ts";
import { ethers, GRIST, loadFixture, networkHelpers, Role } from "../tasks/scenario.ts";
import { type Arena, arena, challengeSegment, honestChain, logOf, type Players, playOn, sign } from "./arena.ts";
import { COURT, DisputeState } from "./court-scene.ts";

const MINER_STAKE = 30n * GRIST;
const ETHER = 10n ** 18n;

/** Slot 0 has signed two segments, and a false third. */
async function accused() {
  const where = await arena();
  const { truths, messages } = await honestChain(where, 0, 2, logOf(where, []));
  const lie = new WrongGradient().lie(truths[1]!);
  const honest: Players = { defender: truths[1]!, challenger: truths[1]! };
  const guilty: Players = { defender: lie, challenger: truths[1]! };
  return { where, message: messages[1]!, lied: await sign(where, lie.message), honest, guilty };
}

function place({ taskId }: Arena) {
  return { taskId, role: Role.Miner, index: 0 };
}

async function stateOf({ court }: Arena, disputeId: Hex): Promise<bigint> {
  return (await court.disputeOf(disputeId)).state;
}

async function free({ stakes }: Arena, account: { readonly address: string }): Promise<bigint> {
  return stakes.freeOf(account.address);
}

async function isSuspended({ registry, taskId }: Arena): Promise<boolean> {
  return (await registry.placeOf(taskId, Role.Miner, 0)).suspended;
}

describe("Court", () => {
  describe("the order of challenges", () => {
    it("starts one at a time, the next when the one before is closed, and holds the windows until none is left", async () => {
      const { where, message, honest } = await loadFixture(accused);
      const { court, verifier } = where;
      const first = await challengeSegment(where, message, honest);
      const second = await challengeSegment(where, message, { ...honest, by: verifier });
      expect(await stateOf(where, first.disputeId)).to.equal(DisputeState.Open);
      expect(await stateOf(where, second.disputeId)).to.equal(DisputeState.Waiting);
      expect(await court.waitingOn(place(where))).to.deep.equal([second.disputeId]);

      await playOn(where, first, message, honest);
      expect(await court.currentOf(place(where))).to.equal(second.disputeId);
      expect(await isSuspended(where)).to.equal(true);
      await playOn(where, second, message, { ...honest, by: verifier });
      expect(await court.currentOf(place(where))).to.equal(ethers.ZeroHash);
      expect(await isSuspended(where)).to.equal(false);
    });

    it("gives a waiting challenger everything back when it retracts, and nobody else may retract it", async () => {
      const { where, message, honest } = await loadFixture(accused);
      const { court, verifier, stranger, segmentGame } = where;
      await challengeSegment(where, message, honest);
      const before = await free(where, verifier);
      const { disputeId, moves } = await challengeSegment(where, message, { ...honest, by: verifier });
      await expect(court.connect(stranger).retract(disputeId)).to.be.revertedWithCustomError(
        court,
        "Court_NotTheChallenger",
      );
      await court.connect(verifier).retract(disputeId);
      expect(await free(where, verifier)).to.equal(before);
      expect(await court.creditOf(verifier)).to.equal(moves[0]!.deposit);
      expect(await court.waitingOn(place(where))).to.deep.equal([]);
      await expect(court.connect(verifier).retract(disputeId)).to.be.revertedWithCustomError(court, "Court_WrongState");
      expect(await segmentGame.stageOf(disputeId)).to.equal(0n);
    });

    it("does not let an open dispute be retracted", async () => {
      const { where, message, honest } = await loadFixture(accused);
      const { disputeId } = await challengeSegment(where, message, honest);
      const retract = where.court.connect(where.challenger).retract(disputeId);
      await expect(retract).to.be.revertedWithCustomError(where.court, "Court_WrongState");
    });

    it("ends with a conviction: what waited goes back to its challengers, by anybody's hand", async () => {
      const { where, lied, guilty } = await loadFixture(accused);
      const { court, verifier, stranger } = where;
      const first = await challengeSegment(where, lied, guilty);
      const before = await free(where, verifier);
      const second = await challengeSegment(where, lied, { ...guilty, by: verifier });
      expect((await playOn(where, first, lied, guilty)).winner).to.equal("challenger");
      await court.connect(stranger).retract(second.disputeId);
      expect(await free(where, verifier)).to.equal(before);
      expect(await court.creditOf(verifier)).to.equal(second.moves[0]!.deposit);
      await expect(challengeSegment(where, lied, guilty)).to.be.revertedWithCustomError(court, "Court_NotAccusable");
    });

    it("passes over more retracted challenges than one transaction looks at", async () => {
      const { where, message, honest } = await loadFixture(accused);
      const { court, verifier, stranger } = where;
      const first = await challengeSegment(where, message, honest);
      for (let n = 0; n < 66; n++) {
        const { disputeId } = await challengeSegment(where, message, { ...honest, by: verifier });
        await court.connect(verifier).retract(disputeId);
      }
      const last = await challengeSegment(where, message, { ...honest, by: verifier });
      await playOn(where, first, message, honest);
      expect(await stateOf(where, last.disputeId)).to.equal(DisputeState.Waiting);
      await court.connect(stranger).callNext(place(where));
      expect(await stateOf(where, last.disputeId)).to.equal(DisputeState.Open);
    });
  });

  describe("the price", () => {
    it("doubles with every challenge that was lost or waits, up to the place's stake", async () => {
      const { where, message, honest } = await loadFixture(accused);
      const { court, verifier } = where;
      expect(await court.bondFor(place(where))).to.equal(COURT.bond);
      const first = await challengeSegment(where, message, honest);
      expect(await court.bondFor(place(where))).to.equal(2n * COURT.bond);
      await challengeSegment(where, message, { ...honest, by: verifier });
      expect(await court.bondFor(place(where))).to.equal(4n * COURT.bond);
      await challengeSegment(where, message, { ...honest, by: verifier });
      expect(await court.bondFor(place(where))).to.equal(MINER_STAKE);
      await playOn(where, first, message, honest);
      expect(await court.bondFor(place(where))).to.equal(MINER_STAKE);
    });

    it("burns half of a lost bond and gives the rest to the place's owner, the deposits to its operator", async () => {
      const { where, message, honest } = await loadFixture(accused);
      const { court, token, miners } = where;
      const { owner, operator } = miners[0]!;
      const [before, supply] = [await free(where, owner), await token.totalSupply()];
      const { moves } = await playOn(where, await challengeSegment(where, message, honest), message, honest);
      expect(await free(where, owner)).to.equal(before + COURT.bond / 2n);
      expect(await token.totalSupply()).to.equal(supply - COURT.bond / 2n);
      const deposits = moves.reduce((sum, { deposit }) => sum + deposit, 0n);
      expect(await court.creditOf(operator)).to.equal(deposits);
      await expect(court.connect(operator).withdraw()).to.changeEtherBalance(ethers, operator, deposits);
      await expect(court.connect(operator).withdraw()).to.be.revertedWithCustomError(court, "Court_NothingToWithdraw");
    });

    it("includes a deposit for the other side's gas with each move", async () => {
      const { where, message } = await loadFixture(accused);
      const { court, segmentGame, challenger } = where;
      const zero = { ...message.segment, first: 0, last: 0 };
      const challenge = segmentGame
        .connect(challenger)
        .challenge(message.segment, message.signature, zero, { value: 0 });
      await expect(challenge).to.be.revert(ethers);
      expect(await court.depositFactor()).to.equal(2n);
    });
  });

  describe("time", () => {
    it("runs out for the side that is to move, not before, and then no move counts any more", async () => {
      const { where, message, honest } = await loadFixture(accused);
      const { court, segmentGame, stranger } = where;
      const { disputeId } = await challengeSegment(where, message, honest);
      await expect(court.expire(disputeId)).to.be.revertedWithCustomError(court, "Court_NotExpired");
      const { movesUntil } = await court.disputeOf(disputeId);
      await networkHelpers.time.increaseTo(movesUntil + 1n);
      const late = segmentGame.connect(stranger).chooseIteration(disputeId, 0, { value: ETHER });
      await expect(late).to.be.revertedWithCustomError(segmentGame, "Game_WrongStage");
      await court.connect(stranger).expire(disputeId);
      await expect(court.expire(disputeId)).to.be.revertedWithCustomError(court, "Court_WrongState");
      await court.close(disputeId);
      await expect(court.close(disputeId)).to.be.revertedWithCustomError(court, "Court_WrongState");
      expect((await where.registry.placeOf(where.taskId, Role.Miner, 0)).convicted).to.equal(true);
    });

    it("is bounded for all moves together, as on a chess clock", async () => {
      const { where, lied, guilty } = await loadFixture(accused);
      const dispute = await challengeSegment(where, lied, guilty);
      const allowed: number[] = [];
      await playOn(where, dispute, lied, {
        ...guilty,
        before: async (side) => {
          if (side !== "defender") return;
          const { movesUntil } = await where.court.disputeOf(dispute.disputeId);
          allowed.push(Number(movesUntil) - (await networkHelpers.time.latest()));
          await networkHelpers.time.increase(Number(COURT.moveSeconds) - 2);
        },
      });
      expect(allowed.length).to.equal(4);
      const { clocks } = await where.court.disputeOf(dispute.disputeId);
      expect(clocks[1]).to.be.lessThan(COURT.clockSeconds - 4n * (COURT.moveSeconds - 10n));
      expect(clocks[0]).to.be.greaterThan(COURT.clockSeconds - 60n);
    });
  });

  describe("answers", () => {
    async function answerOf(where: Arena, disputeId: Hex, honest: Players) {
      const { message, outcomes } = honest.defender;
      const parts = [message.records, outcomes.map((o) => o.stateId), outcomes.map((o) => o.residualId)] as const;
      const { args } = (
        await where.segmentGame.queryFilter(where.segmentGame.filters.SegmentChallenged(disputeId))
      )[0]!;
      return { segmentCase: args.segmentCase, parts };
    }

    async function signed(
      where: Arena,
      disputeId: Hex,
      parts: readonly unknown[],
      move = 0,
      by = where.miners[0]!.operator,
    ) {
      const record =
        "tuple(uint32 index,uint32 batch,bytes32 clockHash,bytes32 updateId,uint32 correct,uint32 loss,bytes32 work)[]";
      const encoded = ethers.AbiCoder.defaultAbiCoder().encode([record, "bytes32[]", "bytes32[]"], [...parts]);
      const { chainId } = await ethers.provider.getNetwork();
      const domain = {
        name: "Gristmill Court",
        version: "1",
        chainId,
        verifyingContract: await where.court.getAddress(),
      };
      const types = {
        Answer: [
          { name: "disputeId", type: "bytes32" },
          { name: "move", type: "uint32" },
          { name: "answer", type: "bytes32" },
        ],
      };
      return by.signTypedData(domain, types, { disputeId, move, answer: ethers.keccak256(encoded) });
    }

    function reveal(
      where: Arena,
      disputeId: Hex,
      answer: Awaited<ReturnType<typeof answerOf>>,
      signature: string,
      by = where.stranger,
    ) {
      const [records, states, residuals] = answer.parts;
      const plain = (value: unknown): unknown => (Array.isArray(value) ? value.map(plain) : value);
      return where.segmentGame
        .connect(by)
        .revealOutcomes(disputeId, plain(answer.segmentCase) as never, [...records], states, residuals, signature, {
          value: ETHER,
        });
    }

    it("come from owner, operator or delegate, and from a stranger only with a signature of this very move", async () => {
      const { where, message, honest } = await loadFixture(accused);
      const { court, miners, verifier, stranger } = where;
      const { disputeId } = await challengeSegment(where, message, honest);
      const answer = await answerOf(where, disputeId, honest);
      const refused = async (signature: string) =>
        expect(reveal(where, disputeId, answer, signature)).to.be.revertedWithCustomError(
          court,
          "Court_NotTheDefender",
        );
      await refused("0x");
      await refused(await signed(where, disputeId, answer.parts, 1));
      await refused(await signed(where, disputeId, answer.parts, 0, verifier));
      await refused(await signed(where, ethers.ZeroHash as Hex, answer.parts));

      const snapshot = await networkHelpers.takeSnapshot();
      await reveal(where, disputeId, answer, await signed(where, disputeId, answer.parts));
      await snapshot.restore();
      await reveal(where, disputeId, answer, "0x", miners[0]!.owner);
      await snapshot.restore();
      await court.connect(miners[0]!.operator).setDelegate(stranger, true);
      await reveal(where, disputeId, answer, "0x");
      await snapshot.restore();
      await court.connect(miners[0]!.operator).setDelegate(verifier, true);
      await reveal(where, disputeId, answer, await signed(where, disputeId, answer.parts, 0, verifier));
    });
  });

  describe("power", () => {
    it("to open, move, decide and convict is the wired games' and prosecutors' alone", async () => {
      const { where, message, honest } = await loadFixture(accused);
      const { court, stranger, miners } = where;
      const { disputeId } = await challengeSegment(where, message, honest);
      const as = court.connect(stranger);
      const claim = ethers.id("claim");
      await expect(as.open(place(where), stranger, claim, 0)).to.be.revertedWithCustomError(court, "Court_NotAGame");
      await expect(as.defenderMoves(disputeId, miners[0]!.operator, claim, "0x", 0)).to.be.revertedWithCustomError(
        court,
        "Court_NotAGame",
      );
      await expect(as.challengerMoves(disputeId, stranger, 0)).to.be.revertedWithCustomError(court, "Court_NotAGame");
      await expect(as.decideForChallenger(disputeId)).to.be.revertedWithCustomError(court, "Court_NotAGame");
      await expect(as.convict(place(where), stranger)).to.be.revertedWithCustomError(court, "Court_NotAProsecutor");
      await expect(as.wire([], [])).to.be.revertedWithCustomError(court, "Wired_NotDeployer");
      await expect(court.wire([], [])).to.be.revertedWithCustomError(court, "Wired_AlreadyWired");
    });

    it("is bound to parameters in their ranges", async () => {
      const { where } = await loadFixture(accused);
      const { registry, stakes, court } = where;
      for (const changes of [{ moveSeconds: 0 }, { clockSeconds: 599 }, { bond: 0 }]) {
        const deployment = ethers.deployContract("Court", [registry, stakes, { ...COURT, ...changes }]);
        await expect(deployment).to.be.revertedWithCustomError(court, "Court_ParameterOutOfRange");
      }
    });
  });
});
