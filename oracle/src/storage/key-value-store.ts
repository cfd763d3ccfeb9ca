import type { Database } from "./database.ts";

/** Small named values of one scope (a task id, or a name such as "node"). */
export class KeyValueStore {
  readonly scope: string;
  readonly #database: Database;
  readonly #statements;

  constructor(database: Database, scope: string) {
    this.scope = scope;
    this.#database = database;
    this.#statements = {
      get: database.prepare("SELECT value FROM key_values WHERE scope = ? AND key = ?"),
      set: database.prepare("INSERT INTO key_values VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"),
      delete: database.prepare("DELETE FROM key_values WHERE scope = ? AND key = ?"),
      keys: database.prepare("SELECT key FROM key_values WHERE scope = ? ORDER BY key"),
    };
  }

  get(key: string): Uint8Array | undefined {
    return this.#statements.get.get(this.scope, key)?.value as Uint8Array | undefined;
  }

  set(key: string, value: Uint8Array): void {
    this.#database.transaction(() => this.#statements.set.run(this.scope, key, value));
  }

  /** As {@link KeyValueStore.set}; on return the value survives a loss of power. For what decides what may be signed. */
  setDurably(key: string, value: Uint8Array): void {
    this.#database.durably(() => {
      this.set(key, value);
    });
  }

  getText(key: string): string | undefined {
    const value = this.get(key);
    return value === undefined ? undefined : new TextDecoder().decode(value);
  }

  setText(key: string, value: string): void {
    this.set(key, new TextEncoder().encode(value));
  }

  delete(key: string): boolean {
    return this.#database.transaction(() => this.#statements.delete.run(this.scope, key).changes === 1);
  }

  keys(): string[] {
    return this.#statements.keys.all(this.scope).map((row) => row.key as string);
  }
}
