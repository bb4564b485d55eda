import { conflict, invalidParameter, notFound } from "../errdefs/errors.ts";
import type { RecordStore } from "../metadata/records.ts";
import { Container } from "./container.ts";
import { randomName } from "./names.ts";
import { type ContainerRecord, fromJson, recordKey, toJson } from "./record.ts";

const validName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** All containers, and who owns which name. A name is reserved before anything is awaited, so that two never get the same. */
export class ContainerTable {
  readonly #records: RecordStore;
  readonly #containers = new Map<string, Container>();
  /** ID by name. */
  readonly #names = new Map<string, string>();

  private constructor(records: RecordStore) {
    this.#records = records;
  }

  static async open(records: RecordStore): Promise<ContainerTable> {
    const table = new ContainerTable(records);
    for (const [, value] of await records.list("containers/")) {
      const record = fromJson(value);
      table.#containers.set(record.id, new Container(record, records));
      table.#names.set(record.name, record.id);
    }
    return table;
  }

  /** Newest first. */
  all(): readonly Container[] {
    return [...this.#containers.values()].toSorted((a, b) => compare(b.record.created, a.record.created));
  }

  /** By name, ID or unambiguous prefix of an ID. Throws `NotFound`, or `InvalidParameter` for an ambiguous prefix or none. */
  get(reference: string): Container {
    if (reference === "") throw invalidParameter('invalid name or ID supplied: ""');
    const container = this.find(reference);
    if (!container) throw notFound(`No such container: ${reference}`);
    return container;
  }

  find(reference: string): Container | undefined {
    const exact = this.#containers.get(reference) ?? this.#containers.get(this.#names.get(bare(reference)) ?? "");
    if (exact) return exact;
    const matching = this.#beginningWith(reference);
    if (matching.length > 1) throw invalidParameter(`multiple IDs found with provided prefix: ${reference}`);
    return matching[0];
  }

  /** Whose ID alone begins so. */
  withPrefix(prefix: string): Container | undefined {
    const matching = this.#beginningWith(prefix);
    return matching.length === 1 ? matching[0] : undefined;
  }

  #beginningWith(prefix: string): readonly Container[] {
    if (!/^[0-9a-f]+$/.test(prefix)) return [];
    return [...this.#containers.values()].filter(({ id }) => id.startsWith(prefix));
  }

  /** Takes a name for a container, or makes one up. Throws `InvalidParameter` or `Conflict` with Docker's texts. */
  reserve(id: string, wanted: string | undefined): string {
    if (wanted === undefined || wanted === "") return this.#makeName(id);
    const name = bare(wanted);
    if (!validName.test(name)) {
      throw invalidParameter(`Invalid container name (${wanted}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
    }
    const owner = this.#names.get(name);
    if (owner !== undefined) {
      throw conflict(
        `Conflict. The container name "/${name}" is already in use by container "${owner}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
    }
    this.#names.set(name, id);
    return name;
  }

  release(name: string): void {
    this.#names.delete(name);
  }

  /** Makes a container durable and visible. */
  async add(record: ContainerRecord): Promise<Container> {
    await this.#records.apply([{ key: recordKey(record.id), value: toJson(record) }]);
    const container = new Container(record, this.#records);
    this.#containers.set(record.id, container);
    return container;
  }

  /** From its call on, nothing writes the container's record again, unless it fails. */
  async remove(container: Container): Promise<void> {
    container.gone = true;
    try {
      await this.#records.apply([{ key: recordKey(container.id), value: undefined }]);
    } catch (error) {
      container.gone = false;
      throw error;
    }
    this.#containers.delete(container.id);
    this.#names.delete(container.name);
  }

  #makeName(id: string): string {
    for (let retry = 0; ; retry++) {
      const name = randomName(retry);
      if (this.#names.has(name)) continue;
      this.#names.set(name, id);
      return name;
    }
  }
}

function bare(name: string): string {
  return name.startsWith("/") ? name.slice(1) : name;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
