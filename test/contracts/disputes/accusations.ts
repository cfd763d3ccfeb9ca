import type { Clock, Segment } from "@gristmill/sdk";
import type { ContractTransactionResponse } from "ethers";
import { zeroHash } from "viem";

import type { CourtScene, SignedSegment } from "./court-scene.ts";
import { sign } from "./court-scene.ts";
import {
  clockAfter,
  type Deviation,
  type Draft,
  entryOf,
  openBatch,
  openClock,
  openRecord,
  openStep,
  PROGRAM,
} from "./honest-slots.ts";

/** What two slots did: three segments of slot 0, of which the second names slot 1's first and the third its second. */
export interface History {
  readonly own: readonly [Draft, Draft, Draft];
  readonly peer: readonly [Draft, Draft, Draft];
}

/** Which draft of slot 0 deviates, and how. */
export interface Guilt {
  readonly which: 0 | 1 | 2;
  readonly deviation: (history: History) => Deviation;
}

/** What `prove...` of {@link CourtScene.misconduct} is given for `history`, its guilty segment being signed. */
type Proof = (scene: CourtScene, history: History, signed: SignedSegment) => Promise<ContractTransactionResponse>;

/** One way to break the rules, and the proof that convicts for it. */
export interface Accusation {
  readonly offence: string;
  readonly condition: string;
  readonly guilt: Guilt;
  readonly prove: Proof;
}

/** The history in which everybody keeps to the rules; with a guilt the one in which slot 0 does not. */
export function historyOf({ slots }: CourtScene, guilt?: Guilt): History {
  const first = slots.draft(1, undefined);
  const second = slots.draft(1, first);
  const peer = [first, second, slots.draft(1, second)] as const;
  const own: Draft[] = [];
  for (const which of [0, 1, 2] as const) {
    const named = which === 0 ? [] : [peer[which - 1]!];
    const honest = () => slots.draft(0, own[which - 1], named);
    const known = { own: [own[0] ?? honest(), own[1] ?? honest(), honest()] as const, peer };
    own.push(guilt?.which === which ? slots.draft(0, own[which - 1], named, guilt.deviation(known)) : honest());
  }
  return { own: [own[0]!, own[1]!, own[2]!], peer };
}

const SECOND = 1;
const THIRD = 2;

function statement(change: (history: History) => Partial<Segment>): Guilt {
  return { which: SECOND, deviation: (known) => ({ segment: change(known) }) };
}

/** Slot 0 names otherwise in its second or third segment. */
function naming(which: 1 | 2, change: (clock: Clock, history: History) => Clock): Guilt {
  return {
    which,
    deviation: (known) => ({
      clock: change(clockAfter(0, known.own[which - 1], [known.peer[which - 1]!]), known),
    }),
  };
}

function replaceEntry(clock: Clock, slot: number, entry: Partial<Clock[number]>): Clock {
  return clock.map((old, at) => (at === slot ? { ...old, ...entry } : old));
}

const none = { count: 0, segmentId: zeroHash } as const;

const impossible = (condition: string, change: Partial<Segment>, which: 1 | 2 = SECOND): Accusation => ({
  offence: "ImpossibleSegment",
  condition,
  guilt: { which, deviation: () => ({ segment: change }) },
  prove: ({ misconduct }, _, signed) => misconduct.proveImpossibleSegment(signed),
});

const impossibleClock = (condition: string, change: (clock: Clock, history: History) => Clock): Accusation => ({
  offence: "ImpossibleClock",
  condition,
  guilt: naming(SECOND, change),
  prove: ({ misconduct }, { own }, signed) => misconduct.proveImpossibleClock(signed, openClock(own[1])),
});

const rollback = (condition: string, change: (clock: Clock, history: History) => Clock): Accusation => ({
  offence: "Rollback",
  condition,
  guilt: naming(THIRD, change),
  prove: ({ misconduct }, { own }, signed) => misconduct.proveRollback(signed, openStep(own[2], own[1]), 1),
});

