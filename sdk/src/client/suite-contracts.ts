import type { GetContractReturnType } from "viem";
import { getContract } from "viem";

import { courtAbi } from "../contracts/abis/court.ts";
import { demandsAbi } from "../contracts/abis/demands.ts";
import { epochBeaconAbi } from "../contracts/abis/epoch-beacon.ts";
import { evaluationGameAbi } from "../contracts/abis/evaluation-game.ts";
import { gristTokenAbi } from "../contracts/abis/grist-token.ts";
import { misconductAbi } from "../contracts/abis/misconduct.ts";
import { mlpTemplateAbi } from "../contracts/abis/mlp-template.ts";
import { segmentGameAbi } from "../contracts/abis/segment-game.ts";
import { stakeManagerAbi } from "../contracts/abis/stake-manager.ts";
import { taskRegistryAbi } from "../contracts/abis/task-registry.ts";
import { tensHashGameAbi } from "../contracts/abis/tens-hash-game.ts";
import { verifierPoolAbi } from "../contracts/abis/verifier-pool.ts";
import { workMintAbi } from "../contracts/abis/work-mint.ts";
import type { Suite, SuiteClient } from "./suite.ts";

/** The contracts of a suite, for a client. */
export interface SuiteContracts<client extends SuiteClient> {
  readonly token: GetContractReturnType<typeof gristTokenAbi, client>;
  readonly stake: GetContractReturnType<typeof stakeManagerAbi, client>;
  readonly beacon: GetContractReturnType<typeof epochBeaconAbi, client>;
  readonly pool: GetContractReturnType<typeof verifierPoolAbi, client>;
  readonly template: GetContractReturnType<typeof mlpTemplateAbi, client>;
  readonly registry: GetContractReturnType<typeof taskRegistryAbi, client>;
  readonly mint: GetContractReturnType<typeof workMintAbi, client>;
  readonly court: GetContractReturnType<typeof courtAbi, client>;
  readonly segmentGame: GetContractReturnType<typeof segmentGameAbi, client>;
  readonly evaluationGame: GetContractReturnType<typeof evaluationGameAbi, client>;
  readonly tensHashGame: GetContractReturnType<typeof tensHashGameAbi, client>;
  readonly misconduct: GetContractReturnType<typeof misconductAbi, client>;
  readonly demands: GetContractReturnType<typeof demandsAbi, client>;
}

/**
 * Every contract of the suite as a typed viem contract (`getContract`), for what no action covers. It pulls in all ABIs:
 * where size counts, import the ABI that is needed and an action, or viem's own functions.
 */
export function suiteContracts<client extends SuiteClient>(
  client: client,
  { contracts }: Suite,
): SuiteContracts<client> {
  return {
    token: getContract({ address: contracts.GristToken, abi: gristTokenAbi, client }),
    stake: getContract({ address: contracts.StakeManager, abi: stakeManagerAbi, client }),
    beacon: getContract({ address: contracts.EpochBeacon, abi: epochBeaconAbi, client }),
    pool: getContract({ address: contracts.VerifierPool, abi: verifierPoolAbi, client }),
    template: getContract({ address: contracts.MlpTemplate, abi: mlpTemplateAbi, client }),
    registry: getContract({ address: contracts.TaskRegistry, abi: taskRegistryAbi, client }),
    mint: getContract({ address: contracts.WorkMint, abi: workMintAbi, client }),
    court: getContract({ address: contracts.Court, abi: courtAbi, client }),
    segmentGame: getContract({ address: contracts.SegmentGame, abi: segmentGameAbi, client }),
    evaluationGame: getContract({ address: contracts.EvaluationGame, abi: evaluationGameAbi, client }),
    tensHashGame: getContract({ address: contracts.TensHashGame, abi: tensHashGameAbi, client }),
    misconduct: getContract({ address: contracts.Misconduct, abi: misconductAbi, client }),
    demands: getContract({ address: contracts.Demands, abi: demandsAbi, client }),
  };
}
