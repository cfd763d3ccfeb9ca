import type { Segment } from "@gristmill/sdk";
import { GristmillError, segmentDigest } from "@gristmill/sdk";
import type { Hex } from "viem";
import { hexToBytes } from "viem";

import { signDigest } from "../network/signature.ts";
import type { Node } from "./node.ts";

/**
 * Signs a segment with the node's operator key: EIP-712, 65 bytes r || s || v.
 * @throws GristmillError KEY_MISSING
 */
export function signSegment(node: Node, segment: Segment): Hex {
  const key = node.config.privateKey;
  if (key === undefined) throw new GristmillError("KEY_MISSING", "segments are signed, and no key was given");
  return signDigest(segmentDigest(segment, node.domain), hexToBytes(key));
}
