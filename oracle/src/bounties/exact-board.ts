import type { ExactBountyView } from "@gristmill/sdk";
import { isBountyOver } from "@gristmill/sdk";
import type { ContractFunctionArgs, ContractFunctionName, Hex, TransactionReceipt } from "viem";

import type { Head } from "../chain/chain.ts";
import { isRevert } from "../chain/chain.ts";
import type { BountyNode } from "./bounty-node.ts";

type ExactAbi = BountyNode["contracts"]["exactBounties"]["abi"];
type ExactCall = ContractFunctionName<ExactAbi, "nonpayable">;

/** Sends one transaction to the contract of exact bounties. */
export async function sendExact<const Name extends ExactCall>(
  { chain, contracts }: Pick<BountyNode, "chain" | "contracts">,
  functionName: Name,
  args: ContractFunctionArgs<ExactAbi, "nonpayable", Name>,
): Promise<TransactionReceipt> {
  const { address, abi } = contracts.exactBounties;
  return chain.transact({ address, abi, functionName, args } as Parameters<typeof chain.transact>[0]);
}

/** An exact bounty after what is due was carried out: by this node if nobody did. */
export async function currentExact(
  node: Pick<BountyNode, "chain" | "contracts">,
  bountyId: Hex,
  head: Head,
): Promise<ExactBountyView> {
  const { read } = node.contracts.exactBounties;
  const view = await read.bountyOf([bountyId]);
  if (isBountyOver(view.stage) || head.timestamp < view.stageEndsAt) return view;
  try {
    await sendExact(node, "advance", [bountyId]);
  } catch (error) {
    if (!isRevert(error)) throw error;
  }
  return read.bountyOf([bountyId]);
}

/** Pulls what exact bounties owe this node. */
export async function withdrawExact(node: Pick<BountyNode, "chain" | "contracts">): Promise<bigint> {
  const credit = await node.contracts.exactBounties.read.creditOf([node.chain.account.address]);
  if (credit > 0n) await sendExact(node, "withdraw", []);
  return credit;
}
