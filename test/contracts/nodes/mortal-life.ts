import { hash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";

import { GristmillError } from "@gristmill/sdk";
import type { EthereumProvider } from "hardhat/types/providers";
import { custom, type Hex, keccak256, type Transport } from "viem";

import type { Network } from "../../../oracle/src/network/node.ts";
import { Database, openDatabase } from "../../../oracle/src/storage/database.ts";

/**
 * One life of a process. It ends at the first change of state at which none of its earlier lives ended: right after a commit
 * to its database that leaves a row that was never there or takes one away, right after a transaction reached the chain, and
 * right after a message reached the peers. Nothing of a dead process happens any more, and its database is left as a kill
 * leaves it: without what was not committed.
 */
export class Life {
  readonly #deaths: Set<string> | "immortal";
  readonly #end = new AbortController();
  readonly #atEnd: (() => void)[] = [];

  /**
   * @param deaths the changes at which earlier lives ended; this one's is added
   * @param over ends it as well
   */
  constructor(deaths: Set<string> | "immortal", over: AbortSignal) {
    this.#deaths = deaths;
    const end = (): void => {
      this.end();
    };
    over.addEventListener("abort", end, { signal: this.signal });
  }

  /** Aborts with the life. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Has something done at the end. */
  atEnd(end: () => void): void {
    this.#atEnd.push(end);
  }

  /** @throws GristmillError KILLED if this life is over */
  check(): void {
    this.signal.throwIfAborted();
  }

  /** @throws GristmillError KILLED if this life is over, as it is now unless an earlier one ended at this change */
  changed(change: string): void {
    this.check();
    if (this.#deaths === "immortal" || this.#deaths.has(change)) return;
    this.#deaths.add(change);
    this.end();
    this.check();
  }

  /** Ends it, as a kill does. */
  end(): void {
    if (this.signal.aborted) return;
    this.#end.abort(new GristmillError("KILLED", "the process was killed"));
    for (const end of this.#atEnd) end();
  }
}

/** A node's database that dies with its process. */
export class MortalDatabase extends Database {
  readonly #life: Life;
  readonly #connection: DatabaseSync;
  #rows: ReadonlySet<string>;
  #depth = 0;

  private constructor(path: string, connection: DatabaseSync, life: Life) {
    super(path, connection);
    this.#connection = connection;
    this.#life = life;
    this.#rows = this.#read();
    life.atEnd(() => {
      if (connection.isTransaction) connection.exec("ROLLBACK");
      this.close();
    });
  }

  static open(path: string, life: Life): MortalDatabase {
    openDatabase(path).close();
    return new MortalDatabase(path, new DatabaseSync(path), life);
  }

  override transaction<T>(work: () => T): T {
    this.#life.check();
    this.#depth += 1;
    let result: T;
    try {
      result = super.transaction(work);
    } finally {
      this.#depth -= 1;
    }
    if (this.#depth === 0) this.#noteChanges();
    return result;
  }

  override lazily<T>(work: () => T): T {
    this.#life.check();
    return super.lazily(work);
  }

  #noteChanges(): void {
    const [before, now] = [this.#rows, this.#read()];
    this.#rows = now;
    for (const row of now) if (!before.has(row)) this.#life.changed(`wrote ${row}`);
    for (const row of before) if (!now.has(row)) this.#life.changed(`removed ${row}`);
  }

  /** All rows, by table and digest. The order in which segments arrived is no part of the state. */
  #read(): ReadonlySet<string> {
    const tables = this.#connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    const rows = tables.flatMap(({ name }) =>
      this.#connection
        .prepare(`SELECT * FROM ${String(name)}`)
        .all()
        .map((row) => `${String(name)} ${digestOf(row)}`),
    );
    return new Set(rows);
  }
}

function digestOf(row: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(row).filter(([name]) => name !== "sequence");
  const text = fields.map(([, value]) => (value instanceof Uint8Array ? hash("sha256", value) : String(value)));
  return hash("sha256", text.join()).slice(0, 16);
}

/**
 * The chain of this process as a mortal node reaches it.
 * @param looked is told each head that the node looks at
 */
export function mortalTransport(
  provider: Pick<EthereumProvider, "request">,
  life: Life,
  looked: (head: number) => void,
): Transport {
  const request = async ({ method, params = [] }: { method: string; params?: unknown[] }): Promise<unknown> => {
    life.check();
    const answer: unknown = await provider.request({ method, params });
    if (method === "eth_sendRawTransaction") life.changed(`sent ${keccak256(params[0] as Hex)}`);
    life.check();
    if (method === "eth_getBlockByNumber" && params[0] === "latest") looked(Number((answer as { number: Hex }).number));
    return answer;
  };
  return custom({ request }, { retryCount: 0 });
}

/** A node's network that dies with its process, or right after a message. */
export function mortalNetwork(network: Network, life: Life): Network {
  const publish = network.publish.bind(network);
  network.publish = async (taskId, message) => {
    life.check();
    const published = await publish(taskId, message);
    life.changed(`published ${published.segmentId}`);
    return published;
  };
  life.atEnd(() => void network.stop());
  return network;
}
