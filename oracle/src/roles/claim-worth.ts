import type { ClaimDetails } from "../chain/claim-details.ts";
import type { Contracts } from "../chain/contracts.ts";
import type { Node } from "./node.ts";

const ETHER = 10n ** 18n;

/**
 * What a claim would mint if nothing more were claimed in its epoch, in GRIST wei: its part of the emission, as far as the
 * task's burn still covers it. The mint's maximum per ticket may cut it further.
 */
export async function expectedReward(
  { mint }: Pick<Contracts, "mint">,
  { taskId, epoch }: Pick<ClaimDetails, "taskId" | "epoch">,
): Promise<bigint> {
  const [emission, [made, accepted], minted, cap] = await Promise.all([
    mint.read.emissionOf([epoch]),
    mint.read.claimsIn([epoch]),
    mint.read.mintedFor([taskId]),
    mint.read.mintCapOf([taskId]),
  ]);
  const share = emission / BigInt(Math.max(made, accepted, 1));
  const left = cap - minted;
  return share < left ? share : left;
}

/** The same in wei of ether at the price that the operator set; undefined if there is none, and any gas is paid. */
export async function worthOfClaim(
  { config, contracts }: Pick<Node, "config" | "contracts">,
  claim: Pick<ClaimDetails, "taskId" | "epoch">,
): Promise<bigint | undefined> {
  if (config.gristPrice === undefined) return undefined;
  return ((await expectedReward(contracts, claim)) * BigInt(Math.round(config.gristPrice * Number(ETHER)))) / ETHER;
}
