import { createHash } from "node:crypto";

import { merkleProof, merkleRoot, verifyMerkleProof } from "@gristmill/sdk";
import { expect } from "chai";
import type { Hex } from "viem";
import { zeroHash } from "viem";

const node = (left: Hex, right: Hex): Hex =>
  `0x${createHash("sha256")
    .update(Buffer.from(`01${left.slice(2)}${right.slice(2)}`, "hex"))
    .digest("hex")}`;
const leaves = (count: number): Hex[] =>
  Array.from({ length: count }, (_, i): Hex => `0x${(i + 1).toString(16).padStart(64, "0")}`);

/** The tree as the text has it, with its padding. */
function plainRoot(level: Hex[]): Hex {
  while (Math.log2(level.length) % 1 !== 0) level = [...level, zeroHash];
  while (level.length > 1) level = level.flatMap((left, i) => (i % 2 === 0 ? [node(left, level[i + 1]!)] : []));
  return level[0]!;
}

describe("Merkle trees", () => {
  it("take a single leaf as the root", () => {
    expect(merkleRoot(leaves(1))).to.equal(leaves(1)[0]);
    expect(merkleProof(leaves(1), 0)).to.deep.equal([]);
  });

  it("are padded with zero leaves to a power of two", () => {
    for (let count = 1; count <= 17; count++) expect(merkleRoot(leaves(count))).to.equal(plainRoot(leaves(count)));
  });

  it("prove every leaf, and no other leaf, place or tree", () => {
    for (const count of [1, 2, 3, 5, 8, 9]) {
      const all = leaves(count);
      const root = merkleRoot(all);
      all.forEach((leaf, index) => {
        const proof = merkleProof(all, index);
        expect(verifyMerkleProof(root, leaf, index, proof)).to.equal(true);
        expect(verifyMerkleProof(root, zeroHash, index, proof)).to.equal(false);
        expect(verifyMerkleProof(root, leaf, index + 2 ** proof.length, proof)).to.equal(false);
        if (count > 1) expect(verifyMerkleProof(root, leaf, index ^ 1, proof)).to.equal(false);
        expect(verifyMerkleProof(root, leaf, index, [...proof, zeroHash])).to.equal(false);
      });
    }
  });

  it("refuse no leaves, a leaf that is not there and ids that are none", () => {
    expect(() => merkleRoot([]))
      .to.throw()
      .with.property("code", "MERKLE_EMPTY");
    expect(() => merkleProof(leaves(3), 3))
      .to.throw()
      .with.property("code", "MERKLE_INDEX");
    expect(() => merkleRoot(["0x1234"]))
      .to.throw()
      .with.property("code", "ID_MALFORMED");
    expect(() => merkleRoot([`0x${"g".repeat(64)}`]))
      .to.throw()
      .with.property("code", "ID_MALFORMED");
  });
});
