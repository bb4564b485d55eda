import { type CreateSha256, type Sha256, sha256 } from "../archive/sha256.ts";
import { invalidParameter, notFound, system } from "../errdefs/errors.ts";
import { type Digest, digestHex, isDigest } from "../oci/digest.ts";
import type { ChunkedFiles, FileWriter, StoredFile } from "./files.ts";
import type { BlobInfo, ContentStore, Ingest } from "./store.ts";

export interface FileContentStoreComponents {
  readonly files: ChunkedFiles;
  readonly createSha256: CreateSha256;
}

const prefix = "blobs/sha256/";
const defaultReadLimit = 8 * 1024 * 1024;

/** Blobs as files named `blobs/sha256/HEX`. */
export class FileContentStore implements ContentStore {
  readonly #components: FileContentStoreComponents;

  constructor(components: FileContentStoreComponents) {
    this.#components = components;
  }

  async info(digest: Digest): Promise<BlobInfo | undefined> {
    const file = await this.#components.files.open(fileName(digest));
    if (!file) return undefined;
    await file.close();
    return { digest, size: file.size };
  }

  async open(digest: Digest): Promise<StoredFile> {
    const file = await this.#components.files.open(fileName(digest));
    if (!file) throw notFound(`content ${digest}: not found`);
    return file;
  }

  async read(digest: Digest, limit = defaultReadLimit): Promise<Uint8Array> {
    const file = await this.open(digest);
    try {
      if (file.size > limit) {
        throw invalidParameter(`content ${digest} is too large: ${file.size} bytes, at most ${limit}`);
      }
      const bytes = await file.readAt(0, file.size);
      const found = await sha256(bytes, this.#components.createSha256);
      if (found !== digest) throw system(`content ${digest} is damaged on the disk: unexpected digest ${found}`);
      return bytes;
    } finally {
      await file.close();
    }
  }

  async ingest(expected: { readonly digest: Digest; readonly size?: number }): Promise<Ingest> {
    const [writer, hasher] = await Promise.all([
      this.#components.files.create(fileName(expected.digest)),
      this.#components.createSha256(),
    ]);
    return new FileIngest(writer, hasher, expected);
  }

  async remove(digest: Digest): Promise<void> {
    await this.#components.files.remove(fileName(digest));
  }

  async list(): Promise<readonly BlobInfo[]> {
    const files = await this.#components.files.list(prefix);
    return files.flatMap(({ name, size }) => {
      const digest = `sha256:${name.slice(prefix.length)}`;
      return isDigest(digest) ? [{ digest, size }] : [];
    });
  }
}

function fileName(digest: Digest): string {
  return `${prefix}${digestHex(digest)}`;
}

class FileIngest implements Ingest {
  readonly #writer: FileWriter;
  readonly #hasher: Sha256;
  readonly #expected: { readonly digest: Digest; readonly size?: number };
  #size = 0;

  constructor(writer: FileWriter, hasher: Sha256, expected: { readonly digest: Digest; readonly size?: number }) {
    this.#writer = writer;
    this.#hasher = hasher;
    this.#expected = expected;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { digest, size } = this.#expected;
    if (size !== undefined && this.#size + bytes.length > size) {
      await this.abort();
      throw invalidParameter(`content ${digest}: more than the expected ${size} bytes`);
    }
    this.#size += bytes.length;
    this.#hasher.update(bytes);
    await this.#writer.write(bytes);
  }

  async commit(): Promise<BlobInfo> {
    const { digest, size } = this.#expected;
    const problem = this.#mismatch();
    if (problem) {
      await this.abort();
      throw invalidParameter(`content ${digest}: ${problem}`);
    }
    await this.#writer.commit();
    return { digest, size: size ?? this.#size };
  }

  async abort(): Promise<void> {
    await this.#writer.abort();
  }

  #mismatch(): string | undefined {
    const { digest, size } = this.#expected;
    if (size !== undefined && size !== this.#size) return `expected ${size} bytes, got ${this.#size}`;
    const actual = this.#hasher.digest();
    return actual === digest ? undefined : `unexpected digest ${actual}`;
  }
}
