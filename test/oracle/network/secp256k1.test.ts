import { createHash } from "node:crypto";

import { expect } from "chai";
import { bytesToHex } from "viem";
import { privateKeyToAccount, sign } from "viem/accounts";

import { loadNative, wasmSecp256k1 } from "../../../oracle/src/network/secp256k1.ts";

const bytes = (text: string): Uint8Array => createHash("sha256").update(text).digest();
const publicKeyOf = (key: Uint8Array) => privateKeyToAccount(bytesToHex(key)).publicKey;
const native = loadNative();

for (const curve of [wasmSecp256k1, ...(native === undefined ? [] : [native])]) {
  describe(`secp256k1 (${curve.name})`, () => {
    it("signs as RFC 6979 has it and recovers the signer", async () => {
      for (let round = 0; round < 50; round += 1) {
        const [digest, key] = [bytes(`digest ${round}`), bytes(`key ${round}`)];
        const { signature, recoveryId } = curve.sign(digest, key);
        const expected = await sign({ hash: bytesToHex(digest), privateKey: bytesToHex(key), to: "hex" });
        expect(expected.startsWith(bytesToHex(signature))).to.equal(true);
        const signer = curve.recover(digest, signature, recoveryId === 0 ? 0 : 1);
        expect(bytesToHex(signer)).to.equal(publicKeyOf(key));
      }
    });

    it("finds another signer, or none, for another digest", () => {
      const { signature, recoveryId } = curve.sign(bytes("digest"), bytes("key"));
      const other = () => curve.recover(bytes("another"), signature, recoveryId === 0 ? 0 : 1);
      expect(bytesToHex(other())).not.to.equal(publicKeyOf(bytes("key")));
    });

    it("refuses what is no key and no signature", () => {
      expect(() => curve.sign(bytes("digest"), new Uint8Array(32))).to.throw();
      expect(() => curve.recover(bytes("digest"), new Uint8Array(64).fill(0xff), 0)).to.throw();
    });
  });
}
