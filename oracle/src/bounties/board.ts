import { isBountyOver } from "@gristmill/sdk";
import type { ContractFunctionArgs, ContractFunctionName, Hex, TransactionReceipt } from "viem";

import { isRevert } from "../chain/chain.ts";
import type { Head } from "../chain/chain.ts";
import type { BountyNode } from "./bounty-node.ts";

type BoardAbi = BountyNode["contracts"]["bounties"]["abi"];
type BoardCall = ContractFunctionName<BoardAbi, "nonpayable">;

/** A bounty as the board has it. */
export type BountyView = Awaited<ReturnType<BountyNode["contracts"]["bounties"]["read"]["bountyOf"]>>;

/** Sends one transaction to the board. */
export async function send<const Name extends BoardCall>(
  { chain, contracts }: BountyNode,
  functionName: Name,
  args: ContractFunctionArgs<BoardAbi, "nonpayable", Name>,
): Promise<TransactionReceipt> {
  const { address, abi } = contracts.bounties;
  return chain.transact({ address, abi, functionName, args } as Parameters<typeof chain.transact>[0]);
}

/** A bounty after what is due was carried out: by this node if nobody did. Several nodes may race; one is enough. */
export async function currentView(node: BountyNode, bountyId: Hex, head: Head): Promise<BountyView> {
  const { read } = node.contracts.bounties;
  const view = await read.bountyOf([bountyId]);
  if (isBountyOver(view.stage) || head.timestamp < view.stageEndsAt) return view;
  try {
    await send(node, "advance", [bountyId]);
  } catch (error) {
    if (!isRevert(error)) throw error;
  }
  return read.bountyOf([bountyId]);
}

/** Pulls what the board owes this node. */
export async function withdrawCredit(node: BountyNode): Promise<bigint> {
  const credit = await node.contracts.bounties.read.creditOf([node.chain.account.address]);
  if (credit > 0n) await send(node, "withdraw", []);
  return credit;
}
