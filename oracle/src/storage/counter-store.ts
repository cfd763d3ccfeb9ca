import type { Database } from "./database.ts";

/** Named totals that outlive a restart, for `/metrics`. */
export class CounterStore {
  readonly #statements;

  constructor(database: Database) {
    this.#statements = {
      add: database.prepare(
        "INSERT INTO counters VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
      ),
      all: database.prepare("SELECT name, value FROM counters ORDER BY name"),
    };
  }

  add(name: string, amount: number): void {
    this.#statements.add.run(name, amount);
  }

  all(): Record<string, number> {
    return Object.fromEntries(this.#statements.all.all().map((row) => [row.name as string, row.value as number]));
  }
}
