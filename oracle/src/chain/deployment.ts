import { readFile } from "node:fs/promises";

import { GristmillError } from "@gristmill/sdk";
import { isAddress } from "viem";
import { z } from "zod";

const address = z.custom<`0x${string}`>((value) => typeof value === "string" && isAddress(value), "not an address");

const schema = z.object({
  chainId: z.number().int().positive(),
  blockNumber: z.number().int().nonnegative().default(0),
  contracts: z.object({
    GristToken: address,
    StakeManager: address,
    VerifierPool: address,
    EpochBeacon: address,
    MlpTemplate: address,
    TaskRegistry: address,
    WorkMint: address,
    Audits: address,
    Court: address,
    SegmentGame: address,
    EvaluationGame: address,
    TensHashGame: address,
    Misconduct: address,
    Demands: address,
    OpenMint: address,
    Perjury: address,
    SupervisorLog: address,
    BountyBoard: address,
    ExactBounties: address,
    BountyCourt: address,
    BountyGame: address,
    FillerTasks: address,
  }),
});

/** Where the suite stands on one chain: `deployments/<network>/addresses.json`. */
export type Deployment = z.infer<typeof schema>;

/**
 * Reads a deployment record.
 * @throws GristmillError DEPLOYMENT_UNREADABLE, DEPLOYMENT_INVALID
 */
export async function readDeployment(file: string): Promise<Deployment> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new GristmillError("DEPLOYMENT_UNREADABLE", `the deployment record ${file} cannot be read`, {
      cause,
      hints: ["deploy with `npx hardhat deploy --network NAME`, or name another record with --deployment"],
    });
  });
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new GristmillError("DEPLOYMENT_INVALID", `${file} is not a deployment record`, {
      cause,
      hints: [cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause)],
    });
  }
}
