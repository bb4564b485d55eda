/** A random identifier of 64 lower-case hex digits, never all decimal in its first twelve (a host name of digits confuses). */
export function generateId(): string {
  for (;;) {
    const id = randomHex(32);
    if (!/^\d+$/.test(id.slice(0, 12))) return id;
  }
}

/** `bytes` random bytes in hex. */
export function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}

/** The twelve digits that users see. */
export function truncateId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