/** All of them but those about lists. */
export const accusations: readonly Accusation[] = [
  impossible("a segment that starts in the middle of one", { first: 5 }),
  impossible("a segment with more than c iterations", { last: 8 }),
  impossible("a segment that ends before it starts", { first: 8, last: 7 }),
  impossible("a segment beyond the task's iterations", { first: 12, last: 14 }, THIRD),
  impossible("a segment that is not the first and names no predecessor", { previous: zeroHash }),
  impossible("a segment that is the first and names a predecessor", { first: 0, last: 3 }),
  {
    offence: "BrokenLink",
    condition: "a segment that leaves iterations out",
    guilt: statement(() => ({ first: 8, last: 11 })),
    prove: ({ misconduct }, { own }, signed) => misconduct.proveBrokenLink(signed, own[0].segment),
  },
  {
    offence: "BrokenLink",
    condition: "a segment that continues another slot's",
    guilt: statement(({ peer }) => ({ previous: peer[0].id })),
    prove: ({ misconduct }, { own, peer }, signed) =>
      misconduct.proveBrokenLink(signed, signed.segment.previous === peer[0].id ? peer[0].segment : own[0].segment),
  },
  {
    offence: "MisplacedRecord",
    condition: "a record of another iteration",
    guilt: {
      which: SECOND,
      deviation: () => ({ record: ({ index }, leaf) => (leaf === 2 ? { index: index + 1 } : {}) }),
    },
    prove: ({ misconduct }, { own }, signed) => misconduct.proveMisplacedRecord(signed, openRecord(own[1], 2)),
  },
  {
    offence: "ChangingClock",
    condition: "a clock that changes within a segment",
    guilt: {
      which: SECOND,
      deviation: ({ own }) => ({
        record: (_, leaf) => (leaf === 2 ? { clockHash: own[0].records[0]!.clockHash } : {}),
      }),
    },
    prove: ({ misconduct }, { own }, signed) =>
      misconduct.proveChangingClock(signed, openRecord(own[1], 0), openRecord(own[1], 2)),
  },
  {
    offence: "WrongLastWork",
    condition: "a segment that states another work than its last record",
    guilt: statement(({ own }) => ({ work: own[0].segment.work })),
    prove: ({ misconduct }, { own }, signed) => misconduct.proveWrongLastWork(signed, openRecord(own[1], 3)),
  },
  {
    offence: "BrokenWork",
    condition: "work that does not follow from the record before",
    guilt: { which: SECOND, deviation: ({ own }) => ({ work: (work, leaf) => (leaf === 2 ? own[0].id : work) }) },
    prove: ({ misconduct, parameters }, { own }, signed) => {
      const current = openRecord(own[1], 2);
      const batch = openBatch(current.record.batch);
      return misconduct.proveBrokenWork(signed, openRecord(own[1], 1), current, batch, parameters);
    },
  },
  {
    offence: "BrokenWork",
    condition: "work that does not follow from the predecessor's",
    guilt: { which: SECOND, deviation: ({ own }) => ({ work: (work, leaf) => (leaf === 0 ? own[0].id : work) }) },
    prove: ({ misconduct, parameters }, { own }, signed) => {
      const record = openRecord(own[1], 0);
      const batch = openBatch(record.record.batch);
      return misconduct.proveBrokenFirstWork(signed, own[0].segment, record, batch, parameters);
    },
  },
  {
    offence: "BrokenWork",
    condition: "work that does not start from the seed",
    guilt: { which: 0, deviation: ({ peer }) => ({ work: (work, leaf) => (leaf === 0 ? peer[0].id : work) }) },
    prove: ({ misconduct, parameters }, { own }, signed) => {
      const record = openRecord(own[0], 0);
      const batch = openBatch(record.record.batch);
      return misconduct.proveBrokenFirstWork(signed, own[0].segment, record, batch, parameters);
    },
  },
  {
    offence: "WrongBatch",
    condition: "a batch that the schedule does not give",
    guilt: {
      which: SECOND,
      deviation: () => ({
        record: ({ batch }, leaf) => (leaf === 1 ? { batch: (batch + 1) % PROGRAM.batches } : {}),
      }),
    },
    prove: ({ misconduct, parameters }, { own }, signed) =>
      misconduct.proveWrongBatch(signed, openRecord(own[1], 1), parameters),
  },
  impossibleClock("a clock without an entry for each slot", (clock) => clock.slice(0, 2)),
  impossibleClock("a clock whose own entry counts otherwise", (clock) => replaceEntry(clock, 0, { count: 3 })),
  impossibleClock("a clock whose own entry names another segment", (clock, { peer }) =>
    replaceEntry(clock, 0, { segmentId: peer[0].id }),
  ),
  impossibleClock("a clock that counts more than the task's iterations", (clock) =>
    replaceEntry(clock, 1, { count: 15 }),
  ),
  impossibleClock("a clock that counts without a name", (clock) => replaceEntry(clock, 1, { segmentId: zeroHash })),
  impossibleClock("a clock that names without counting", (clock) => replaceEntry(clock, 1, { count: 0 })),
  {
    offence: "FalseNaming",
    condition: "an entry that counts beyond the segment that it names",
    guilt: naming(SECOND, (clock) => replaceEntry(clock, 1, { count: 8 })),
    prove: ({ misconduct }, { own, peer }, signed) =>
      misconduct.proveFalseNaming(signed, openClock(own[1]), 1, peer[0].segment),
  },
  {
    offence: "FalseNaming",
    condition: "an entry that names another slot's segment",
    guilt: naming(SECOND, (clock, { own }) => replaceEntry(clock, 1, entryOf(own[0]))),
    prove: ({ misconduct }, { own, peer }, signed) => {
      const named = own[1].clock[1]!.segmentId === own[0].id ? own[0] : peer[0];
      return misconduct.proveFalseNaming(signed, openClock(own[1]), 1, named.segment);
    },
  },
  {
    offence: "TooManyLists",
    condition: "a segment that takes in 257 lists",
    guilt: naming(SECOND, (clock) => replaceEntry(clock, 1, { count: 257 })),
    prove: ({ misconduct }, { own }, signed) => misconduct.proveTooManyLists(signed, openStep(own[1], own[0])),
  },
  rollback("an entry that goes back", (clock) => replaceEntry(clock, 1, none)),
  rollback("an entry that names another segment with the same count", (clock, { own }) =>
    replaceEntry(clock, 1, { count: 4, segmentId: own[0].id }),
  ),
];

/** Signs the segment that the accusation is about. */
export function signGuilty(scene: CourtScene, { own }: History, { which }: Guilt): Promise<SignedSegment> {
  return sign(scene, own[which]);
}
