import { type ContractCase, equal } from "../internal/contract.suite.ts";
import type { Json, RecordStore } from "./records.ts";

interface RecordsFixture {
  readonly records: RecordStore;
  /** What a new process finds after the old one closed. Undefined for storage that does not last. */
  readonly reopen?: () => Promise<RecordStore>;
}

/** The contract of RecordStore. */
export const recordsCases: readonly ContractCase<RecordsFixture>[] = [
  {
    name: "get() answers what was applied, and undefined for the rest",
    async run({ records }) {
      const value = { text: "ä\n\u2028", list: [1, null, true, { __proto__x: "y" }], nothing: null };
      await records.apply([{ key: "image/sha256:ab", value }]);
      equal(await records.get("image/sha256:ab"), value);
      equal(await records.get("image/sha256:a"), undefined);
      await records.apply([{ key: "image/sha256:ab", value: null }]);
      equal(await records.get("image/sha256:ab"), null);
    },
  },
  {
    name: "apply() deletes, and is content when there is nothing to delete",
    async run({ records }) {
      await records.apply([{ key: "a/1", value: 1 }]);
      await records.apply([
        { key: "a/1", value: undefined },
        { key: "a/2", value: undefined },
      ]);
      equal(await records.list(""), []);
      await records.apply([]);
    },
  },
  {
    name: "the last change of a key in one apply() wins",
    async run({ records }) {
      await records.apply([
        { key: "a/1", value: 1 },
        { key: "a/1", value: 2 },
        { key: "a/2", value: 1 },
        { key: "a/2", value: undefined },
      ]);
      equal(await records.list("a/"), [["a/1", 2]]);
    },
  },
  {
    name: "list() selects by prefix, ordered by key",
    async run({ records }) {
      for (const id of ["c", "a", "b"]) await records.apply([{ key: `image/${id}`, value: id }]);
      await records.apply([{ key: "images/d", value: "d" }]);
      equal(await records.list("image/"), [
        ["image/a", "a"],
        ["image/b", "b"],
        ["image/c", "c"],
      ]);
      equal((await records.list("")).length, 4);
    },
  },
  {
    name: "what is handed out can't be changed behind the store's back",
    async run({ records }) {
      const value = { list: [1] };
      await records.apply([{ key: "a/1", value }]);
      value.list.push(2);
      equal(await records.get("a/1"), { list: [1] });
      const answer = (await records.get("a/1")) as { list: number[] };
      answer.list.push(3);
      equal(await records.get("a/1"), { list: [1] });
    },
  },
  {
    name: "apply() refuses a bad key, and then does nothing at all",
    async run({ records }) {
      for (const key of ["", "a", "/a", "a/", "A/b", "a/b\n", "a/\0", "a/\x7f", `a/${"x".repeat(2000)}`]) {
        let refused = false;
        const changes = [
          { key: "a/1", value: 1 },
          { key, value: 1 },
        ];
        await records.apply(changes).catch((error: Error) => {
          refused = error.name === "InvalidParameter";
        });
        equal([key, refused], [key, true]);
      }
      equal(await records.list(""), []);
    },
  },
  {
    name: "applies at the same time all happen, in order",
    async run({ records, reopen }) {
      const counts = Array.from({ length: 50 }, (_, count) => count);
      await Promise.all(
        counts.map((count) =>
          records.apply([
            { key: `a/${count}`, value: count },
            { key: "b/last", value: count },
          ]),
        ),
      );
      equal((await records.list("a/")).length, 50);
      equal(await records.get("b/last"), 49);
      await checkReopened(records, reopen);
    },
  },
  {
    name: "a new process finds what was acknowledged",
    lasting: true,
    async run({ records, reopen }) {
      await records.apply([{ key: "a/1", value: "one" }]);
      await records.apply([
        { key: "a/1", value: undefined },
        { key: "a/2", value: { two: [2] } },
      ]);
      await checkReopened(records, reopen);
    },
  },
];

async function checkReopened(records: RecordStore, reopen: RecordsFixture["reopen"]): Promise<void> {
  if (!reopen) return;
  const before: Json = (await records.list("")) as unknown as Json;
  await records.close();
  const again = await reopen();
  equal(await again.list(""), before);
  await again.close();
}
