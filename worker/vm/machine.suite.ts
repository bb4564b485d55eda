import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Machine, MachineExit } from "./machine.ts";

export interface MachineUnderTest {
  /** One that is off. */
  readonly machine: Machine;
  /** Makes the running guest die. */
  crash(): Promise<void>;
}

/** The life cycle that every Machine must have, whatever emulates it. */
export function machineSuite(name: string, make: () => Promise<MachineUnderTest>): void {
  describe(`${name} as a Machine`, () => {
    let machine: Machine;
    let crash: MachineUnderTest["crash"];
    const exits: MachineExit[] = [];

    beforeAll(async () => {
      ({ machine, crash } = await make());
      machine.onExit((exit) => exits.push(exit));
    });
    afterAll(() => machine?.stop());

    test("before its start it is off, and has no port", () => {
      expect(machine.state).toBe("off");
      expect(() => machine.port).toThrow(expect.objectContaining({ name: "Unavailable" }));
    });

    test("start() is given up when its signal says so", async () => {
      await expect(machine.start({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
      expect(machine.state).toBe("off");
    });

    test("start() ends with a port, and is refused to one that runs", async () => {
      const starting = machine.start();
      expect(machine.state).toBe("starting");
      await expect(machine.start()).rejects.toMatchObject({ name: "Conflict" });
      await starting;
      expect(machine.state).toBe("running");
      expect(machine.port.queued).toBe(0);
      await expect(machine.start()).rejects.toMatchObject({ name: "Conflict" });
    });

    test("when the guest dies it says why, once, and can be started again", async () => {
      await crash();
      await expect.poll(() => exits.length, { timeout: 20_000 }).toBe(1);
      expect(exits[0]?.reason).not.toBe("");
      expect(machine.state).toBe("dead");
      expect(() => machine.port).toThrow(expect.objectContaining({ name: "Unavailable" }));
      await machine.start();
      expect(machine.state).toBe("running");
    });

    test("stop() is no death, and may come twice or during a start", async () => {
      await machine.stop();
      await machine.stop();
      expect(machine.state).toBe("off");
      const starting = machine.start();
      await machine.stop();
      await expect(starting).rejects.toMatchObject({ name: "Unavailable" });
      expect(machine.state).toBe("off");
      await machine.start();
      await machine.stop();
    });

    test("a listener that let go hears of no death, and the others hear of each once", async () => {
      const heard: MachineExit[] = [];
      machine.onExit((exit) => heard.push(exit)).dispose();
      await machine.start();
      await crash();
      // Two deaths, and none of the stops between them.
      await expect.poll(() => exits.length, { timeout: 20_000 }).toBe(2);
      expect(heard).toEqual([]);
    });
  });
}
