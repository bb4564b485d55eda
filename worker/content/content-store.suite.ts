import { sha256 } from "../archive/sha256.ts";
import { type ContractCase, equal, rejects } from "../internal/contract.suite.ts";
import type { Digest } from "../oci/digest.ts";
import type { ContentStore } from "./store.ts";

interface ContentStoreFixture {
  /** An empty one. */
  readonly store: ContentStore;
  /** What a new process finds in the same place. Undefined for storage that does not last. */
  readonly reopen?: () => Promise<ContentStore>;
}

const hello = new TextEncoder().encode("hello");
const missing: Digest = `sha256:${"0".repeat(64)}`;

/** The contract of ContentStore. */
export const contentStoreCases: readonly ContractCase<ContentStoreFixture>[] = [
  {
    name: "a blob is visible only when it was committed, and whole then",
    async run({ store }) {
      const digest = await sha256(hello);
      const ingest = await store.ingest({ digest, size: 5 });
      await ingest.write(hello.subarray(0, 2));
      equal([await store.info(digest), await store.list()], [undefined, []]);
      await ingest.write(hello.subarray(2));
      equal(await ingest.commit(), { digest, size: 5 });
      equal(await store.info(digest), { digest, size: 5 });
      equal(await store.read(digest), hello);
      equal(await store.list(), [{ digest, size: 5 }]);
    },
  },
  ...(
    [
      ["a wrong digest", { digest: missing, size: 5 }, "unexpected digest"],
      ["too few bytes", { size: 6 }, "expected 6 bytes, got 5"],
      ["too many bytes", { size: 4 }, "more than the expected 4 bytes"],
      ["a wrong digest of unknown size", { digest: missing }, "unexpected digest"],
    ] as const
  ).map(([what, expected, message]) => ({
    name: `an ingest of ${what} is refused, and nothing of it kept`,
    async run({ store }: ContentStoreFixture) {
      const digest = await sha256(hello);
      await rejects(() => put(store, { digest, ...expected }, hello), "InvalidParameter", message);
      equal([await store.info(digest), await store.info(missing), await store.list()], [undefined, undefined, []]);
      await put(store, { digest }, hello);
    },
  })),
  {
    name: "an ingest that is given up leaves nothing, and another of the same blob goes on",
    async run({ store }) {
      const digest = await sha256(hello);
      const [first, second] = [await store.ingest({ digest }), await store.ingest({ digest })];
      await first.write(hello);
      await second.write(hello);
      await first.abort();
      equal(await store.info(digest), undefined);
      await second.commit();
      equal(await store.read(digest), hello);
    },
  },
  {
    name: "open() reads a large blob at any place and as a stream",
    async run({ store }) {
      const whole = Uint8Array.from({ length: 2_500_000 }, (_, at) => (at * 13 + (at >> 9)) & 255);
      const digest = await sha256(whole);
      await put(store, { digest, size: whole.length }, whole.subarray(0, 7), whole.subarray(7));
      const blob = await store.open(digest);
      equal(blob.size, whole.length);
      equal(await blob.readAt(1_048_570, 20), whole.slice(1_048_570, 1_048_590));
      let at = 0;
      for await (const piece of blob.stream()) {
        equal(piece, whole.subarray(at, at + piece.length));
        at += piece.length;
      }
      equal(at, whole.length);
      await blob.close();
    },
  },
  {
    name: "open() and read() reject with NotFound, info() answers nothing, remove() is content",
    async run({ store }) {
      await rejects(() => store.open(missing), "NotFound");
      await rejects(() => store.read(missing), "NotFound");
      equal(await store.info(missing), undefined);
      await store.remove(missing);
    },
  },
  {
    name: "read() refuses more than its limit",
    async run({ store }) {
      const { digest } = await put(store, { digest: await sha256(hello) }, hello);
      await rejects(() => store.read(digest, 4), "InvalidParameter");
      equal(await store.read(digest, 5), hello);
    },
  },
  {
    name: "remove() takes a blob away",
    async run({ store }) {
      const { digest } = await put(store, { digest: await sha256(hello) }, hello);
      await store.remove(digest);
      equal([await store.info(digest), await store.list()], [undefined, []]);
    },
  },
  {
    name: "a new process finds the blobs that were committed",
    lasting: true,
    async run({ store, reopen }) {
      if (!reopen) throw new Error("there is nothing to open again");
      const { digest } = await put(store, { digest: await sha256(hello) }, hello);
      const half = await store.ingest({ digest: missing });
      await half.write(hello);
      const again = await reopen();
      equal(await again.list(), [{ digest, size: 5 }]);
      equal(await again.read(digest), hello);
    },
  },
];

async function put(
  store: ContentStore,
  expected: { readonly digest: Digest; readonly size?: number },
  ...pieces: readonly Uint8Array[]
) {
  const ingest = await store.ingest(expected);
  for (const piece of pieces) await ingest.write(piece);
  return ingest.commit();
}
