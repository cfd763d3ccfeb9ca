import { auditIdOf, isAuditDrawn, merkleProof, sealAttestationRoot, segmentId, tracesRoot } from "@gristmill/sdk";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import type { Address, Hex } from "viem";

import { allAttestedOf } from "../disputes/attested-segments.ts";
import { SALT } from "../helpers/attested-claim.ts";
import { ZERO } from "../tasks/scenario.ts";
import type { Disputes } from "./disputes.ts";
import { BEACON } from "./market.ts";
import type { Shown, TaskRun, Tasks } from "./tasks.ts";
import type { Action, Department, Walk } from "./walk.ts";

/** A segment that the seed drew. */
interface DrawnAudit {
  readonly auditId: Hex;
  readonly details: { taskId: Hex; slot: number; epoch: bigint; first: number; segmentId: Hex };
  readonly proof: Hex[];
  readonly run: TaskRun;
  readonly shown: Shown;
  /** The rounds in which an honest verifier has sealed. */
  readonly sealedIn: Set<bigint>;
}

/** Verifiers audit what the seed draws; the sly attest what a slot says, or anything. */
export class DrawnAudits implements Department {
  readonly audits: DrawnAudit[] = [];
  readonly #walk: Walk;
  readonly #tasks: Tasks;
  readonly #disputes: Disputes;
  readonly #looked = new Set<string>();

  constructor(walk: Walk, tasks: Tasks, disputes: Disputes) {
    this.#walk = walk;
    this.#tasks = tasks;
    this.#disputes = disputes;
  }

  get actions(): readonly Action[] {
    return [() => this.#slyAttestation(), () => this.#accuseAuditor()];
  }

  async attend(): Promise<void> {
    await this.#look();
    const { audits } = this.#walk.market;
    for (const audit of this.audits.slice(-24)) {
      const now = await this.#roundOf(audit);
      if (now === undefined || audit.shown.told !== audit.shown.truth) continue;
      const { round, revealing } = now;
      if (audit.sealedIn.has(round) !== revealing || (await audits.auditOf(audit.auditId)).agreed) continue;
      const drawn = this.#walk.signer(await audits.drawnVerifier(audit.auditId, audit.details.epoch, round, 0));
      if (drawn === undefined || !this.#walk.isHonest(drawn)) continue;
      const traces = allAttestedOf(audit.run, audit.shown.truth);
      audit.sealedIn.add(round);
      if (revealing) await this.#reveal(drawn, audit, traces);
      else await this.#seal(drawn, audit, traces);
    }
  }

  async crank(): Promise<void> {
    // Audits that nobody attests end by themselves.
  }

  /** Finds what the seeds have drawn since the last look. */
  async #look(): Promise<void> {
    const { audits, beacon } = this.#walk.market;
    for (const run of this.#tasks.live) {
      for (const slot of run.slots) {
        for (const [epoch, segments] of slot.commits) {
          const key = `${run.taskId} ${String(slot.index)} ${String(epoch)}`;
          const seed = this.#looked.has(key) ? ZERO : await beacon.seedOf(epoch);
          if (seed === ZERO) continue;
          this.#looked.add(key);
          const chance = await audits.chanceOf(run.taskId);
          const ids = segments.map(({ message }) => segmentId(message.segment));
          for (const [place, shown] of segments.entries()) {
            const { first } = shown.message.segment;
            const auditId = auditIdOf({ taskId: run.taskId, slot: slot.index, first });
            if (!isAuditDrawn(seed as Hex, auditId, chance)) continue;
            const details = { taskId: run.taskId, slot: slot.index, epoch, first, segmentId: ids[place]! };
            this.audits.push({ auditId, details, proof: merkleProof(ids, place), run, shown, sealedIn: new Set() });
          }
        }
      }
    }
  }

  /** The round in which the next block is, undefined outside of the audit's rounds. */
  async #roundOf({ details }: DrawnAudit): Promise<{ round: bigint; revealing: boolean } | undefined> {
    const start = await this.#walk.market.audits.startsAt(details.epoch);
    const next = (await this.#walk.blockNumber()) + 1n;
    const half = (next - start) / BEACON.attestationBlocks;
    if (next < start || half >= 2n * BEACON.attestationRounds) return undefined;
    return { round: half / 2n, revealing: half % 2n === 1n };
  }

  async #slyAttestation(): Promise<void> {
    const { dice, market } = this.#walk;
    if (this.audits.length === 0) return;
    const audit = dice.pick(this.audits.slice(-6));
    const now = await this.#roundOf(audit);
    if (now === undefined) return;
    const traces = allAttestedOf(audit.run, audit.shown.told);
    if (dice.below(3) === 0) traces.reverse();
    const by = this.#walk.oneIn(4) ? this.#walk.anybody() : market.slyVerifier;
    // The honest seal and open what they computed, in their time.
    if (this.#walk.isHonest(by)) return;
    if (!now.revealing) await this.#seal(by, audit, traces);
    else await this.#reveal(by, audit, traces);
  }

  async #seal(by: HardhatEthersSigner, { auditId }: DrawnAudit, traces: readonly Hex[]): Promise<void> {
    const { audits } = this.#walk.market;
    const sealed = sealAttestationRoot(auditId, by.address as Address, tracesRoot(traces), SALT as Hex);
    await this.#walk.send("Audits.sealAttestation", by, () => audits.connect(by).sealAttestation(sealed));
  }

  async #reveal(by: HardhatEthersSigner, { details, proof }: DrawnAudit, traces: Hex[]): Promise<void> {
    const { audits } = this.#walk.market;
    await this.#walk.send("Audits.revealAttestation", by, () =>
      audits.connect(by).revealAttestation(details, proof, 0, traces, SALT),
    );
  }

  /** Mostly over what is known to be false. */
  async #accuseAuditor(): Promise<void> {
    const { dice, market } = this.#walk;
    if (this.audits.length === 0) return;
    const lies = this.audits.filter(({ shown }) => shown.told !== shown.truth);
    const audit = dice.pick(lies.length === 0 || dice.below(3) === 0 ? this.audits : lies);
    const { details, run, shown } = audit;
    const by = this.#walk.anybody();
    const perjury = market.perjury.connect(by);
    const traces = allAttestedOf(run, shown.told);
    const { cases } = this.#disputes;
    const disputeId = cases.length === 0 ? audit.auditId : dice.pick(cases).disputeId;
    const [number, place] = [dice.below(2), dice.below(traces.length)];
    if (dice.below(2) === 0)
      await this.#walk.send("Perjury.convictAuditorForTrace", by, () =>
        perjury.convictAuditorForTrace(details, number, traces, place, disputeId),
      );
    else
      await this.#walk.send("Perjury.convictAuditorForSegment", by, () =>
        perjury.convictAuditorForSegment(details, number),
      );
  }
}
