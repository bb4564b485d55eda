/**
 * Small durable records: the only place where the engine remembers what exists. A record is a JSON value under a key of
 * the form `bucket/id`. Everything that `apply` acknowledged survives a kill at any point, and one `apply` is atomic:
 * after a crash either all of it or none of it is there.
 */
export interface RecordStore {
  get(key: string): Promise<Json | undefined>;
  /** Records whose key starts with `prefix`, ordered by key. */
  list(prefix: string): Promise<readonly (readonly [key: string, value: Json])[]>;
  apply(changes: readonly RecordChange[]): Promise<void>;
  close(): Promise<void>;
}

/** `value: undefined` deletes. */
export interface RecordChange {
  readonly key: string;
  readonly value: Json | undefined;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
