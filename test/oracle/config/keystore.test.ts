import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { privateKeyToAddress } from "viem/accounts";

import { configSchema, flagName } from "../../../oracle/src/config/config.ts";
import { decryptKey, encryptKey, keystoreAddress, unlockKey } from "../../../oracle/src/config/keystore.ts";
import { loadPeerKey } from "../../../oracle/src/network/peer-key.ts";
import { createKeystore, exportIdentity, importIdentity } from "../../../oracle/src/operator/identity.ts";
import { rejection } from "../../rejection.ts";

const KEY = `0x${"5a".repeat(32)}` as const;
const PASSWORD = "correct horse";

/** Of the specification's test vectors: scrypt with n = 262,144. */
const VECTOR = {
  crypto: {
    cipher: "aes-128-ctr",
    cipherparams: { iv: "83dbcc02d8ccb40e466191a123791e0e" },
    ciphertext: "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
    kdf: "scrypt",
    kdfparams: {
      dklen: 32,
      n: 262144,
      r: 1,
      p: 8,
      salt: "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
    },
    mac: "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
  },
  id: "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  version: 3,
};

describe("a keystore", function () {
  this.timeout(60_000);
  let folder: string;
  let file: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "gristmill-keystore-"));
    file = join(folder, "node", "keystore.json");
    await createKeystore(file, KEY, PASSWORD);
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  const config = (settings: Record<string, unknown>) => configSchema.parse({ keystore: file, ...settings });

  it("opens the specification's test vector", async () => {
    expect(await decryptKey(JSON.stringify(VECTOR), "testpassword", "vector")).to.equal(
      "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d",
    );
  });

  it("gives the key back for its password alone, and shows its address without one", async () => {
    expect(await unlockKey(config({ password: PASSWORD }))).to.equal(KEY);
    expect(keystoreAddress(file)).to.equal(privateKeyToAddress(KEY).toLowerCase());
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(readFileSync(file, "utf8")).not.to.include(KEY.slice(2));
    const error = await rejection(unlockKey(config({ password: "wrong horse" })));
    expect(error).to.have.property("code", "PASSWORD_WRONG");
    expect(String(error)).not.to.include("wrong horse");
  });

  it("takes the password from a file's first line, and asks only where there is neither", async () => {
    const passwordFile = join(folder, "password");
    writeFileSync(passwordFile, `${PASSWORD}\nnot this\n`);
    const never = () => expect.fail("asked for a password");
    expect(await unlockKey(config({ passwordFile }), never)).to.equal(KEY);
    expect(await unlockKey(config({}), () => Promise.resolve(PASSWORD))).to.equal(KEY);
  });

  it("is never written over", async () => {
    const error = await rejection(createKeystore(file, `0x${"6b".repeat(32)}`, PASSWORD));
    expect(error).to.have.property("code", "KEYSTORE_EXISTS");
    expect(keystoreAddress(file)).to.equal(privateKeyToAddress(KEY).toLowerCase());
  });

  it("does not let a short password or a secret flag through", async () => {
    expect(await rejection(encryptKey(KEY, "short"))).to.have.property("code", "PASSWORD_WEAK");
    expect([flagName("privateKey"), flagName("password")]).to.deep.equal([undefined, undefined]);
  });

  it("moves to another data folder with its peer's key, by one encrypted file", async () => {
    const dataDir = join(folder, "node");
    mkdirSync(join(dataDir, "network"));
    const peer = await loadPeerKey(join(dataDir, "network", "peer.key"));
    const backup = join(folder, "backup.json");
    await exportIdentity({ keystore: file, dataDir, password: PASSWORD, file: backup });
    expect(statSync(backup).mode & 0o777).to.equal(0o600);
    const wrong = exportIdentity({ keystore: file, dataDir, password: "wrong horse", file: `${backup}2` });
    expect(await rejection(wrong)).to.have.property("code", "PASSWORD_WRONG");

    const restored = { dataDir: join(folder, "other"), keystore: join(folder, "other", "keystore.json") };
    expect(await importIdentity({ file: backup, password: PASSWORD, ...restored })).to.equal(privateKeyToAddress(KEY));
    expect(await unlockKey(config({ keystore: restored.keystore, password: PASSWORD }))).to.equal(KEY);
    const again = await loadPeerKey(join(restored.dataDir, "network", "peer.key"));
    expect(again.equals(peer)).to.equal(true);
    const twice = importIdentity({ file: backup, password: PASSWORD, ...restored });
    expect(await rejection(twice)).to.have.property("code", "KEYSTORE_EXISTS");
  });
});
