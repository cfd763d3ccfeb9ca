import { pad, parseAbi } from "viem";

import type { Deployment } from "../../../oracle/src/chain/deployment.ts";

/**
 * A contract that takes each id once: what it has taken stands in storage under the id, and a second time it reverts.
 * Whatever its function is called, the first word of the calldata after the selector is the id.
 */
export const LEDGER = pad("0x1ed6e2", { size: 20 });

/** PUSH1 4 CALLDATALOAD DUP1 SLOAD ISZERO PUSH1 12 JUMPI PUSH0 PUSH0 REVERT JUMPDEST PUSH1 1 SWAP1 SSTORE STOP */
export const ledgerCode = "0x600435805415600c575f5ffd5b6001905500";

export const ledgerAbi = parseAbi(["function claim(bytes32 id)"]);

const names = ["GristToken", "StakeManager", "VerifierPool", "EpochBeacon", "MlpTemplate", "TaskRegistry", "WorkMint"];
const games = ["Court", "SegmentGame", "EvaluationGame", "TensHashGame", "Misconduct", "Demands"];

/** A development chain on which this contract stands for the whole suite. */
export const ledgerDeployment: Deployment = {
  chainId: 31_337,
  blockNumber: 0,
  contracts: Object.fromEntries([...names, ...games].map((name) => [name, LEDGER])) as Deployment["contracts"],
};
