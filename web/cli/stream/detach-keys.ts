const named: Readonly<Record<string, number>> = { "@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, _: 31 };

/** Ctrl-P Ctrl-Q. */
const defaultKeys: readonly number[] = [16, 17];

/**
 * The bytes of a key sequence such as `ctrl-p,ctrl-q` or `a,b`.
 * @throws Error for a key that is not known
 */
export function parseDetachKeys(text: string): readonly number[] {
  if (text === "") return defaultKeys;
  return text.split(",").map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const control = /^ctrl-(.)$/.exec(key)?.[1];
    const code = control === undefined ? undefined : (named[control] ?? letterCode(control));
    if (code === undefined) throw new Error(`Unknown character: '${key}'`);
    return code;
  });
}

function letterCode(letter: string): number | undefined {
  return /[a-z]/.test(letter) ? letter.charCodeAt(0) - 96 : undefined;
}

/** Watches what is typed for the sequence; the beginning of a sequence is held back until it is complete or broken off. */
export class DetachFilter {
  readonly #keys: readonly number[];
  #matched = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  /** @returns what may be passed on, and whether the sequence is complete */
  push(chunk: Uint8Array): { readonly bytes: Uint8Array; readonly detached: boolean } {
    const passed: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === this.#keys.length) return { bytes: Uint8Array.from(passed), detached: true };
        continue;
      }
      if (this.#matched > 0) {
        passed.push(...this.#keys.slice(0, this.#matched));
        this.#matched = byte === this.#keys[0] ? 1 : 0;
        if (this.#matched === 1) continue;
      }
      passed.push(byte);
    }
    return { bytes: Uint8Array.from(passed), detached: false };
  }
}
