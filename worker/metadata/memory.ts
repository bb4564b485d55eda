import { checkKey } from "./keys.ts";
import type { Json, RecordChange, RecordStore } from "./records.ts";

/** Records in memory: for tests, and for a page that has no durable storage. */
export class MemoryRecords implements RecordStore {
  readonly #records = new Map<string, string>();

  async get(key: string): Promise<Json | undefined> {
    checkKey(key);
    const text = this.#records.get(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async list(prefix: string): Promise<readonly (readonly [key: string, value: Json])[]> {
    const keys = [...this.#records.keys()].filter((key) => key.startsWith(prefix)).sort();
    return keys.map((key) => [key, JSON.parse(this.#records.get(key) ?? "null")]);
  }

  async apply(changes: readonly RecordChange[]): Promise<void> {
    for (const { key } of changes) checkKey(key);
    const texts = changes.map(
      ({ key, value }) => [key, value === undefined ? undefined : JSON.stringify(value)] as const,
    );
    for (const [key, text] of texts) {
      if (text === undefined) this.#records.delete(key);
      else this.#records.set(key, text);
    }
  }

  async close(): Promise<void> {}
}
