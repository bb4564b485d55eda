import { describe, expect, it } from "vitest";
import { FakeRuntime } from "../runtime/fake-runtime.ts";
import { Rehearsals } from "./rehearsal.ts";

/** Time passes while somebody sleeps; `during` is called in each sleep, with how many there were before. */
function tried(
  options: { during?: (sleep: number) => void; idle?: () => boolean; inUse?: () => boolean; takes?: number } = {},
) {
  const runtime = new FakeRuntime();
  const sleeps: number[] = [];
  let now = 0;
  const clock = {
    now: () => {
      now += options.takes ?? 0;
      return new Date(now);
    },
    sleep: async (milliseconds: number, signal?: AbortSignal) => {
      sleeps.push(milliseconds);
      options.during?.(sleeps.length - 1);
      signal?.throwIfAborted();
    },
  };
  const rehearsals = new Rehearsals({
    clock,
    idle: options.idle ?? (() => true),
    inUse: options.inUse ?? (() => false),
  });
  return { rehearsals, runtime, sleeps };
}

describe("Rehearsals", () => {
  it("start a few containers as docker run would, once nothing has been wanted for a while", async () => {
    const { rehearsals, runtime, sleeps } = tried();
    await rehearsals.begin(runtime, "6.12");
    expect(sleeps[0]).toBeGreaterThanOrEqual(500);
    expect(runtime.specs.length).toBeGreaterThan(1);
    expect(runtime.specs.length).toBeLessThanOrEqual(8);
    expect(runtime.specs[0]?.linux.namespaces).toHaveLength(6);
    expect(runtime.specs[0]?.annotations).toHaveProperty(["run.oci.seccomp_bpf_data"]);
  });

  it("wait again after every request, and until the guest is idle", async () => {
    let busy = 4;
    const during = (sleep: number) => {
      if (sleep < 3) rehearsals.touch();
      if (sleep < 7) expect(runtime.specs).toHaveLength(0);
    };
    const { rehearsals, runtime, sleeps } = tried({ during, idle: () => busy-- <= 0 });
    await rehearsals.begin(runtime, "6.12");
    const [first] = sleeps;
    expect(sleeps.slice(0, 5)).toEqual([first, first, first, first, expect.any(Number)]);
    expect(runtime.specs.length).toBeGreaterThan(1);
  });

  it("are fewer where they take long", async () => {
    const { rehearsals, runtime } = tried({ takes: 1600 });
    await rehearsals.begin(runtime, "6.12");
    expect(runtime.specs).toHaveLength(2);
  });

  it("are over for good when a container runs, and when the engine ends", async () => {
    const used = tried({ inUse: () => used.runtime.specs.length === 1 });
    await used.rehearsals.begin(used.runtime, "6.12");
    expect(used.runtime.specs).toHaveLength(1);

    const ended = tried({ during: () => ended.rehearsals.end() });
    await ended.rehearsals.begin(ended.runtime, "6.12");
    expect(ended.runtime.specs).toHaveLength(0);
  });

  it("are over for good when one fails", async () => {
    const { rehearsals, runtime } = tried();
    let begun = 0;
    runtime.prepare = () => {
      begun += 1;
      throw new Error("no guest");
    };
    await rehearsals.begin(runtime, "6.12");
    expect(begun).toBe(1);
  });

  it("begin anew in the guest that takes the place of one that died", async () => {
    const next = new FakeRuntime();
    let begun: Promise<void> | undefined;
    const { rehearsals, runtime } = tried({
      during: (sleep) => {
        if (sleep > 0) return;
        rehearsals.end();
        begun = rehearsals.begin(next, "6.12");
      },
    });
    await rehearsals.begin(runtime, "6.12");
    await begun;
    expect(runtime.specs).toHaveLength(0);
    expect(next.specs.length).toBeGreaterThan(1);
  });
});
