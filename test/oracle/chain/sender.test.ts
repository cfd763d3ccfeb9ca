import { GristmillError } from "@gristmill/sdk";
import { expect } from "chai";
import type { Hex } from "viem";
import { numberToHex, pad, parseEther, toHex } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import { Chain, isRevert } from "../../../oracle/src/chain/chain.ts";
import type { SentTransaction } from "../../../oracle/src/chain/outbox.ts";
import { MemoryOutbox } from "../../../oracle/src/chain/outbox.ts";
import type { GasPolicy } from "../../../oracle/src/chain/fees.ts";
import type { Notice } from "../../../oracle/src/chain/sender.ts";
import { rejection } from "../../rejection.ts";
import { hasAnvil, LocalNode, NODES } from "../../scripts/deploy/local-node.ts";
import { LEDGER, ledgerAbi as abi, ledgerCode, ledgerDeployment } from "./ledger.ts";
import { Proxy } from "./proxy.ts";

const KEY = pad("0x1234");
const ADDRESS = privateKeyToAddress(KEY);

describe("a chain that fails", function () {
  this.timeout(60_000);
  let anvil: LocalNode;
  const proxies: Proxy[] = [];
  let claims = 0;

  before(async function () {
    if (!(await hasAnvil())) this.skip();
    anvil = await LocalNode.start(NODES.anvil);
    await anvil.request("anvil_setCode", LEDGER, ledgerCode);
    await anvil.request("anvil_setBalance", ADDRESS, numberToHex(parseEther("1000")));
  });

  after(async () => {
    await (anvil as LocalNode | undefined)?.stop();
  });

  afterEach(async () => {
    await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
  });

  async function proxy(): Promise<Proxy> {
    const made = await Proxy.before(anvil.url);
    proxies.push(made);
    return made;
  }

  interface Player {
    readonly chain: Chain;
    readonly outbox: MemoryOutbox;
    readonly notices: Notice[];
  }

  async function connect(
    rpcUrl: string | readonly string[],
    more: {
      readonly confirmations?: number;
      readonly gas?: GasPolicy;
      readonly outbox?: MemoryOutbox;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<Player> {
    const { outbox = new MemoryOutbox(), ...options } = more;
    const notices: Notice[] = [];
    const chain = await Chain.connect({
      rpcUrl,
      deployment: ledgerDeployment,
      privateKey: KEY,
      outboxOf: () => outbox,
      notify: (notice) => notices.push(notice),
      ...options,
    });
    return { chain, outbox, notices };
  }

  function freshId(): Hex {
    return pad(toHex(++claims));
  }

  function claim(chain: Chain, id: Hex, worth?: bigint) {
    return chain.transact({ address: LEDGER, abi, functionName: "claim", args: [id], worth });
  }

  async function isClaimed(id: Hex): Promise<boolean> {
    return BigInt((await anvil.request("eth_getStorageAt", LEDGER, id, "latest")) as Hex) === 1n;
  }

  async function nonce(): Promise<number> {
    return Number(await anvil.request("eth_getTransactionCount", ADDRESS, "latest"));
  }

  describe("with two endpoints", () => {
    for (const [when, behave] of [
      ["before it passes a claim on", "die"],
      ["after it passed a claim on, without an answer", "swallow"],
    ] as const)
      it(`claims exactly once through the second when the first dies ${when}`, async () => {
        const [first, second] = [await proxy(), await proxy()];
        const { chain } = await connect([first.url, second.url]);
        const before = await nonce();
        let dead = false;
        first.behave = (method) => {
          if (dead) return "die";
          dead = method === "eth_sendRawTransaction";
          return dead ? behave : "answer";
        };
        const id = freshId();
        const receipt = await claim(chain, id);
        expect(receipt.status).to.equal("success");
        expect(await isClaimed(id)).to.equal(true);
        expect(await nonce()).to.equal(before + 1);
        expect(second.asked).to.include("eth_getTransactionReceipt");
        expect(chain.endpoints.map(({ state }) => state)).to.deep.equal(["failing", "ok"]);
      });

    it("starts while one is down, and lets it rest instead of asking it first each time", async () => {
      const [first, second] = [await proxy(), await proxy()];
      first.behave = () => "die";
      const { chain } = await connect([first.url, second.url]);
      const asked = first.asked.length;
      for (let n = 0; n < 5; n++) await chain.head();
      expect(first.asked.length).to.equal(asked);
    });

    it("refuses to start where one speaks of another chain", async () => {
      const [first, second] = [await proxy(), await proxy()];
      second.chainId = "0x1";
      const error = await rejection(connect([first.url, second.url]));
      expect(error).to.be.instanceOf(GristmillError).and.to.have.property("code", "CHAIN_MISMATCH");
      expect((error as Error).message)
        .to.include(new URL(second.url).host)
        .and.to.include("chain 1");
    });

    it("does not believe one that comes up with another chain after the start", async () => {
      const [first, second] = [await proxy(), await proxy()];
      first.behave = () => "die";
      const { chain } = await connect([first.url, second.url]);
      [first.behave, first.chainId] = [() => "answer", "0x1"];
      second.behave = () => "die";
      const error = await rejection(chain.head());
      expect(error).to.be.instanceOf(Error);
      expect(first.asked.at(-1)).to.equal("eth_chainId");
    });

    it("says that none answers, by their hosts and never their paths", async () => {
      const dead = await proxy();
      dead.behave = () => "die";
      const error = await rejection(connect([`${dead.url}/secret-access-key`, dead.url]));
      expect(error).to.have.property("code", "CHAIN_UNREACHABLE");
      expect((error as Error).message)
        .to.include(new URL(dead.url).host)
        .and.not.to.include("secret");
    });
  });

  describe("that is reorganised", () => {
    /** Blocks that end with the test's own, so that there is something to roll back. */
    const mine = (blocks: number) => anvil.request("anvil_mine", numberToHex(blocks));

    it("claims again, and only once, what three rolled back blocks took away before its confirmations", async () => {
      await mine(5);
      const before = await nonce();
      const { chain, outbox } = await connect(anvil.url, { confirmations: 4 });
      const id = freshId();
      const claimed = claim(chain, id);
      await until(() => outbox.list().some(({ block }) => block !== undefined));
      await mine(2);
      await anvil.request("anvil_rollback", 3);
      expect(await isClaimed(id)).to.equal(false);
      expect(await nonce()).to.equal(before);
      await until(() => isClaimed(id));
      await mine(4);
      const { status, blockNumber } = await claimed;
      expect(status).to.equal("success");
      expect(BigInt((await anvil.request("eth_blockNumber")) as Hex) - blockNumber).to.be.at.least(3n);
      expect(await nonce()).to.equal(before + 1);
    });

    it("sends a claim again that counted as mined when three blocks are rolled back", async () => {
      await mine(5);
      const before = await nonce();
      const { chain, notices } = await connect(anvil.url, { confirmations: 1 });
      const id = freshId();
      await claim(chain, id);
      await mine(2);
      await chain.head();
      await anvil.request("anvil_rollback", 3);
      expect(await isClaimed(id)).to.equal(false);
      await until(async () => {
        await chain.head();
        return isClaimed(id);
      });
      expect(await nonce()).to.equal(before + 1);
      expect(notices.map(({ event }) => event)).to.include("resent");
      // The claim's own caller sees that it is there, and not that it may claim once more.
      expect(isRevert(await rejection(claim(chain, id)))).to.equal(true);
    });

    it("notices other blocks of the same heights", async () => {
      await mine(5);
      const { chain, notices } = await connect(anvil.url);
      const id = freshId();
      await claim(chain, id);
      await mine(2);
      await chain.head();
      await anvil.request("anvil_reorg", 3, []);
      await chain.head();
      await until(() => notices.some(({ event }) => event === "reorganised"));
      await until(async () => {
        await chain.head();
        return isClaimed(id);
      });
    });
  });

  describe("that becomes dear while a transaction waits", () => {
    const GWEI = 10n ** 9n;

    before(() => anvil.request("evm_setAutomine", false));
    after(() => anvil.request("evm_setAutomine", true));

    /** Mines blocks whose base fee is so high, until something happens. */
    async function mineAt(baseFee: bigint, happened: () => boolean | Promise<boolean>): Promise<void> {
      await until(async () => {
        await anvil.request("anvil_setNextBlockBaseFeePerGas", numberToHex(baseFee));
        await anvil.request("evm_mine");
        return happened();
      });
    }

    it("sends it again at a higher fee, with effect only once, and keeps what was mined", async () => {
      const before = await nonce();
      const { chain, outbox, notices } = await connect(anvil.url);
      const id = freshId();
      const claimed = claim(chain, id);
      await until(() => outbox.list().length === 1);
      const [first] = outbox.list();
      // The first and the second fee are too low for these blocks.
      await mineAt(100n * GWEI, () => outbox.list().length > 1);
      await mineAt(100n * GWEI, () => isClaimed(id));
      const { transactionHash } = await claimed;
      expect(transactionHash).to.not.equal(first!.hash);
      expect(outbox.list().map(({ hash }) => hash)).to.deep.equal([transactionHash]);
      expect(notices.find(({ event }) => event === "fee-raised")).to.include({ call: "claim", replaces: first!.hash });
      expect(await nonce()).to.equal(before + 1);
    });

    it("raises no fee above the operator's limit, and says so", async () => {
      const before = await nonce();
      const { chain, outbox, notices } = await connect(anvil.url, { gas: { maxPrice: 300n * GWEI, waits: true } });
      const id = freshId();
      const claimed = claim(chain, id);
      await until(() => outbox.list().length === 1);
      await mineAt(400n * GWEI, () => notices.some(({ event }) => event === "gas-price-high"));
      expect(outbox.list()).to.have.length(1);
      await mineAt(1n, () => isClaimed(id));
      expect((await claimed).status).to.equal("success");
      expect(await nonce()).to.equal(before + 1);
    });

    it("sees through, for a node that was killed, whichever of its versions is mined", async () => {
      const before = await nonce();
      const killed = new AbortController();
      const { chain, outbox } = await connect(anvil.url, { signal: killed.signal });
      const id = freshId();
      const lost = rejection(claim(chain, id));
      await until(() => outbox.list().length === 1);
      await mineAt(100n * GWEI, () => outbox.list().length > 1);
      killed.abort();
      await lost;
      const { chain: restarted } = await connect(anvil.url, { outbox });
      const settled = restarted.settleOutbox();
      await mineAt(100n * GWEI, () => isClaimed(id));
      await settled;
      expect(outbox.list()).to.have.length(1);
      expect(await nonce()).to.equal(before + 1);
    });
  });

  describe("for a node that was killed", () => {
    it("sends what was signed and not sent, and nothing twice", async () => {
      const before = await nonce();
      const first = await proxy();
      const outbox = new RecordingOutbox();
      const killed = new AbortController();
      const { chain } = await connect(first.url, { outbox, signal: killed.signal });
      // Signed and written down, never sent: every attempt dies on the way.
      first.behave = (method) => (method === "eth_sendRawTransaction" ? "die" : "answer");
      const id = freshId();
      const lost = rejection(claim(chain, id));
      await until(() => first.asked.includes("eth_sendRawTransaction"));
      killed.abort();
      await lost;
      // As the database stood while it was being sent.
      const again = new MemoryOutbox();
      again.put(outbox.signed[0]!);
      for (let restart = 0; restart < 2; restart++) {
        const { chain: restarted } = await connect(anvil.url, { outbox: again });
        await restarted.settleOutbox();
        expect(await isClaimed(id)).to.equal(true);
        expect(await nonce()).to.equal(before + 1);
      }
    });
  });

  it("gives two processes with one key a nonce each", async () => {
    const before = await nonce();
    const players = await Promise.all([connect(anvil.url), connect(anvil.url)]);
    const ids = players.flatMap(() => [freshId(), freshId()]);
    await Promise.all(ids.map((id, index) => claim(players[index % 2]!.chain, id)));
    expect(await nonce()).to.equal(before + 4);
  });

  it("refuses to pay more for gas than the operator allows, and sends when it is cheaper", async () => {
    const { chain } = await connect(anvil.url, { gas: { maxPrice: 1n, waits: false } });
    const id = freshId();
    const error = await rejection(claim(chain, id));
    expect(error).to.have.property("code", "GAS_PRICE_HIGH");
    expect((error as Error).message).to.match(/a gas costs [\d.]+ gwei, and the limit is 0\.000000001/);
    const patient = await connect(anvil.url, { gas: { maxPrice: parseEther("1"), waits: true } });
    expect((await claim(patient.chain, id)).status).to.equal("success");
  });

  it("refuses to pay more gas than a claim earns, and says how much that is", async () => {
    const { chain } = await connect(anvil.url);
    const before = await nonce();
    const error = await rejection(claim(chain, freshId(), 1n));
    expect(error).to.have.property("code", "GAS_UNPROFITABLE");
    expect((error as Error).message).to.match(
      /claim is not sent: its gas would cost 0\.[\d]+ ether, and it earns about 0\.0+1/,
    );
    expect(await nonce()).to.equal(before);
    expect((await claim(chain, freshId(), parseEther("1"))).status).to.equal("success");
  });
});

/** An outbox that also shows what was deleted from it. */
class RecordingOutbox extends MemoryOutbox {
  readonly signed: SentTransaction[] = [];

  override put(transaction: SentTransaction): void {
    this.signed.push(transaction);
    super.put(transaction);
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
