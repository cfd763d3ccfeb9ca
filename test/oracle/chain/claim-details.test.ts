import { expect } from "chai";

import type { ClaimDetails, StoredDetails } from "../../../oracle/src/chain/claim-details.ts";
import { restoreDetails, storeDetails } from "../../../oracle/src/chain/claim-details.ts";

describe("a claim's details", () => {
  it("come back from the database as they were, an epoch beyond 2^53 too", () => {
    const hash = `0x${"ab".repeat(32)}` as const;
    const details: ClaimDetails = {
      taskId: hash,
      slot: 3,
      index: 1_279,
      ticket: 2,
      epoch: 2n ** 63n + 1n,
      miner: `0x${"cd".repeat(20)}`,
      segmentId: hash,
      work: hash,
      y: hash,
      traceId: hash,
    };
    const stored = JSON.parse(JSON.stringify(storeDetails(details))) as StoredDetails;
    expect(restoreDetails(stored)).to.deep.equal(details);
  });
});
