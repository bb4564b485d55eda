import { invalidParameter } from "../errdefs/errors.ts";

export const defaultDetachKeys = "ctrl-p,ctrl-q";

/** Bytes of a key sequence such as `ctrl-p,ctrl-q` or `a,b`. Throws `InvalidParameter`. */
export function parseDetachKeys(text: string): Uint8Array {
  return Uint8Array.from(
    text.split(",").map((key) => {
      const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key);
      if (control) return (control[1] ?? "").toLowerCase().charCodeAt(0) & 0x1f;
      if (key.length === 1 && key.charCodeAt(0) < 128) return key.charCodeAt(0);
      throw invalidParameter(`Invalid detach keys (${text}) provided`);
    }),
  );
}

/**
 * Passes a terminal's input on until `keys` come: they are kept back and `onDetach` is called, after which nothing passes.
 * A beginning of the keys is held until it is clear that it is none.
 */
export function detachable(
  stdin: WritableStream<Uint8Array>,
  keys: Uint8Array,
  onDetach: () => void,
): WritableStream<Uint8Array> {
  const writer = stdin.getWriter();
  let matched = 0;
  let detached = false;
  return new WritableStream<Uint8Array>({
    async write(bytes) {
      if (detached) return;
      const passed: number[] = [];
      for (const byte of bytes) {
        if (byte === keys[matched]) {
          matched++;
          if (matched === keys.length) {
            detached = true;
            break;
          }
          continue;
        }
        passed.push(...keys.subarray(0, matched));
        matched = byte === keys[0] ? 1 : 0;
        if (matched === 0) passed.push(byte);
      }
      if (passed.length > 0) await writer.write(Uint8Array.from(passed));
      if (detached) onDetach();
    },
    async close() {
      if (!detached) await writer.close();
    },
    async abort(reason) {
      if (!detached) await writer.abort(reason);
    },
  });
}
