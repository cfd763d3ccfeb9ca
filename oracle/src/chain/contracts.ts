import {
  auditsAbi,
  bountyBoardAbi,
  courtAbi,
  epochBeaconAbi,
  evaluationGameAbi,
  exactBountiesAbi,
  fillerTasksAbi,
  gristTokenAbi,
  demandsAbi,
  misconductAbi,
  openMintAbi,
  perjuryAbi,
  segmentGameAbi,
  stakeManagerAbi,
  supervisorLogAbi,
  taskRegistryAbi,
  tensHashGameAbi,
  verifierPoolAbi,
  workMintAbi,
} from "@gristmill/sdk";
import { getContract } from "viem";

import type { Chain } from "./chain.ts";

/** Every contract of the suite as a typed reader; writes go through `Chain.transact` with the same address and ABI. */
export function contractsOf(chain: Chain) {
  const client = chain.public;
  const { contracts } = chain.deployment;
  return {
    token: getContract({ address: contracts.GristToken, abi: gristTokenAbi, client }),
    stake: getContract({ address: contracts.StakeManager, abi: stakeManagerAbi, client }),
    beacon: getContract({ address: contracts.EpochBeacon, abi: epochBeaconAbi, client }),
    pool: getContract({ address: contracts.VerifierPool, abi: verifierPoolAbi, client }),
    registry: getContract({ address: contracts.TaskRegistry, abi: taskRegistryAbi, client }),
    mint: getContract({ address: contracts.WorkMint, abi: workMintAbi, client }),
    audits: getContract({ address: contracts.Audits, abi: auditsAbi, client }),
    court: getContract({ address: contracts.Court, abi: courtAbi, client }),
    segmentGame: getContract({ address: contracts.SegmentGame, abi: segmentGameAbi, client }),
    evaluationGame: getContract({ address: contracts.EvaluationGame, abi: evaluationGameAbi, client }),
    tensHashGame: getContract({ address: contracts.TensHashGame, abi: tensHashGameAbi, client }),
    supervisorLog: getContract({ address: contracts.SupervisorLog, abi: supervisorLogAbi, client }),
    bounties: getContract({ address: contracts.BountyBoard, abi: bountyBoardAbi, client }),
    exactBounties: getContract({ address: contracts.ExactBounties, abi: exactBountiesAbi, client }),
    fillers: getContract({ address: contracts.FillerTasks, abi: fillerTasksAbi, client }),
    misconduct: getContract({ address: contracts.Misconduct, abi: misconductAbi, client }),
    openMint: getContract({ address: contracts.OpenMint, abi: openMintAbi, client }),
    demands: getContract({ address: contracts.Demands, abi: demandsAbi, client }),
    perjury: getContract({ address: contracts.Perjury, abi: perjuryAbi, client }),
  };
}

/**
 * The contracts as disputes over entries of exact bounties know them: a court and a game of their own, and in the
 * registry's place the contract that answers for the entries, with the same functions and events.
 */
export function entryCourtOf(chain: Chain): Contracts {
  const client = chain.public;
  const { ExactBounties, BountyCourt, BountyGame } = chain.deployment.contracts;
  return {
    ...contractsOf(chain),
    registry: getContract({ address: ExactBounties, abi: taskRegistryAbi, client }),
    court: getContract({ address: BountyCourt, abi: courtAbi, client }),
    evaluationGame: getContract({ address: BountyGame, abi: evaluationGameAbi, client }),
  };
}

/** The suite's contracts on one chain. */
export type Contracts = ReturnType<typeof contractsOf>;
