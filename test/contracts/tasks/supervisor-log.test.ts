import type { G2Words } from "@gristmill/sdk";
import { addKeys, addSignatures, blsKeyOf, blsSign, proveLogged, provePossession, verifyLogged } from "@gristmill/sdk";
import { expect } from "chai";
import type { Hex } from "viem";

import { snapshot } from "../../gas/snapshot.ts";
import {
  aggregate,
  committedEpoch,
  digestOf,
  enroll,
  first,
  type LogScene,
  mutable,
  places,
  plain,
  register,
  rootOf,
  supervisorNamed,
} from "./log-scene.ts";
import { ethers, loadFixture, networkHelpers } from "./scenario.ts";

/** Three slots, four supervisors of which three are a quorum, all enrolled. */
async function four(): Promise<LogScene> {
  const scene = await committedEpoch(4, 3);
  await enroll(scene);
  return scene;
}

async function fiveOfWhichTwoSilent(): Promise<LogScene> {
  const scene = await committedEpoch(5, 3);
  await enroll(scene);
  return scene;
}

const period = ({ taskId, epoch }: LogScene, slots: bigint) => ({ taskId, epoch, slots });
const ALL = first(3);

async function postedBy(scene: LogScene, signers: readonly number[], slots = ALL) {
  const digest = await digestOf(scene, slots);
  return scene.supervisorLog.post(period(scene, slots), aggregate(scene, digest, signers));
}

/** The modulus of the curve's field. */
const P = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;

/** The key that cancels another one out: its y, two parts of 64 bytes, is p less. */
function negated({ words }: G2Words): G2Words {
  const parts = [0, 1].map((i) => P - BigInt(words[4 + 2 * i]! + words[5 + 2 * i]!.slice(2)));
  const y = parts.flatMap((part) => [ethers.toBeHex(part >> 256n, 32), ethers.toBeHex(part & (2n ** 256n - 1n), 32)]);
  return { words: [...words.slice(0, 4), ...y] as unknown as G2Words["words"] };
}

