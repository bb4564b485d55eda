/**
 * One case of an interface's contract, for every implementation. Cases use no test runner, so that they can be run inside a
 * page too, where the adapters of the browser live.
 */
export interface ContractCase<Fixture> {
  readonly name: string;
  /** It says something about storage that lasts alone: such that a new process finds it. */
  readonly lasting?: true;
  run(fixture: Fixture): Promise<void>;
}

export function equal(actual: unknown, expected: unknown): void {
  if (actual instanceof Uint8Array && expected instanceof Uint8Array) {
    const at = actual.findIndex((byte, index) => byte !== expected[index]);
    if (actual.length === expected.length && at < 0) return;
    throw new Error(`bytes differ: ${actual.length} and ${expected.length} long, first at ${at}`);
  }
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`expected ${b}, got ${a}`);
}

/** `name`: of the error; `text`: what its message holds. */
export async function rejects(action: () => Promise<unknown>, name: string, text = ""): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (error instanceof Error && error.name === name && error.message.includes(text)) return;
    throw error;
  }
  throw new Error(`expected ${name}, but nothing was thrown`);
}
