import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { GristmillError } from "@gristmill/sdk";
import { expect } from "chai";
import type { Hex } from "viem";
import { http, numberToHex, pad, parseEther } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import { Chain, isRevert } from "../../../oracle/src/chain/chain.ts";
import type { Outbox, SentTransaction } from "../../../oracle/src/chain/outbox.ts";
import type { Database } from "../../../oracle/src/storage/database.ts";
import { openDatabase } from "../../../oracle/src/storage/database.ts";
import { TransactionStore } from "../../../oracle/src/storage/transaction-store.ts";
import { hasAnvil, LocalNode, NODES } from "../../scripts/deploy/local-node.ts";
import { ledgerAbi as abi, ledgerCode, ledgerDeployment, LEDGER } from "./ledger.ts";
import { Proxy } from "./proxy.ts";

const KEY = pad("0x4321");
const ADDRESS = privateKeyToAddress(KEY);

/** Claims that the node of these tests has to make, one after the other. */
const WORK = [pad("0xa1"), pad("0xa2")] as const;

/** A process that is killed at its n-th step, a step being each write of the outbox, before and after, and each call. */
class Killer {
  readonly #death = new AbortController();
  #left: number;

  constructor(step: number) {
    this.#left = step;
  }

  get killed(): boolean {
    return this.signal.aborted;
  }

  get signal(): AbortSignal {
    return this.#death.signal;
  }

  /** Nothing of a dead process happens any more. */
  step(): void {
    if (!this.killed && this.#left-- === 0) this.#death.abort();
    if (this.killed) throw new GristmillError("KILLED", "the process was killed");
  }
}

/** An outbox of a process that may be killed before or after each of its writes. */
class MortalOutbox implements Outbox {
  readonly #store: Outbox;
  readonly #killer: Killer;

  constructor(store: Outbox, killer: Killer) {
    this.#store = store;
    this.#killer = killer;
  }

  put(transaction: SentTransaction): void {
    this.#killer.step();
    this.#store.put(transaction);
    this.#killer.step();
  }

  delete(hash: Hex): void {
    this.#killer.step();
    this.#store.delete(hash);
    this.#killer.step();
  }

  list(): SentTransaction[] {
    return this.#store.list();
  }
}

describe("a sender that is killed", function () {
  this.timeout(120_000);
  let anvil: LocalNode;
  const proxies: Proxy[] = [];
  let folder: string;
  const databases: Database[] = [];

  before(async function () {
    if (!(await hasAnvil())) this.skip();
    anvil = await LocalNode.start(NODES.anvil);
    await anvil.request("anvil_setCode", LEDGER, ledgerCode);
    await anvil.request("anvil_setBalance", ADDRESS, numberToHex(parseEther("1000")));
    folder = mkdtempSync(join(tmpdir(), "gristmill-killed-"));
  });

  after(async () => {
    for (const database of databases) database.close();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await (anvil as LocalNode | undefined)?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** One life of the node: settles what it sent before, and makes the claims that the chain does not show. */
  async function live(database: Database, killer: Killer): Promise<void> {
    const proxy = await Proxy.before(anvil.url);
    proxies.push(proxy);
    // A call that is under way when the process dies may have reached the chain, or not: both happen here.
    proxy.behave = (method) => {
      if (killer.killed) return "die";
      if (method !== "eth_sendRawTransaction") return "answer";
      try {
        killer.step();
      } catch {
        return "die";
      }
      try {
        killer.step();
      } catch {
        return "swallow";
      }
      return "answer";
    };
    const chain = await Chain.connect({
      rpcUrl: proxy.url,
      transport: http(proxy.url, { retryCount: 0 }),
      signal: killer.signal,
      deployment: ledgerDeployment,
      privateKey: KEY,
      outboxOf: (account) => new MortalOutbox(new TransactionStore(database, account), killer),
    });
    await chain.settleOutbox();
    for (const id of WORK) {
      if (killer.killed) throw new GristmillError("KILLED", "the process was killed");
      if (await isClaimed(id)) continue;
      await chain.transact({ address: LEDGER, abi, functionName: "claim", args: [id] }).catch((error: unknown) => {
        if (!isRevert(error)) throw error;
      });
    }
  }

  async function isClaimed(id: Hex): Promise<boolean> {
    return BigInt((await anvil.request("eth_getStorageAt", LEDGER, id, "latest")) as Hex) === 1n;
  }

  it("at every write and every sending makes each claim once, and pays for no other transaction", async () => {
    const clean = await anvil.request("evm_snapshot");
    const nonce = async () => Number(await anvil.request("eth_getTransactionCount", ADDRESS, "latest"));
    let snapshot = clean;
    let kills = 0;
    for (let step = 0; ; step++) {
      const database = openDatabase(join(folder, `${String(step)}.sqlite`));
      databases.push(database);
      const killer = new Killer(step);
      const survived = await live(database, killer).then(
        () => true,
        () => false,
      );
      kills += killer.killed ? 1 : 0;
      if (!survived) await live(database, new Killer(Infinity));
      expect(await Promise.all(WORK.map(isClaimed)), `killed at step ${String(step)}`).to.deep.equal(
        WORK.map(() => true),
      );
      expect(await nonce(), `killed at step ${String(step)}`).to.equal(WORK.length);
      if (!killer.killed) break;
      await anvil.request("evm_revert", snapshot);
      snapshot = await anvil.request("evm_snapshot");
    }
    // For each claim: before and after the writing down, before and after the sending, before and after the receipt's note.
    expect(kills).to.be.at.least(6 * WORK.length);
  });
});
