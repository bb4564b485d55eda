import { afterEach, describe, expect, test } from "vitest";
import type { EmulatorLoop } from "./internals.ts";
import { takeTurnsHere } from "./turns.ts";

/** The loop as v86 has it: a turn whose number is not the latest is dropped. */
function loopWith(worker: unknown) {
  const turns: number[] = [];
  const said: string[] = [];
  let heard: () => void = () => {};
  const loop = {
    worker,
    tick_counter: 0,
    next(delay: number) {
      this.tick_counter += 1;
      this.yield(delay, this.tick_counter);
    },
    yield: (_delay: number, _tick: number) => void said.push("yield"),
    yield_callback(tick: number) {
      if (tick !== this.tick_counter) return;
      turns.push(tick);
      heard();
    },
    unregister_yield: () => void said.push("unregister"),
  };
  const turn = () =>
    new Promise<void>((resolve) => {
      heard = resolve;
    });
  return { loop: loop as typeof loop & EmulatorLoop, turns, said, turn };
}

describe("takeTurnsHere()", () => {
  let end: () => void = () => {};
  afterEach(() => end());

  function taken() {
    const made = loopWith({});
    takeTurnsHere(made.loop);
    end = () => made.loop.unregister_yield();
    return made;
  }

  test("ends v86's own worker, and calls a turn that is due and one that waits", async () => {
    const { loop, turns, said, turn } = taken();
    expect(said).toEqual(["unregister"]);
    for (const delay of [0, 5, -1]) {
      const called = turn();
      loop.next(delay);
      await called;
    }
    expect(turns).toEqual([1, 2, 3]);
    expect(said).toEqual(["unregister"]);
  });

  test("a turn that is due at once takes the place of one that waits", async () => {
    const { loop, turns, turn } = taken();
    const called = turn();
    loop.next(30_000);
    loop.next(0);
    await called;
    expect(turns).toEqual([2]);
  });

  test("calls no turn after unregister_yield()", async () => {
    const { loop, turns } = taken();
    loop.next(0);
    loop.next(1);
    loop.unregister_yield();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(turns).toEqual([]);
  });

  test("leaves v86 alone where it calls the turns itself", () => {
    const { loop, said } = loopWith(null);
    takeTurnsHere(loop);
    loop.next(0);
    expect(said).toEqual(["yield"]);
  });
});
