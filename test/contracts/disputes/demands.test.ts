import { merkleProof, merkleRoot } from "@gristmill/sdk";
import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";

import { snapshot } from "../../gas/snapshot.ts";
import { ethers, loadFixture, networkHelpers } from "../tasks/scenario.ts";
import { historyOf } from "./accusations.ts";
import { COURT, type CourtScene, inCourt, isConvicted, MINER_STAKE, placeOf, sign } from "./court-scene.ts";
import { type Draft, openClock, openRecord, openRow, SEGMENT_LENGTH } from "./honest-slots.ts";

const Kind = { Segment: 0, ListRow: 1, Committed: 2 } as const;
const State = { None: 0n, Open: 1n, Answered: 2n, Unanswered: 3n, Void: 4n } as const;

const ETHER = 10n ** 18n;

/** `Naming` of a segment of slot 1 by slot 0: `chain` from the one in the clock's entry on. */
async function namingBy(scene: CourtScene, draft: Draft, chain: readonly Draft[] = [], peer = 1) {
  const segments = chain.map(({ segment }) => segment);
  return { signed: await sign(scene, draft), opening: openClock(draft), peer, chain: segments };
}

/** Slot 0 has named slot 1's first segment in its second, and slot 1's second in its third. */
async function named() {
  const scene = await inCourt();
  const history = historyOf(scene);
  const [first, second] = history.peer;
  return { ...scene, ...history, first, second, demander: scene.verifier, helper: scene.stranger };
}

type Named = Awaited<ReturnType<typeof named>>;

/** Sends a demand with far more than its price, and gives its id. */
async function demandSegment(scene: Named, draft: Draft, chain: readonly Draft[] = []): Promise<string> {
  const naming = await namingBy(scene, draft, chain);
  const demands = scene.demands.connect(scene.demander);
  const demandId = await demands.demandSegment.staticCall(naming, { value: ETHER });
  await demands.demandSegment(naming, { value: ETHER });
  return demandId;
}

async function demandRow(scene: Named, draft: Draft, chain: readonly Draft[], leaf: number, row: number) {
  const naming = await namingBy(scene, draft, chain);
  const demands = scene.demands.connect(scene.demander);
  const record = openRecord(chain.at(-1)!, leaf);
  const demandId = await demands.demandListRow.staticCall(naming, record, row, { value: ETHER });
  await demands.demandListRow(naming, record, row, { value: ETHER });
  return demandId;
}

async function answerSegment(scene: Named, demandId: string, draft: Draft) {
  return scene.demands.connect(scene.helper).answerSegment(demandId, await sign(scene, draft), [...draft.records]);
}

/** Slot 0 has committed its three segments in one epoch. */
async function committed() {
  const scene = await named();
  const { beacon, registry, taskId, miners, own } = scene;
  const ids = own.map(({ id }) => id);
  const root = merkleRoot(ids);
  await registry.connect(miners[0]!.operator).commit(taskId, 0, own[2].segment.last, ids[2]!, root);
  return { ...scene, epoch: await beacon.currentEpoch(), ids, root };
}

type Committed = Awaited<ReturnType<typeof committed>>;

async function demandCommitted({ demands, demander, taskId, epoch }: Committed, place: number): Promise<string> {
  const asking = demands.connect(demander);
  const demandId = await asking.demandCommitted.staticCall(taskId, 0, epoch, place, { value: ETHER });
  await asking.demandCommitted(taskId, 0, epoch, place, { value: ETHER });
  return demandId;
}

/** Produces the draft as what stands at `place` of the commit. */
async function answerCommitted(scene: Committed, demandId: string, draft: Draft, place: number, epoch = scene.epoch) {
  const { demands, helper, ids } = scene;
  const signed = await sign(scene, draft);
  const proof = merkleProof(ids, place);
  return demands.connect(helper).answerCommitted(demandId, epoch, signed, [...draft.records], [...draft.clock], proof);
}

async function passUntil({ demands }: Named, demandId: string): Promise<void> {
  await networkHelpers.time.increaseTo((await demands.demandOf(demandId)).until + 1n);
}

