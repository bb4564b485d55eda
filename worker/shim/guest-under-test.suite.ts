import type { Guest, GuestProcess, SpawnOptions } from "./guest.ts";

/** A guest to test, with an empty folder in it. */
export interface GuestUnderTest {
  readonly guest: Guest;
  readonly folder: string;
  /** Programs that the guest can run, see kernel-image/agent/*-test.c. */
  readonly programs: { readonly relay: Uint8Array; readonly console: Uint8Array };
  close(): Promise<void>;
}

/** Runs a line of shell. */
export function shell(guest: Guest, script: string, more: Partial<SpawnOptions> = {}): Promise<GuestProcess> {
  return guest.spawn({ argv: ["/bin/sh", "-c", script], ...more });
}

export const encoder = new TextEncoder();
export const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

export async function collect(stream: ReadableStream<Uint8Array> | undefined): Promise<Uint8Array> {
  if (!stream) throw new Error("no such stream");
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

export async function feed(stream: WritableStream<Uint8Array> | undefined, bytes: Uint8Array): Promise<void> {
  if (!stream) throw new Error("no such stream");
  const writer = stream.getWriter();
  await writer.write(bytes);
  await writer.close();
}

/** Reads until the text has come. */
export async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, wanted: string): Promise<string> {
  let seen = "";
  while (!seen.includes(wanted)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`Cannot find ${JSON.stringify(wanted)}: the stream ended after ${JSON.stringify(seen)}`);
    seen += text(value);
  }
  return seen;
}

/** Pseudo-random bytes, so that a lost or doubled piece is noticed. */
export function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    bytes[i] = state >> 16;
  }
  return bytes;
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
