import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { MaxUint256, Signature } from "ethers";

import type { GristToken } from "../../../types/ethers-contracts/index.js";

const PERMIT = [
  { type: "address", name: "owner" },
  { type: "address", name: "spender" },
  { type: "uint256", name: "value" },
  { type: "uint256", name: "nonce" },
  { type: "uint256", name: "deadline" },
];

/** `owner`'s EIP-2612 permit for `spender` over `value` GRIST wei, without a deadline. */
export async function signPermit(
  token: GristToken,
  owner: HardhatEthersSigner,
  spender: string,
  value: bigint,
): Promise<Signature> {
  const { chainId } = await owner.provider!.getNetwork();
  const domain = { name: "Gristmill", version: "1", chainId, verifyingContract: await token.getAddress() };
  const nonce = await token.nonces(owner);
  const permit = { owner: owner.address, spender, value, nonce, deadline: MaxUint256 };
  return Signature.from(await owner.signTypedData(domain, { Permit: PERMIT }, permit));
}
