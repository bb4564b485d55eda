import { createSha256 } from "../../worker/archive/sha256.ts";
import { chunkedFilesCases, pattern } from "../../worker/content/chunked-files.suite.ts";
import { contentStoreCases } from "../../worker/content/content-store.suite.ts";
import { FileContentStore } from "../../worker/content/content-store.ts";
import { IndexedDbFiles } from "../../worker/content/indexeddb.browser.ts";
import { IndexedDbRecords } from "../../worker/metadata/indexeddb.browser.ts";
import { recordsCases } from "../../worker/metadata/records.suite.ts";

let held: readonly [IndexedDbFiles, IndexedDbRecords] | undefined;

/** What storage.test.ts calls inside a page: the contract suites against IndexedDB, and steps that a reload comes between. */
const storage = {
  async runFiles(index: number): Promise<void> {
    const name = `files-${index}`;
    const files = await IndexedDbFiles.open(name);
    await chunkedFilesCases[index]?.run({ files, reopen: () => IndexedDbFiles.open(name) });
  },

  async runContent(index: number): Promise<void> {
    const open = async () =>
      new FileContentStore({ files: await IndexedDbFiles.open(`content-${index}`), createSha256 });
    await contentStoreCases[index]?.run({ store: await open(), reopen: open });
  },

  async runRecords(index: number): Promise<void> {
    const name = `records-${index}`;
    const records = await IndexedDbRecords.open(name);
    await recordsCases[index]?.run({ records, reopen: () => IndexedDbRecords.open(name) });
  },

  /** Commits a file and records, and starts a second file that is never committed. */
  async write(): Promise<void> {
    const files = await IndexedDbFiles.open("files");
    const kept = await files.create("kept");
    await kept.write(pattern(3_000_000));
    await kept.commit();
    const half = await files.create("half");
    await half.write(pattern(3_000_000));
    const records = await IndexedDbRecords.open("records");
    await records.apply([
      { key: "a/1", value: "one" },
      { key: "a/2", value: { two: 2 } },
    ]);
  },

  async read(): Promise<{ files: unknown; chunks: number; content: boolean; records: unknown }> {
    const files = await IndexedDbFiles.open("files");
    await files.sweep();
    const file = await files.open("kept");
    const bytes = await file?.readAt(0, 3_000_000);
    const records = await IndexedDbRecords.open("records");
    return {
      files: await files.list(""),
      chunks: await countKeys("files"),
      content: bytes !== undefined && pattern(3_000_000).every((byte, at) => byte === bytes[at]),
      records: await records.list(""),
    };
  },

  /** Opens what `useHeld` uses. */
  async hold(): Promise<void> {
    held = [await IndexedDbFiles.open("files"), await IndexedDbRecords.open("records")];
  },

  /** Answers what each use of what is open fails with. */
  async useHeld(): Promise<readonly string[]> {
    const [files, records] = held ?? [];
    const uses = [
      files?.open("kept"),
      files?.list(""),
      records?.get("a/1"),
      records?.apply([{ key: "a/1", value: 1 }]),
    ];
    const outcomes = await Promise.allSettled(uses);
    return outcomes.map((outcome) => (outcome.status === "rejected" ? String(outcome.reason.message) : "none"));
  },

  /** Writes until the quota is met. Answers what the error said, and what was left in the store. */
  async fill(): Promise<{ error: string; name: string; files: unknown; chunks: number }> {
    const files = await IndexedDbFiles.open("full");
    const writer = await files.create("big");
    const piece = crypto.getRandomValues(new Uint8Array(65_536));
    try {
      for (let count = 0; count < 4000; count += 1) await writer.write(piece);
      await writer.commit();
      return { error: "none", name: "", files: await files.list(""), chunks: await countKeys("full") };
    } catch (error) {
      await writer.abort();
      const { name, message } = error as Error;
      return { error: message, name, files: await files.list(""), chunks: await countKeys("full") };
    }
  },
};

function countKeys(database: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const opened = indexedDB.open(database);
    opened.onerror = () => reject(opened.error);
    opened.onsuccess = () => {
      const count = opened.result.transaction("files").objectStore("files").count();
      count.onsuccess = () => resolve(count.result);
      count.onerror = () => reject(count.error);
    };
  });
}

export type Storage = typeof storage;
Object.assign(globalThis, { storage });