describe("Demands", () => {
  describe("a demanded segment", () => {
    it("is produced by anybody, who gets the deposit, and lets the windows run again", async () => {
      const scene = await loadFixture(named);
      const { demands, court, registry, taskId, own, first, helper } = scene;
      const demandId = await demandSegment(scene, own[1]);
      expect((await registry.placeOf(taskId, 0, 0)).suspended).to.equal(true);

      await expect(answerSegment(scene, demandId, first))
        .to.emit(demands, "SegmentProduced")
        .and.to.emit(demands, "DemandEnded")
        .withArgs(demandId, State.Answered, helper, ETHER);
      expect((await registry.placeOf(taskId, 0, 0)).suspended).to.equal(false);
      expect(await court.creditOf(helper)).to.equal(ETHER);
      await expect(court.connect(helper).withdraw()).to.changeEtherBalance(ethers, helper, ETHER);
      expect(await isConvicted(scene, 0)).to.equal(false);
    });

    it("that nobody produces convicts the slot that named it, and the demander has the reward", async () => {
      const scene = await loadFixture(named);
      const { demands, court, stakes, own, demander, helper, first } = scene;
      const demandId = await demandSegment(scene, own[1]);
      const { until } = await demands.demandOf(demandId);
      await expect(demands.close(demandId))
        .to.be.revertedWithCustomError(demands, "Demands_NotExpired")
        .withArgs(demandId, until);
      await passUntil(scene, demandId);
      await expect(answerSegment(scene, demandId, first))
        .to.be.revertedWithCustomError(demands, "Demands_TooLate")
        .withArgs(demandId, until);

      const free = await stakes.freeOf(demander);
      await expect(demands.connect(helper).close(demandId))
        .to.emit(demands, "DemandEnded")
        .withArgs(demandId, State.Unanswered, demander, ETHER);
      expect(await isConvicted(scene, 0)).to.equal(true);
      expect(await isConvicted(scene, 1)).to.equal(false);
      expect((await stakes.freeOf(demander)) - free).to.equal(MINER_STAKE / 4n);
      expect(await court.creditOf(demander)).to.equal(ETHER);
    });

    it("may be an ancestor of the one that is named, or the slot's own predecessor", async () => {
      const scene = await loadFixture(named);
      const { demands, own, first, second } = scene;
      await answerSegment(scene, await demandSegment(scene, own[2], [second]), first);
      const naming = await namingBy(scene, own[1], [], 0);
      const demandId = await demands.demandSegment.staticCall(naming, { value: ETHER });
      await demands.demandSegment(naming, { value: ETHER });
      await answerSegment(scene, demandId, own[0]);
      expect((await demands.demandOf(demandId)).state).to.equal(State.Answered);
    });

    it("is nothing but the named one: signed by its slot for this task, with all of its records", async () => {
      const scene = await loadFixture(named);
      const { demands, own, first, second, helper, miners } = scene;
      const demandId = await demandSegment(scene, own[1]);
      const answers = demands.connect(helper);
      const signed = await sign(scene, first);
      const records = [...first.records];
      const attempts = [
        [await sign(scene, second), [...second.records], "Statement_NotNamed"],
        [await sign(scene, first, { signer: miners[0]!.operator }), records, "Statement_WrongSigner"],
        [{ ...signed, segment: { ...signed.segment, taskId: first.id } }, records, "Demands_WrongSlot"],
        [await sign(scene, own[0]), [...own[0].records], "Demands_WrongSlot"],
        [signed, records.slice(0, 3), "Demands_WrongRecords"],
        [signed, records.reverse(), "Demands_WrongRecords"],
      ] as const;
      for (const [statement, given, error] of attempts)
        await expect(answers.answerSegment(demandId, statement, [...given])).to.be.revertedWithCustomError(
          demands,
          error,
        );
      await expect(answers.answerListRow(demandId, 1, { leaf: "0x", proof: [] })).to.be.revertedWithCustomError(
        demands,
        "Demands_WrongKind",
      );
    });
  });

  describe("a demanded segment of a commit", () => {
    it("is produced with its records and clock by anybody, who gets the deposit", async () => {
      const scene = await loadFixture(committed);
      const { demands, court, own, helper } = scene;
      for (const place of [0, 1, 2] as const) {
        const demandId = await demandCommitted(scene, place);
        await expect(answerCommitted(scene, demandId, own[place], place))
          .to.emit(demands, "CommittedProduced")
          .and.to.emit(demands, "DemandEnded")
          .withArgs(demandId, State.Answered, helper, ETHER);
      }
      expect(await court.creditOf(helper)).to.equal(3n * ETHER);
      const again = demands.demandCommitted(scene.taskId, 0, scene.epoch, 0, { value: ETHER });
      await expect(again).to.be.revertedWithCustomError(demands, "Demands_WrongState");
    });

    it("that nobody produces convicts the slot that committed it: a root of nothing answers nothing", async () => {
      const scene = await loadFixture(committed);
      const demandId = await demandCommitted(scene, 1);
      await passUntil(scene, demandId);
      await scene.demands.close(demandId);
      expect(await isConvicted(scene, 0)).to.equal(true);
    });

    it("is none where nothing was committed", async () => {
      const scene = await loadFixture(committed);
      const { demands, taskId, epoch } = scene;
      const attempts = [
        [0, epoch, 3, 3n],
        [0, epoch + 1n, 0, 0n],
        [1, epoch, 0, 0n],
      ] as const;
      for (const [slot, when, place, segments] of attempts)
        await expect(demands.demandCommitted(taskId, slot, when, place, { value: ETHER }))
          .to.be.revertedWithCustomError(demands, "Demands_NothingCommitted")
          .withArgs(when, place, segments);
    });

    it("is nothing but the one at its place, signed, with all of its records and the clock that they name", async () => {
      const scene = await loadFixture(committed);
      const { demands, own, first, helper, epoch, ids, miners } = scene;
      const demandId = await demandCommitted(scene, 1);
      for (const [draft, place, when] of [
        [own[0], 0, epoch],
        [own[0], 1, epoch],
        [own[1], 0, epoch],
        [first, 1, epoch],
        [own[1], 1, epoch + 1n],
      ] as const)
        await expect(answerCommitted(scene, demandId, draft, place, when))
          .to.be.revertedWithCustomError(demands, "Demands_NotAtThePlace")
          .withArgs(demandId);
      const [records, clock, proof] = [[...own[1].records], [...own[1].clock], merkleProof(ids, 1)];
      const signed = await sign(scene, own[1]);
      const forged = await sign(scene, own[1], { signer: miners[1]!.operator });
      const attempts = [
        [forged, records, clock, "Statement_WrongSigner"],
        [signed, records.slice(1), clock, "Demands_WrongRecords"],
        [signed, records, [...own[2].clock], "Demands_WrongClock"],
      ] as const;
      for (const [statement, given, named, error] of attempts)
        await expect(
          demands.connect(helper).answerCommitted(demandId, epoch, statement, [...given], [...named], proof),
        ).to.be.revertedWithCustomError(demands, error);
      await expect(answerSegment(scene, demandId, own[1])).to.be.revertedWithCustomError(demands, "Demands_WrongKind");
    });
  });

  describe("a demanded row of a list", () => {
    it("is produced with its proof, each row by itself", async () => {
      const scene = await loadFixture(named);
      const { demands, own, first, helper } = scene;
      const list = first.lists[0]!;
      expect(list.rows).to.equal(2);
      for (const row of [0, 1]) {
        const demandId = await demandRow(scene, own[1], [first], 0, row);
        const wrong = demands.connect(helper).answerListRow(demandId, list.rows, openRow(list, 1 - row));
        await expect(wrong).to.be.revertedWithCustomError(demands, "TensorMerkle_WrongOpening");
        await expect(demands.connect(helper).answerListRow(demandId, list.rows, openRow(list, row)))
          .to.emit(demands, "ListRowProduced")
          .withArgs(demandId, list.rows, row, openRow(list, row).leaf);
      }
    });

    it("beyond the list's end is answered by its last one", async () => {
      const scene = await loadFixture(named);
      const { demands, own, first, helper } = scene;
      const list = first.lists[0]!;
      const demandId = await demandRow(scene, own[1], [first], 0, 4_000_000_000);
      await expect(demands.connect(helper).answerListRow(demandId, 0, openRow(list, 0))).to.be.revertedWithCustomError(
        demands,
        "TensorMerkle_WrongOpening",
      );
      await expect(demands.connect(helper).answerListRow(demandId, 2, openRow(list, 1)))
        .to.emit(demands, "ListRowProduced")
        .withArgs(demandId, 2, 1, openRow(list, 1).leaf);
    });

    it("that nobody produces convicts", async () => {
      const scene = await loadFixture(named);
      const demandId = await demandRow(scene, scene.own[1], [scene.first], 3, 0);
      await passUntil(scene, demandId);
      await scene.demands.close(demandId);
      expect(await isConvicted(scene, 0)).to.equal(true);
    });
  });

  describe("a demand", () => {
    it("is refused for what the slot did not name, and where its entry names nothing", async () => {
      const scene = await loadFixture(named);
      const { demands, own, first, second, stranger } = scene;
      const attempts = [
        [await namingBy(scene, own[0]), "Demands_NothingNamed"],
        [await namingBy(scene, own[1], [first]), "Demands_NothingNamed"],
        [await namingBy(scene, own[1], [second]), "Statement_NotNamed"],
        [await namingBy(scene, own[1], [], 3), "Demands_NoSuchPeer"],
        [
          { ...(await namingBy(scene, own[1])), signed: await sign(scene, own[1], { signer: stranger }) },
          "Statement_WrongSigner",
        ],
        [{ ...(await namingBy(scene, own[1])), opening: openClock(own[2]) }, "Statement_NoSuchRecord"],
      ] as const;
      for (const [naming, error] of attempts)
        await expect(demands.demandSegment(naming, { value: ETHER })).to.be.revertedWithCustomError(demands, error);
      await expect(
        demands.demandListRow(await namingBy(scene, own[1]), openRecord(first, 0), 0, { value: ETHER }),
      ).to.be.revertedWithCustomError(demands, "Demands_ChainLength");
      const foreign = demands.demandListRow(await namingBy(scene, own[1], [first]), openRecord(second, 0), 0, {
        value: ETHER,
      });
      await expect(foreign).to.be.revertedWithCustomError(demands, "Statement_NoSuchRecord");
    });

    it("costs the gas of its answer at twice the base fee, and twice as much for each that is open", async () => {
      const scene = await loadFixture(named);
      const { demands, own, second, first } = scene;
      const place = placeOf(scene, 0);
      const gasOf = (kind: number) => demands.gasOf(place, kind);
      const single = await gasOf(Kind.ListRow);
      expect(await gasOf(Kind.Segment)).to.equal(single + 10_000n * BigInt(SEGMENT_LENGTH));

      await demandSegment(scene, own[1]);
      expect(await gasOf(Kind.ListRow)).to.equal(2n * single);
      const third = await demandSegment(scene, own[2]);
      expect(await gasOf(Kind.ListRow)).to.equal(4n * single);
      expect(await demands.openAgainst(place)).to.equal(2n);
      await answerSegment(scene, third, second);
      expect(await gasOf(Kind.ListRow)).to.equal(2n * single);

      const baseFee = 10n ** 10n;
      const price = 2n * single * 2n * baseFee;
      const [naming, record] = [await namingBy(scene, own[1], [first]), openRecord(first, 0)];
      await networkHelpers.setNextBlockBaseFeePerGas(baseFee);
      await expect(demands.demandListRow(naming, record, 0, { value: price - 1n }))
        .to.be.revertedWithCustomError(demands, "Demands_DepositTooLow")
        .withArgs(price - 1n, price);
      await networkHelpers.setNextBlockBaseFeePerGas(baseFee);
      await demands.demandListRow(naming, record, 0, { value: price });
    });

    it("is made once for each thing: neither while it is open, nor after it was produced, for another slot either", async () => {
      const scene = await loadFixture(named);
      const { demands, slots, own, first } = scene;
      const demandId = await demandSegment(scene, own[1]);
      const again = demands.demandSegment(await namingBy(scene, own[1]), { value: ETHER });
      await expect(again).to.be.revertedWithCustomError(demands, "Demands_WrongState").withArgs(demandId, State.Open);
      await answerSegment(scene, demandId, first);
      const later = demands.demandSegment(await namingBy(scene, own[1]), { value: ETHER });
      await expect(later).to.be.revertedWithCustomError(demands, "Demands_WrongState");
      const other = slots.draft(2, undefined, [first]);
      const produced = demands.demandSegment(await namingBy(scene, other), { value: ETHER });
      await expect(produced).to.be.revertedWithCustomError(demands, "Demands_ProducedAlready").withArgs(first.id, 0);
    });

    it("whose content is produced for another ends at once, and pays whoever closes it", async () => {
      const scene = await loadFixture(named);
      const { demands, court, registry, taskId, slots, own, first, helper, client } = scene;
      const other = slots.draft(2, undefined, [first]);
      const [one, two] = [await demandSegment(scene, own[1]), await demandSegment(scene, other)];
      await answerSegment(scene, one, first);
      await passUntil(scene, two);
      await demands.connect(client).close(two);
      expect((await demands.demandOf(two)).state).to.equal(State.Answered);
      expect(await court.creditOf(client)).to.equal(ETHER);
      expect(await court.creditOf(helper)).to.equal(ETHER);
      expect((await registry.placeOf(taskId, 0, 2)).suspended).to.equal(false);
    });

    it("returns its deposit where another proof convicted the slot before", async () => {
      const scene = await loadFixture(named);
      const { demands, court, misconduct, slots, own, demander } = scene;
      const demandId = await demandSegment(scene, own[1]);
      const rival = slots.draft(0, own[0]);
      await misconduct.proveEquivocation(await sign(scene, own[1]), await sign(scene, rival));
      await demands.close(demandId);
      expect((await demands.demandOf(demandId)).state).to.equal(State.Void);
      expect(await court.creditOf(demander)).to.equal(ETHER);
      const more = demands.demandSegment(await namingBy(scene, own[2]), { value: ETHER });
      await expect(more).to.be.revertedWithCustomError(court, "Court_NotAccusable");
    });

    it("holds the windows until the last of several has ended", async () => {
      const scene = await loadFixture(named);
      const { registry, taskId, own, first, second } = scene;
      const [one, two] = [await demandSegment(scene, own[1]), await demandSegment(scene, own[2])];
      await answerSegment(scene, one, first);
      expect((await registry.placeOf(taskId, 0, 0)).suspended).to.equal(true);
      await answerSegment(scene, two, second);
      expect((await registry.placeOf(taskId, 0, 0)).suspended).to.equal(false);
    });

    it("holds a place for no more than one clock in all, however late friends answer, and convicts all the same", async () => {
      const scene = await loadFixture(named);
      const { demands, registry, taskId, slots } = scene;
      const rounds = Number(COURT.clockSeconds / COURT.moveSeconds);
      let draft: Draft | undefined;
      for (let round = 0; round <= rounds; round++) {
        // Another history of slot 1 each time, so that there is something new to ask for.
        const peer = slots.draft(1, undefined, [], { record: () => ({ loss: 100 + round }) });
        draft = slots.draft(0, undefined, [peer]);
        const demandId = await demandSegment(scene, draft);
        const { holds, until } = await demands.demandOf(demandId);
        expect(holds).to.equal(round < rounds);
        expect((await registry.placeOf(taskId, 0, 0)).suspended).to.equal(round < rounds);
        await networkHelpers.time.setNextBlockTimestamp(until);
        if (round < rounds) await answerSegment(scene, demandId, peer);
        else {
          await passUntil(scene, demandId);
          await demands.close(demandId);
        }
      }
      expect(await isConvicted(scene, 0)).to.equal(true);
    });

    it("gives the time back that an early answer saves", async () => {
      const scene = await loadFixture(named);
      const { slots, demands } = scene;
      const rounds = 2 * Number(COURT.clockSeconds / COURT.moveSeconds);
      for (let round = 0; round < rounds; round++) {
        const peer = slots.draft(1, undefined, [], { record: () => ({ loss: 100 + round }) });
        const demandId = await demandSegment(scene, slots.draft(0, undefined, [peer]));
        expect((await demands.demandOf(demandId)).holds).to.equal(true);
        await answerSegment(scene, demandId, peer);
      }
    });
  });

  it("pays for the gas of every answer", async () => {
    const scene = await loadFixture(committed);
    const { demands, slots, own, first, helper } = scene;
    const place = placeOf(scene, 0);
    const [rowGas, segmentGas] = [await demands.gasOf(place, Kind.ListRow), await demands.gasOf(place, Kind.Segment)];
    const gasUsed = async (sent: ContractTransactionResponse) => (await sent.wait())!.gasUsed;
    // Zero bytes are cheaper, and those of hashes follow from the chain's randomness.
    const roundUp = (gas: bigint, unit: bigint) => ((gas + unit - 1n) / unit) * unit;

    const list = first.lists[0]!;
    const row = await demandRow(scene, own[1], [first], 0, 1);
    const answered = await demands.connect(helper).answerListRow(row, list.rows, openRow(list, 1));
    snapshot("demands: answer a row", roundUp(await gasUsed(answered), 10_000n), rowGas);

    const single = slots.draft(1, undefined, [], { length: 1 });
    const short = await demandSegment(scene, slots.draft(0, undefined, [single]));
    const ofOne = await gasUsed(await answerSegment(scene, short, single));
    const ofFour = await gasUsed(await answerSegment(scene, await demandSegment(scene, own[1]), first));
    snapshot("demands: answer a segment of 4", roundUp(ofFour, 10_000n), segmentGas);
    const committedGas = await demands.gasOf(place, Kind.Committed);
    const ofCommit = await gasUsed(await answerCommitted(scene, await demandCommitted(scene, 1), own[1], 1));
    snapshot("demands: answer a segment of a commit", roundUp(ofCommit, 10_000n), committedGas);
    snapshot("demands: each record of it", roundUp((ofFour - ofOne) / 3n, 1_000n), 10_000n);
  });
});
