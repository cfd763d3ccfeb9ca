import { GristmillError } from "../errors.ts";

/**
 * Refuses amounts that no contract takes.
 * @throws GristmillError AMOUNT_RANGE
 */
export function requirePositive(name: string, amount: bigint): void {
  if (amount > 0n) return;
  throw new GristmillError("AMOUNT_RANGE", `${name} is ${amount}, but must be positive.`, {
    hints: ['amounts are in the smallest unit: parseEther("1.5") of viem for 1.5 GRIST'],
  });
}
