import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";

import { expect } from "chai";
import { createClient, type Hex, http, keccak256 } from "viem";

import { encodeBlockHeader, type RpcBlockHeader } from "../../../sdk/src/contracts/block-header.ts";
import { GristmillError } from "../../../sdk/src/errors.ts";

const EMPTY_BLOOM: Hex = `0x${"00".repeat(256)}`;

/** Block 1 of the main network: a header of before every fork, with numbers of odd length and one leading zero. */
const FIRST_BLOCK: RpcBlockHeader = {
  hash: "0x88e96d4537bea4d9c05d12549907b32561d3bf31f45aae734cdc119f13406cb6",
  parentHash: "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3",
  sha3Uncles: "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
  miner: "0x05a56e2d52c817161883f50c441c3228cfe54d9f",
  stateRoot: "0xd67e4d450343046425ae4271474353857ab860dbc0a1dde64b41b5cd3a532bf3",
  transactionsRoot: "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
  receiptsRoot: "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
  logsBloom: EMPTY_BLOOM,
  difficulty: "0x3ff800000",
  number: "0x1",
  gasLimit: "0x1388",
  gasUsed: "0x0",
  timestamp: "0x55ba4224",
  extraData: "0x476574682f76312e302e302f6c696e75782f676f312e342e32",
  mixHash: "0x969b900de27b6ac6a67742365dd65f55a0526c41fd18e1b16f1a1215c2e66f59",
  nonce: "0x539bd4979fef1ec4",
};

/** Starts anvil on a free port and returns its address once it listens. */
async function startAnvil(): Promise<{ process: ChildProcess; url: string }> {
  const bin = fileURLToPath(import.meta.resolve("@foundry-rs/anvil/bin.mjs"));
  const child = spawn(process.execPath, [bin, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /Listening on (\S+)/.exec(line)?.[1];
    if (address !== undefined) return { process: child, url: `http://${address}` };
  }
  throw new GristmillError("ANVIL_SILENT", "anvil ended before it listened.");
}

describe("encodeBlockHeader", () => {
  it("gives bytes that hash to the block's hash for a header from before every fork", () => {
    expect(keccak256(encodeBlockHeader(FIRST_BLOCK))).to.equal(FIRST_BLOCK.hash);
  });

  it("names block and both hashes when a field was altered", () => {
    const altered = { ...FIRST_BLOCK, gasLimit: "0x1389" } as const;
    expect(() => encodeBlockHeader(altered))
      .to.throw(GristmillError, /block 1 hashes to 0x[0-9a-f]{64}.*calls it 0x88e96d45/)
      .with.property("code", "BLOCK_HEADER_MISMATCH");
  });

  it("gives bytes that hash to the block's hash for anvil's current fork", async function () {
    this.timeout(20_000);
    const anvil = await startAnvil();
    try {
      const client = createClient({ transport: http(anvil.url) });
      for (let mined = 0; mined < 3; mined++) {
        await client.request<{ Method: "evm_mine"; Parameters: []; ReturnType: Hex }>({
          method: "evm_mine",
          params: [],
        });
      }
      const block = await client.request<{
        Method: "eth_getBlockByNumber";
        Parameters: ["latest", false];
        ReturnType: RpcBlockHeader;
      }>({ method: "eth_getBlockByNumber", params: ["latest", false] });
      expect(block.number).to.equal("0x3");
      expect(keccak256(encodeBlockHeader(block))).to.equal(block.hash);
    } finally {
      anvil.process.kill();
      await once(anvil.process, "exit");
    }
  });
});
