import { ClaimState } from "@gristmill/sdk";
import type { Hex } from "viem";
import { isAddressEqual } from "viem";

import type { ClaimDetails } from "../chain/claim-details.ts";
import type { Attestable } from "./attester.ts";
import { firstSeat, sealBlock } from "./attester.ts";
import type { AuditedClaim, ClaimAudit } from "./claim-audit.ts";
import type { Node } from "./node.ts";
import { self } from "./node.ts";

/**
 * A lucky claim as something to attest. Its rounds begin with its own block.
 * @param attested is told the claims whose rewards this verifier shares
 */
export async function claimMatter(
  node: Node,
  audit: ClaimAudit,
  claim: AuditedClaim,
  attested: (claimId: Hex, details: ClaimDetails) => void,
): Promise<Attestable> {
  const { beacon, mint } = node.contracts;
  const { address, abi } = mint;
  const { claimId, details } = claim;
  const [{ claimedAt }, settlesAt, seats] = await Promise.all([
    mint.read.claimOf([claimId]),
    beacon.read.settlesAt([details.epoch]),
    mint.read.verifiersPerClaim(),
  ]);
  return {
    id: claimId,
    isUrgent: true,
    events: { sealed: "attestation-sealed", attested: "attested" },
    fields: { claimId, slot: details.slot },
    since: BigInt(claimedAt),
    standing: async (head) => {
      const { state } = await mint.read.claimOf([claimId]);
      if (head >= settlesAt) return "over";
      if (state === ClaimState.Claimed) return "wanted";
      return state === ClaimState.Attested ? "agreed" : "over";
    },
    seatIn: (round) =>
      firstSeat(self(node), seats, (seat) => mint.read.drawnVerifier([claimId, details.epoch, round, seat])),
    audit: () => audit.audit(claim),
    rootOf: ([trace]) => trace ?? "0x",
    seal: (sealedRoot) => node.chain.transact({ address, abi, functionName: "sealAttestation", args: [sealedRoot] }),
    sealedAt: (sealedRoot) => sealBlock(node.chain, mint, sealedRoot, BigInt(claimedAt)),
    isAttested: async () => {
      const attestations = await mint.read.attestationsOf([claimId]);
      return attestations.some(({ verifier }) => isAddressEqual(verifier, self(node)));
    },
    reveal: (seat, [trace = "0x"], salt) =>
      node.chain.transact({
        address,
        abi,
        functionName: "revealAttestation",
        args: [details, seat, trace, salt],
      }),
    accused: ({ fault }) => ({
      kind: fault,
      id: fault === "segment" ? details.segmentId : claimId,
      slot: details.slot,
    }),
    ended: (isAttested) => {
      if (isAttested) attested(claimId, details);
    },
  };
}
