import { promisifyRequest } from "idb-keyval";
import { inStorage } from "../internal/storage-error.browser.ts";
import { checkKey } from "./keys.ts";
import type { Json, RecordChange, RecordStore } from "./records.ts";

const storeName = "records";

/** Records in IndexedDB: one transaction for each `apply`, acknowledged when it is on the disk. */
export class IndexedDbRecords implements RecordStore {
  readonly #database: IDBDatabase;

  private constructor(database: IDBDatabase) {
    this.#database = database;
  }

  static async open(name: string): Promise<IndexedDbRecords> {
    const request = indexedDB.open(name);
    request.onupgradeneeded = () => request.result.createObjectStore(storeName);
    return new IndexedDbRecords(await inStorage(() => promisifyRequest(request)));
  }

  async get(key: string): Promise<Json | undefined> {
    checkKey(key);
    const value: Json | undefined = await inStorage(() => promisifyRequest(this.#store("readonly").get(key)));
    return value;
  }

  async list(prefix: string): Promise<readonly (readonly [key: string, value: Json])[]> {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    const [keys, values] = await inStorage(() => {
      const store = this.#store("readonly");
      return Promise.all([promisifyRequest(store.getAllKeys(range)), promisifyRequest<Json[]>(store.getAll(range))]);
    });
    return keys.map((key, index) => [String(key), values[index] ?? null]);
  }

  async apply(changes: readonly RecordChange[]): Promise<void> {
    for (const { key } of changes) checkKey(key);
    await inStorage(() => {
      const store = this.#store("readwrite");
      for (const { key, value } of changes) {
        if (value === undefined) store.delete(key);
        else store.put(value, key);
      }
      return promisifyRequest(store.transaction);
    });
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #store(mode: IDBTransactionMode): IDBObjectStore {
    return this.#database.transaction(storeName, mode, { durability: "strict" }).objectStore(storeName);
  }
}
