import { matrix, updateTensor } from "@gristmill/sdk";
import { expect } from "chai";

import { GRIST, loadFixture, ethers, inJoining, Role } from "../tasks/scenario.ts";
import { accusations, historyOf, signGuilty } from "./accusations.ts";
import { inCourt, isConvicted, MINER_STAKE, placeOf, sign } from "./court-scene.ts";
import { clockAfter, type Draft, openList, openBatch, openClock, openRecord, openStep } from "./honest-slots.ts";

/** `IMisconduct.Offence` in its order. */
const OFFENCES = [
  "Equivocation",
  "ImpossibleSegment",
  "BrokenLink",
  "MisplacedRecord",
  "ChangingClock",
  "WrongLastWork",
  "BrokenWork",
  "WrongBatch",
  "ImpossibleClock",
  "FalseNaming",
  "TooManyLists",
  "Rollback",
  "ForkedNaming",
  "MalformedList",
];

describe("Misconduct", () => {
  describe("a proof", () => {
    for (const { offence, condition, guilt, prove } of accusations) {
      it(`convicts for ${condition}, and nobody who kept to the rules`, async () => {
        const scene = await loadFixture(inCourt);
        const { misconduct, taskId, stranger } = scene;
        const accused = { ...scene, misconduct: misconduct.connect(stranger) };
        const [honest, guilty] = [historyOf(scene), historyOf(scene, guilt)];

        await expect(prove(accused, honest, await signGuilty(scene, honest, guilt)))
          .to.be.revertedWithCustomError(misconduct, "Misconduct_NoOffence")
          .withArgs(OFFENCES.indexOf(offence));
        const proof = prove(accused, guilty, await signGuilty(scene, guilty, guilt));
        await expect(proof)
          .to.emit(misconduct, "MisconductProven")
          .withArgs(taskId, 0, stranger, OFFENCES.indexOf(offence));
        expect(await isConvicted(scene, 0)).to.equal(true);
        expect(await isConvicted(scene, 1)).to.equal(false);
        expect((await (await proof).wait())!.gasUsed < 300_000n).to.equal(true);
      });
    }

    it("finds nothing in any segment of slots that kept to the rules", async () => {
      const scene = await loadFixture(inCourt);
      const { misconduct, parameters } = scene;
      const { own, peer } = historyOf(scene);
      for (const chain of [own, peer]) {
        for (const [place, draft] of chain.entries()) {
          const signed = await sign(scene, draft);
          const before = chain[place - 1];
          const step = openStep(draft, before);
          const records = [0, 1, 2, 3].map((leaf) => openRecord(draft, leaf));
          const other = draft.segment.slot === 0 ? 1 : 0;
          const rivals = await Promise.all(chain.map((another) => sign(scene, another)));
          const proofs = [
            () => misconduct.proveImpossibleSegment.staticCall(signed),
            () => misconduct.proveWrongLastWork.staticCall(signed, records[3]!),
            () => misconduct.proveImpossibleClock.staticCall(signed, openClock(draft)),
            () => misconduct.proveTooManyLists.staticCall(signed, step),
            () => misconduct.proveRollback.staticCall(signed, step, other),
            ...records.flatMap((record, leaf) => [
              () => misconduct.proveMisplacedRecord.staticCall(signed, record),
              () => misconduct.proveChangingClock.staticCall(signed, records[0]!, record),
              () => misconduct.proveWrongBatch.staticCall(signed, record, parameters),
              leaf === 0
                ? () =>
                    misconduct.proveBrokenFirstWork.staticCall(
                      signed,
                      step.predecessor,
                      record,
                      openBatch(record.record.batch),
                      parameters,
                    )
                : () =>
                    misconduct.proveBrokenWork.staticCall(
                      signed,
                      records[leaf - 1]!,
                      record,
                      openBatch(record.record.batch),
                      parameters,
                    ),
            ]),
            ...rivals.map((another) => () => misconduct.proveEquivocation.staticCall(signed, another)),
            ...rivals.map((another) => () => misconduct.proveEquivocation.staticCall(another, signed)),
            ...(before === undefined ? [] : [() => misconduct.proveBrokenLink.staticCall(signed, before.segment)]),
            ...peer
              .filter(({ id }) => id === draft.clock[1]!.segmentId)
              .map(
                ({ segment }) =>
                  () =>
                    misconduct.proveFalseNaming.staticCall(signed, openClock(draft), 1, segment),
              ),
          ];
          for (const proof of proofs)
            await expect(proof()).to.be.revertedWithCustomError(misconduct, "Misconduct_NoOffence");
        }
      }
    });
  });

  describe("proveEquivocation", () => {
    it("convicts for two segments over the same iterations, and for two that share one", async () => {
      for (const length of [4, 1]) {
        const scene = await loadFixture(inCourt);
        const { own } = historyOf(scene);
        const rival = scene.slots.draft(0, own[0], [], { length });
        await scene.misconduct.proveEquivocation(await sign(scene, own[1]), await sign(scene, rival));
        expect(await isConvicted(scene, 0)).to.equal(true);
      }
    });

    it("convicts for a segment that starts where another ends and continues a different one", async () => {
      const scene = await loadFixture(inCourt);
      const { own } = historyOf(scene);
      const next = scene.slots.draft(0, scene.slots.draft(0, own[0]));
      const [first, second] = [await sign(scene, own[1]), await sign(scene, next)];
      await expect(scene.misconduct.proveEquivocation(second, first)).to.be.revertedWithCustomError(
        scene.misconduct,
        "Misconduct_NoOffence",
      );
      await scene.misconduct.proveEquivocation(first, second);
      expect(await isConvicted(scene, 0)).to.equal(true);
    });

    it("does not mix slots, and convicts nobody for what another key signed", async () => {
      const scene = await loadFixture(inCourt);
      const { misconduct, miners } = scene;
      const { own, peer } = historyOf(scene);
      const first = await sign(scene, own[0]);
      await expect(misconduct.proveEquivocation(first, await sign(scene, peer[0]))).to.be.revertedWithCustomError(
        misconduct,
        "Misconduct_DifferentSlots",
      );
      const rival = scene.slots.draft(0, undefined, [peer[0]]);
      const forged = await sign(scene, rival, { signer: miners[1]!.operator });
      for (const pair of [[first, forged] as const, [forged, first] as const]) {
        await expect(misconduct.proveEquivocation(...pair))
          .to.be.revertedWithCustomError(misconduct, "Statement_WrongSigner")
          .withArgs(miners[1]!.operator, miners[0]!.operator);
      }
    });
  });

  describe("proveForkedNaming", () => {
    it("convicts for naming another history of a peer than before, however far back it parts", async () => {
      for (const depth of [1, 2]) {
        const scene = await loadFixture(inCourt);
        const { misconduct, slots } = scene;
        const { own, peer } = historyOf(scene);
        const other = [slots.draft(1, undefined, [], { record: () => ({ loss: 99 }) })];
        for (let k = 0; k < 2; k++) other.push(slots.draft(1, other.at(-1)));
        const third = slots.draft(0, own[1], [other[depth]!]);
        const chain = other.slice(1, depth + 1).reverse();
        const segments = chain.map(({ segment }) => segment);
        const [signed, step] = [await sign(scene, third), openStep(third, own[1])];

        const honest = slots.draft(0, own[1], [peer[depth]!]);
        const kept = peer.slice(1, depth + 1).reverse();
        await expect(
          misconduct.proveForkedNaming(
            await sign(scene, honest),
            openStep(honest, own[1]),
            1,
            kept.map(({ segment }) => segment),
          ),
        ).to.be.revertedWithCustomError(misconduct, "Misconduct_NoOffence");
        await misconduct.proveForkedNaming(signed, step, 1, segments);
        expect(await isConvicted(scene, 0)).to.equal(true);
      }
    });

    it("convicts for naming a segment that covers the end of what was named before", async () => {
      const scene = await loadFixture(inCourt);
      const { misconduct, slots } = scene;
      const short = slots.draft(1, undefined, [], { length: 2 });
      const first = slots.draft(0, undefined, [short]);
      const whole = slots.draft(1, undefined);
      const second = slots.draft(0, first, [whole]);
      await misconduct.proveForkedNaming(await sign(scene, second), openStep(second, first), 1, [whole.segment]);
      expect(await isConvicted(scene, 0)).to.equal(true);
    });

    it("finds nothing in a chain that does not reach back, or where nothing was named before", async () => {
      const scene = await loadFixture(inCourt);
      const { misconduct, slots } = scene;
      const { own, peer } = historyOf(scene);
      const third = slots.draft(0, own[1], [peer[2]]);
      const attempts = [
        [third, own[1], [peer[2].segment]],
        [own[1], own[0], [peer[0].segment]],
      ] as const;
      for (const [draft, before, chain] of attempts) {
        const step = openStep(draft, before);
        await expect(
          misconduct.proveForkedNaming(await sign(scene, draft), step, 1, [...chain]),
        ).to.be.revertedWithCustomError(misconduct, "Misconduct_NoOffence");
      }
    });
  });

  describe("rolling back", () => {
    it("is no offence once the peer is convicted", async () => {
      const scene = await loadFixture(inCourt);
      const { misconduct, slots } = scene;
      const { own, peer } = historyOf(scene);
      const rival = slots.draft(1, undefined, [], { record: () => ({ loss: 99 }) });
      await misconduct.proveEquivocation(await sign(scene, peer[0]), await sign(scene, rival));
      const back = slots.draft(0, own[1], [], {
        clock: clockAfter(0, own[1], []).map((entry, slot) => (slot === 1 ? own[0].clock[1]! : entry)),
      });
      await expect(misconduct.proveRollback(await sign(scene, back), openStep(back, own[1]), 1))
        .to.be.revertedWithCustomError(misconduct, "Misconduct_PeerConvicted")
        .withArgs(1);
    });
  });

  describe("taking in", () => {
    it("is no offence up to 256 lists", async () => {
      const scene = await loadFixture(inCourt);
      const { own, peer } = historyOf(scene);
      const clock = clockAfter(0, own[0], [peer[0]]).map((entry, slot) =>
        slot === 1 ? { ...entry, count: 256 } : entry,
      );
      const draft = scene.slots.draft(0, own[0], [], { clock });
      await expect(
        scene.misconduct.proveTooManyLists(await sign(scene, draft), openStep(draft, own[0])),
      ).to.be.revertedWithCustomError(scene.misconduct, "Misconduct_NoOffence");
    });
  });

  describe("a malformed list", () => {
    const PADDING = 0xffffffff;
    const long = () => Uint32Array.from({ length: 300 }, (_, entry) => 2 * entry);
    const spoil = (change: (data: Uint32Array) => void) => {
      const list = updateTensor(long());
      change(list.data);
      return list;
    };
    const tooLong = matrix(
      "u32",
      2,
      256,
      Uint32Array.from({ length: 512 }, (_, entry) => (entry < 256 ? 2 * entry : PADDING)),
    );
    const lists = {
      "that does not ascend": { list: spoil((data) => data.copyWithin(4, 5, 6)), row: 0, col: 4 },
      "with a weight that the network has not": {
        list: spoil((data) => {
          data.set([2 * 662], 299);
        }),
        row: 1,
        col: 43,
      },
      "padded before its end": {
        list: spoil((data) => {
          data.set([PADDING], 7);
        }),
        row: 0,
        col: 7,
      },
      "with a row more than it needs": { list: tooLong, row: 1, col: 0 },
      "that does not ascend from row to row": {
        list: spoil((data) => data.copyWithin(256, 255, 256)),
        row: 0,
        col: 255,
      },
    };
    for (const [condition, { list, row, col }] of Object.entries(lists)) {
      it(`${condition} convicts the slot that signed it and the one that took it in`, async () => {
        const scene = await loadFixture(inCourt);
        const { misconduct, parameters, slots } = scene;
        const opening = openList(list, row, col === 255);
        const honest = slots.draft(1, undefined, [], {
          list: (leaf) => (leaf === 1 ? updateTensor(long()) : undefined),
        });
        const guilty = slots.draft(1, undefined, [], { list: (leaf) => (leaf === 1 ? list : undefined) });
        const after = slots.draft(1, guilty);
        const naming = async (named: Draft, chain: Draft[]) => {
          const draft = slots.draft(0, slots.draft(0, undefined), [named]);
          const segments = chain.map(({ segment }) => segment);
          return { signed: await sign(scene, draft), opening: openClock(draft), peer: 1, chain: segments };
        };

        const kept = updateTensor(long());
        const wellFormed = openList(kept, Math.min(row, 1), col === 255);
        await expect(
          misconduct.proveMalformedList(await sign(scene, honest), openRecord(honest, 1), parameters, col, wellFormed),
        ).to.be.revertedWithCustomError(misconduct, "Misconduct_NoOffence");
        await expect(
          misconduct.proveMalformedListTakenIn(
            await naming(honest, [honest]),
            openRecord(honest, 1),
            parameters,
            col,
            wellFormed,
          ),
        ).to.be.revertedWithCustomError(misconduct, "Misconduct_NoOffence");

        const chain = await naming(after, [after, guilty]);
        await misconduct.proveMalformedListTakenIn(chain, openRecord(guilty, 1), parameters, col, opening);
        expect([await isConvicted(scene, 0), await isConvicted(scene, 1)]).to.deep.equal([true, false]);
        await misconduct.proveMalformedList(await sign(scene, guilty), openRecord(guilty, 1), parameters, col, opening);
        expect(await isConvicted(scene, 1)).to.equal(true);
      });
    }
  });

  describe("forged evidence", () => {
    it("convicts nobody under another task, chain, registry or key", async () => {
      const scene = await loadFixture(inCourt);
      const { misconduct, miners, stranger } = scene;
      const guilty = scene.slots.draft(0, undefined, [], { segment: { last: 9 } });
      const forgeries = [
        { ...(await sign(scene, guilty)), segment: { ...guilty.segment, taskId: ethers.id("another task") } },
        { ...(await sign(scene, { segment: { ...guilty.segment, taskId: guilty.id } })), segment: guilty.segment },
        await sign(scene, guilty, { chainId: 1 }),
        await sign(scene, guilty, { registry: miners[0]!.operator.address }),
        await sign(scene, guilty, { signer: stranger }),
        await sign(scene, guilty, { signer: miners[0]!.owner }),
      ];
      for (const forged of forgeries)
        await expect(misconduct.proveImpossibleSegment(forged)).to.be.revertedWithCustomError(
          misconduct,
          "Statement_WrongSigner",
        );
    });

    it("is refused where a record, clock, predecessor, batch or the parameters are not the signed ones", async () => {
      const scene = await loadFixture(inCourt);
      const { misconduct, parameters } = scene;
      const { own, peer } = historyOf(scene);
      const signed = await sign(scene, own[1]);
      const record = openRecord(own[1], 1);
      const foreign = { ...record, record: { ...record.record, index: 9 } };
      await expect(misconduct.proveMisplacedRecord(signed, foreign)).to.be.revertedWithCustomError(
        misconduct,
        "Statement_NoSuchRecord",
      );
      await expect(misconduct.proveMisplacedRecord(signed, { ...record, leaf: 2 })).to.be.revertedWithCustomError(
        misconduct,
        "Statement_NoSuchRecord",
      );
      const clock = { ...openClock(own[1]), clock: [...own[2].clock] };
      await expect(misconduct.proveImpossibleClock(signed, clock)).to.be.revertedWithCustomError(
        misconduct,
        "Statement_WrongClock",
      );
      await expect(misconduct.proveBrokenLink(signed, peer[0].segment))
        .to.be.revertedWithCustomError(misconduct, "Statement_NotNamed")
        .withArgs(peer[0].id, own[0].id);
      const batch = openBatch((record.record.batch + 1) % 6);
      await expect(
        misconduct.proveBrokenWork(signed, openRecord(own[1], 0), record, batch, parameters),
      ).to.be.revertedWithCustomError(misconduct, "Misconduct_NoSuchBatch");
      await expect(
        misconduct.proveWrongBatch(signed, record, { ...parameters, datasetRoot: own[0].id }),
      ).to.be.revertedWithCustomError(misconduct, "Misconduct_WrongParameters");
      await expect(
        misconduct.proveBrokenWork(signed, openRecord(own[1], 0), openRecord(own[1], 2), batch, parameters),
      ).to.be.revertedWithCustomError(misconduct, "Misconduct_NotConsecutive");
      await expect(
        misconduct.proveBrokenFirstWork(signed, own[0].segment, record, batch, parameters),
      ).to.be.revertedWithCustomError(misconduct, "Misconduct_OutOfRange");
    });

    it("convicts nobody before the training has begun", async () => {
      const { taskId, registry, template, stakes, miners } = await loadFixture(inJoining);
      await registry.connect(miners[0]!.owner).join(taskId, Role.Miner, miners[0]!.operator);
      const court = await ethers.deployContract("Court", [
        registry,
        stakes,
        { moveSeconds: 1, clockSeconds: 1, bond: 1 },
      ]);
      const misconduct = await ethers.deployContract("Misconduct", [court, registry, template]);
      const { segment } = historyOf(await inCourt()).own[0];
      const signed = await sign({ registry, miners }, { segment: { ...segment, taskId: taskId as `0x${string}` } });
      await expect(misconduct.proveImpossibleSegment(signed)).to.be.revertedWithCustomError(
        misconduct,
        "Misconduct_NotTraining",
      );
    });
  });

  describe("a conviction", () => {
    const guilt = accusations[0]!.guilt;

    it("happens once", async () => {
      const scene = await loadFixture(inCourt);
      const { misconduct, registry } = scene;
      const signed = await signGuilty(scene, historyOf(scene, guilt), guilt);
      await misconduct.proveImpossibleSegment(signed);
      await expect(misconduct.proveImpossibleSegment(signed)).to.be.revertedWithCustomError(
        registry,
        "Registry_NotConvictable",
      );
    });

    it("never pays the slot: a friend gets a quarter of the stake, the slot itself nothing", async () => {
      const rewards = { friend: MINER_STAKE / 4n, operator: 0n, owner: 0n };
      for (const [who, reward] of Object.entries(rewards)) {
        const scene = await loadFixture(inCourt);
        const { misconduct, miners, stakes, stranger, token } = scene;
        const { owner, operator } = miners[0]!;
        const accuser = { friend: stranger, operator, owner }[who]!;
        const signed = await signGuilty(scene, historyOf(scene, guilt), guilt);
        const [free, supply] = [await stakes.freeOf(accuser), await token.totalSupply()];
        await misconduct.connect(accuser).proveImpossibleSegment(signed);
        expect((await stakes.freeOf(accuser)) - free).to.equal(reward);
        expect(supply - (await token.totalSupply()) >= MINER_STAKE / 2n).to.equal(true);
        expect(await stakes.lockedOf(owner)).to.equal(0n);
      }
    });

    it("is nobody's but the wired prosecutors'", async () => {
      const scene = await loadFixture(inCourt);
      const { court, stranger } = scene;
      const place = placeOf(scene, 0);
      const calls = [
        () => court.connect(stranger).convict(place, stranger),
        () => court.connect(stranger).hold(place),
        () => court.connect(stranger).release(place),
        () => court.connect(stranger).credit(stranger, { value: GRIST }),
      ];
      for (const call of calls)
        await expect(call()).to.be.revertedWithCustomError(court, "Court_NotAProsecutor").withArgs(stranger);
    });
  });
});