describe("SupervisorLog", () => {
  describe("post", () => {
    it("takes the signatures of a quorum, added up, over the root that the commits make", async () => {
      const scene = await loadFixture(four);
      const { supervisorLog, taskId, epoch } = scene;
      await expect(postedBy(scene, [0, 1, 3]))
        .to.emit(supervisorLog, "LogPosted")
        .withArgs(taskId, epoch, rootOf(scene, ALL), ALL, places(0, 1, 3));
      expect(await supervisorLog.rootOf(taskId, epoch)).to.equal(rootOf(scene, ALL));
      expect(await supervisorLog.absencesOf(taskId, 2)).to.equal(1n);
      expect(await supervisorLog.absencesOf(taskId, 3)).to.equal(0n);
    });

    it("logs less than all slots where the others' messages are not to be had", async () => {
      const scene = await loadFixture(four);
      await postedBy(scene, [0, 1, 2, 3], places(0, 2));
      expect(await scene.supervisorLog.rootOf(scene.taskId, scene.epoch)).to.equal(rootOf(scene, places(0, 2)));
    });

    it("refuses fewer than a quorum, also where others are not enrolled", async () => {
      const scene = await loadFixture(four);
      await expect(postedBy(scene, [0, 1]))
        .to.be.revertedWithCustomError(scene.supervisorLog, "SupervisorLog_TooFewSigners")
        .withArgs(2n, 3n);
    });

    it("refuses signers whose keys are not enrolled", async () => {
      const scene = await loadFixture(four);
      const digest = await digestOf(scene, ALL);
      const more = { ...aggregate(scene, digest, [0, 1, 2, 3]), signers: first(5) };
      await expect(scene.supervisorLog.post(period(scene, ALL), more)).to.be.revertedWithCustomError(
        scene.supervisorLog,
        "SupervisorLog_NotEnrolled",
      );
    });

    it("refuses a second root for the same epoch, however many sign it: the first stays", async () => {
      const scene = await loadFixture(four);
      await postedBy(scene, [0, 1, 2], places(0, 1));
      await expect(postedBy(scene, [0, 1, 2, 3]))
        .to.be.revertedWithCustomError(scene.supervisorLog, "SupervisorLog_AlreadyPosted")
        .withArgs(scene.taskId, scene.epoch, rootOf(scene, places(0, 1)));
    });

    it("refuses a root that the commits do not make, even if all supervisors sign it", async () => {
      const scene = await loadFixture(four);
      const forged = { ...scene, logged: scene.logged.map((ids) => ids.map((id) => ethers.id(id) as Hex)) };
      const all = aggregate(scene, await digestOf(forged, ALL), [0, 1, 2, 3]);
      await expect(scene.supervisorLog.post(period(scene, ALL), all))
        .to.be.revertedWithCustomError(scene.supervisorLog, "SupervisorLog_BadSignature")
        .withArgs(scene.taskId, scene.epoch, rootOf(scene, ALL));
    });

    it("has no log of nothing: no slots, slots without a commit, or slots that there are not", async () => {
      const scene = await loadFixture(four);
      const { supervisorLog } = scene;
      const all = aggregate(scene, await digestOf(scene, ALL), [0, 1, 2, 3]);
      const posting = (slots: bigint, epoch = scene.epoch) =>
        expect(supervisorLog.post({ taskId: scene.taskId, epoch, slots }, all)).to.be;
      await posting(0n).revertedWithCustomError(supervisorLog, "SupervisorLog_Empty");
      await posting(first(4)).revertedWithCustomError(supervisorLog, "SupervisorLog_NoSuchPlaces");
      await posting(ALL, scene.epoch - 1n).revertedWithCustomError(supervisorLog, "SupervisorLog_NothingCommitted");
    });

    it("refuses signatures of another epoch, task or chain", async () => {
      const scene = await loadFixture(four);
      const { supervisorLog } = scene;
      const elsewhere = { ...scene, supervisorLog: supervisorLog.attach(scene.token) as typeof supervisorLog };
      const others = [
        await digestOf(scene, ALL, scene.epoch + 1n),
        await digestOf({ ...scene, taskId: ethers.id("another task") }, ALL),
        await digestOf(elsewhere, ALL),
      ];
      for (const digest of others)
        await expect(
          supervisorLog.post(period(scene, ALL), aggregate(scene, digest, [0, 1, 2, 3])),
        ).to.be.revertedWithCustomError(supervisorLog, "SupervisorLog_BadSignature");
    });

    it("waits for the epoch's end and closes when its rewards are settled", async () => {
      const scene = await loadFixture(four);
      const { supervisorLog, registry, taskId, beacon, epoch } = scene;
      const next = epoch + 1n;
      const ids = [ethers.id("one more") as Hex];
      const miner = supervisorNamed("miner 0").wallet;
      await registry.connect(miner).commit(taskId, 0, 3, ids[0]!, ids[0]!);
      const signed = aggregate(scene, await digestOf({ ...scene, logged: [ids, [], []] }, 1n, next), [0, 1, 2]);
      await expect(supervisorLog.post({ taskId, epoch: next, slots: 1n }, signed))
        .to.be.revertedWithCustomError(supervisorLog, "SupervisorLog_EpochOpen")
        .withArgs(next, await beacon.lastBlockOf(next));

      await networkHelpers.mineUpTo((await beacon.settlesAt(epoch)) - 1n);
      await expect(postedBy(scene, [0, 1, 2])).to.be.revertedWithCustomError(supervisorLog, "SupervisorLog_TooLate");
    });

    it("refuses absent keys that were left out, are others' or too many, and so a key of the signers' choice", async () => {
      const scene = await loadFixture(four);
      const { supervisorLog } = scene;
      const given = aggregate(scene, await digestOf(scene, ALL), [0, 1, 2]);
      const posting = (change: Partial<typeof given>) =>
        expect(supervisorLog.post(period(scene, ALL), { ...given, ...change })).to.be;
      await posting({ absent: [] }).revertedWithCustomError(supervisorLog, "SupervisorLog_KeyCount");
      const other = mutable(scene.supervisors[1]!.bls.public);
      await posting({ absent: [other] }).revertedWithCustomError(supervisorLog, "SupervisorLog_NotTheKeyOf");
      await posting({ key: other }).revertedWithCustomError(supervisorLog, "SupervisorLog_WrongSum");
      const infinity = mutable(addKeys([]));
      await posting({ key: infinity }).revertedWithCustomError(supervisorLog, "SupervisorLog_WrongSum");
      const noPoint = { words: [...infinity.words.slice(0, 7), ethers.toBeHex(5, 32)] as typeof infinity.words };
      const library = await ethers.getContractAt("BlsLibrary", supervisorLog);
      await posting({ key: noPoint }).revertedWithCustomError(library, "Bls_InvalidPoint");
    });
  });

  describe("registerKey", () => {
    it("refuses a rogue key, made of the others' to cancel them out", async () => {
      const scene = await loadFixture(four);
      const { supervisorLog } = scene;
      const rogue = supervisorNamed("rogue");
      await networkHelpers.setBalance(rogue.wallet.address, 10n ** 20n);
      // Its own key less all others: with that enrolled, its own signature alone would verify under the sum.
      const others = addKeys(scene.supervisors.map(({ bls }) => bls.public));
      const key = mutable(addKeys([rogue.bls.public, negated(others)]));
      const digest = (await supervisorLog.possessionDigest(rogue.wallet, key)) as Hex;
      await expect(
        supervisorLog.connect(rogue.wallet).registerKey(key, mutable(provePossession(rogue.bls, digest))),
      ).to.be.revertedWithCustomError(supervisorLog, "SupervisorLog_NoPossession");
    });

    it("refuses another operator's key with that one's proof, which would count one signature twice", async () => {
      const scene = await loadFixture(four);
      const { supervisorLog, supervisors, stranger } = scene;
      const { bls, wallet } = supervisors[0]!;
      const digest = (await supervisorLog.possessionDigest(wallet, mutable(bls.public))) as Hex;
      await expect(
        supervisorLog.connect(stranger).registerKey(mutable(bls.public), mutable(provePossession(bls, digest))),
      ).to.be.revertedWithCustomError(supervisorLog, "SupervisorLog_NoPossession");
    });

    it("refuses infinity, under which infinity signs everything, and a log signature in the place of a proof", async () => {
      const { supervisorLog, stranger } = await loadFixture(four);
      const infinity = mutable(addKeys([]));
      const nothing = mutable(addSignatures([]));
      await expect(supervisorLog.connect(stranger).registerKey(infinity, nothing)).to.be.revertedWithCustomError(
        supervisorLog,
        "SupervisorLog_NoPossession",
      );
      const own = blsKeyOf(ethers.id("stranger") as Hex);
      const digest = (await supervisorLog.possessionDigest(stranger, mutable(own.public))) as Hex;
      await expect(
        supervisorLog.connect(stranger).registerKey(mutable(own.public), mutable(blsSign(own, digest))),
      ).to.be.revertedWithCustomError(supervisorLog, "SupervisorLog_NoPossession");
    });

    it("is once for each operator", async () => {
      const scene = await loadFixture(four);
      await expect(register(scene, scene.supervisors[0]!))
        .to.be.revertedWithCustomError(scene.supervisorLog, "SupervisorLog_KeyIsFixed")
        .withArgs(scene.supervisors[0]!.wallet.address);
    });
  });

  describe("enroll", () => {
    it("adds keys one after the other, each once, and only those that were registered", async () => {
      const scene = await committedEpoch(3, 1);
      const { supervisorLog, taskId, supervisors } = scene;
      const [a, b, c] = supervisors.map(({ bls }) => mutable(bls.public));
      await enroll(scene, [1]);
      await register(scene, supervisors[0]!);
      await expect(supervisorLog.enroll(taskId, places(0, 2), [a!, c!], b!))
        .to.be.revertedWithCustomError(supervisorLog, "SupervisorLog_NotTheKeyOf")
        .withArgs(supervisors[2]!.wallet.address);
      await expect(supervisorLog.enroll(taskId, places(0), [a!], a!))
        .to.be.revertedWithCustomError(supervisorLog, "SupervisorLog_WrongSum")
        .withArgs(taskId);
      await expect(supervisorLog.enroll(taskId, places(1), [b!], b!))
        .to.be.revertedWithCustomError(supervisorLog, "SupervisorLog_AlreadyEnrolled")
        .withArgs(taskId, 1);
      await expect(supervisorLog.enroll(taskId, places(0), [a!], b!))
        .to.emit(supervisorLog, "KeysEnrolled")
        .withArgs(taskId, places(0));
      expect(await supervisorLog.enrolledOf(taskId)).to.equal(places(0, 1));
      const signed = aggregate(scene, await digestOf(scene, 1n), [0, 1], [0, 1]);
      await supervisorLog.post(period(scene, 1n), signed);
    });
  });

  describe("postPlain", () => {
    it("takes the operators' own signatures where a chain lacks the precompiles, and everywhere else", async () => {
      const scene = await committedEpoch(3, 3);
      const { supervisorLog, taskId, epoch } = scene;
      const signatures = plain(scene, await digestOf(scene, ALL), [0, 2]);
      await expect(supervisorLog.postPlain(period(scene, ALL), places(0, 2), signatures))
        .to.emit(supervisorLog, "LogPosted")
        .withArgs(taskId, epoch, rootOf(scene, ALL), ALL, places(0, 2));
    });

    it("refuses strangers, one supervisor in two places, and fewer signatures than signers", async () => {
      const scene = await loadFixture(four);
      const { supervisorLog } = scene;
      const digest = await digestOf(scene, ALL);
      const [one] = plain(scene, digest, [0]);
      await expect(
        supervisorLog.postPlain(period(scene, ALL), first(3), [one!, one!, one!]),
      ).to.be.revertedWithCustomError(supervisorLog, "SupervisorLog_BadSignature");
      await expect(supervisorLog.postPlain(period(scene, ALL), first(3), [one!]))
        .to.be.revertedWithCustomError(supervisorLog, "SupervisorLog_KeyCount")
        .withArgs(1n, 3n);
      await expect(supervisorLog.postPlain(period(scene, ALL), 1n, [one!]))
        .to.be.revertedWithCustomError(supervisorLog, "SupervisorLog_TooFewSigners")
        .withArgs(1n, 3n);
    });
  });

  describe("pay", () => {
    it("is for those that co-signed half of the posted epochs at least", async () => {
      const scene = await loadFixture(fiveOfWhichTwoSilent);
      const { supervisorLog, taskId } = scene;
      expect(await supervisorLog.diligentOf(taskId)).to.equal(0n);
      await postedBy(scene, [0, 1, 2]);
      expect(await supervisorLog.diligentOf(taskId)).to.equal(places(0, 1, 2));
    });

    it("is not lost to a majority that leaves a supervisor's signature out: it adds its own, once", async () => {
      const scene = await loadFixture(fiveOfWhichTwoSilent);
      const { supervisorLog, taskId, epoch } = scene;
      const [own] = plain(scene, await digestOf(scene, ALL), [4]);
      await expect(supervisorLog.cosign(taskId, epoch, 4, own!)).to.be.revertedWithCustomError(
        supervisorLog,
        "SupervisorLog_NotPosted",
      );
      await postedBy(scene, [0, 1, 2]);
      await expect(supervisorLog.cosign(taskId, epoch, 3, own!)).to.be.revertedWithCustomError(
        supervisorLog,
        "SupervisorLog_BadSignature",
      );
      await expect(supervisorLog.cosign(taskId, epoch, 4, own!))
        .to.emit(supervisorLog, "LogCosigned")
        .withArgs(taskId, epoch, 4);
      await expect(supervisorLog.cosign(taskId, epoch, 4, own!)).to.be.revertedWithCustomError(
        supervisorLog,
        "SupervisorLog_HasSigned",
      );
      expect(await supervisorLog.diligentOf(taskId)).to.equal(places(0, 1, 2, 4));
    });
  });

  describe("isLogged", () => {
    it("is true of every message of the log at its place, and of nothing else", async () => {
      const scene = await committedEpoch(1, 5, 2);
      const { supervisorLog, taskId, epoch, logged } = scene;
      const slots = places(0, 1, 3);
      const root = rootOf(scene, slots);
      const held = logged.map((ids, slot) => ((slots >> BigInt(slot)) % 2n === 0n ? [] : ids));
      await supervisorLog.postPlain(period(scene, slots), 1n, plain(scene, await digestOf(scene, slots), [0]));
      for (const [slot, ids] of held.entries())
        for (const [leaf, id] of ids.entries()) {
          const proven = proveLogged(held, slot, id);
          const shape = { segments: ids.length, slots: held.length };
          const of = (at: number, place: number, name: string, e = epoch) =>
            supervisorLog.isLogged(taskId, e, at, place, name, [...proven.proof]);
          expect(await of(slot, leaf, id)).to.equal(true);
          expect(verifyLogged(root, id, proven, shape)).to.equal(true);
          expect(await of(slot, leaf, ethers.id("never said"))).to.equal(false);
          expect(await of(slot, leaf + 1, id)).to.equal(false);
          expect(await of((slot + 1) % 5, leaf, id)).to.equal(false);
          expect(await of(slot, leaf, id, epoch + 1n)).to.equal(false);
          expect(verifyLogged(root, id, { ...proven, leaf: leaf + 4 }, shape)).to.equal(false);
        }
      // Slot 4 committed, but what it said is not logged.
      const unlogged = proveLogged(logged, 4, logged[4]![0]!);
      expect(await supervisorLog.isLogged(taskId, epoch, 4, 0, logged[4]![0]!, [...unlogged.proof])).to.equal(false);
    });
  });

  it("needs a task that has begun and has supervisors", async () => {
    const { supervisorLog } = await loadFixture(four);
    const unknown = ethers.id("unknown");
    await expect(supervisorLog.postPlain({ taskId: unknown, epoch: 0, slots: 1n }, 1n, []))
      .to.be.revertedWithCustomError(supervisorLog, "SupervisorLog_NotBegun")
      .withArgs(unknown, 0n);
  });

  describe("gas", function () {
    this.timeout(120_000);
    const gasOf = async (sending: Promise<{ wait: () => Promise<{ gasUsed: bigint } | null> }>) =>
      (await (await sending).wait())!.gasUsed;

    for (const supervisors of [1, 3, 80])
      it(`of ${supervisors} supervisors' logs is as in the snapshot`, async () => {
        const scene = await committedEpoch(supervisors, 3);
        const name = `supervisor-log: ${supervisors} supervisors, `;
        snapshot(`${name}enroll all`, await gasOf(enroll(scene)), undefined, 300);
        const digest = await digestOf(scene, ALL);
        const all = scene.supervisors.map((_, place) => place);
        const quorum = all.slice(0, Math.floor(supervisors / 2) + 1);
        for (const [who, signers] of [
          ["all", all],
          ["quorum", quorum],
        ] as const) {
          const before = await networkHelpers.takeSnapshot();
          const bls = scene.supervisorLog.post(period(scene, ALL), aggregate(scene, digest, signers));
          snapshot(`${name}post of ${who}`, await gasOf(bls), undefined, 300);
          await before.restore();
          const signatures = plain(scene, digest, signers);
          const ecdsa = scene.supervisorLog.postPlain(period(scene, ALL), places(...signers), signatures);
          snapshot(`${name}postPlain of ${who}`, await gasOf(ecdsa), undefined, 300);
          await before.restore();
        }
      });

    it("of a log of 80 slots, a key and an added signature is as in the snapshot", async () => {
      const scene = await committedEpoch(3, 80);
      await enroll(scene);
      const slots = first(80);
      const digest = await digestOf(scene, slots);
      const posting = scene.supervisorLog.post(period(scene, slots), aggregate(scene, digest, [0, 1]));
      snapshot("supervisor-log: 80 slots, post", await gasOf(posting), undefined, 300);
      const [own] = plain(scene, digest, [2]);
      const adding = scene.supervisorLog.cosign(scene.taskId, scene.epoch, 2, own!);
      snapshot("supervisor-log: cosign", await gasOf(adding), 150_000n, 300);
      const more = supervisorNamed("one more");
      await networkHelpers.setBalance(more.wallet.address, 10n ** 20n);
      snapshot("supervisor-log: registerKey", await gasOf(register(scene, more)), undefined, 300);
    });
  });
});
