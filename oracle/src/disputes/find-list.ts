import { GristmillError, merkleProof, recordHash } from "@gristmill/sdk";

import type { TaskLog } from "../storage/task-log.ts";
import type { Evidence } from "./segment-player.ts";

/**
 * Finds lists in a node's log.
 * @throws GristmillError LOG_INCOMPLETE from the function it gives, if the log lacks a segment on the way
 */
export function listFinder(log: TaskLog): Evidence["findList"] {
  return (entry, slot, index) => {
    const chain = log.chain(slot);
    const named = chain.findIndex(({ id }) => id === entry.segmentId);
    const holding = chain.findIndex(({ message }) => index <= message.segment.last);
    const segments = chain.slice(holding, named + 1).map(({ message }) => message);
    const [holder] = segments;
    const record = holder?.records[index - holder.segment.first];
    if (holder === undefined || record === undefined)
      throw new GristmillError(
        "LOG_INCOMPLETE",
        `iteration ${String(index)} of slot ${String(slot)} is not in the log`,
        { hints: ["fetch the missing segments from a peer first"] },
      );
    return {
      chain: segments.map(({ segment }) => segment).reverse(),
      record,
      recordProof: merkleProof(holder.records.map(recordHash), index - holder.segment.first),
    };
  };
}
