import { describe, expect, it } from "vitest";
import type { Disposable } from "../internal/disposable.ts";
import { WireWriter } from "../internal/wire/fields.ts";
import { encodeFrame, FrameReader } from "../internal/wire/frames.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { FrameType, PROTOCOL_VERSION } from "../shim/protocol.ts";
import { FakeMachine } from "../vm/fake-machine.ts";
import type { AgentPort } from "../vm/machine.ts";
import { MachineGuest, type MachineGuestComponents } from "./guest-host.ts";

/** An agent that answers every request with success. */
class AgreeablePort implements AgentPort {
  readonly queued = 0;
  readonly #reader = new FrameReader();
  #listener: (bytes: Uint8Array) => void = () => undefined;

  send(bytes: Uint8Array): void {
    this.#reader.push(bytes, ({ type, id }) => {
      const answer = new WireWriter().u32(0);
      if (type === FrameType.HELLO) {
        answer
          .u32(PROTOCOL_VERSION)
          .u32(65_536)
          .u64(1n << 28n)
          .raw(new TextEncoder().encode("6.12.0-test"));
      }
      const frame = encodeFrame(FrameType.RESULT, id, answer.finish());
      queueMicrotask(() => this.#listener(frame));
    });
  }

  /** What no agent may send. */
  misbehave(): void {
    this.#listener(encodeFrame(FrameType.HELLO, 7, new Uint8Array(1)));
  }

  onReceive(listener: (bytes: Uint8Array) => void): Disposable {
    this.#listener = listener;
    return { dispose: () => undefined };
  }
}

function guestOf(more: Partial<MachineGuestComponents> = {}) {
  const machine = new FakeMachine(() => new AgreeablePort());
  const runtime: Runtime = { name: "none", prepare: () => Promise.reject() as never };
  const boots: string[] = [];
  const guest = new MachineGuest({
    machine,
    now: () => new Date(0),
    runtime: () => runtime,
    onBoot: async (booted) => void boots.push(booted.info.kernel),
    ...more,
  });
  const gone: string[] = [];
  guest.onGone((reason) => void gone.push(reason));
  return { machine, guest, gone, boots };
}

describe("a MachineGuest", () => {
  it("boots once for all who ask, and sets the guest up before they get it", async () => {
    const { machine, guest, boots } = guestOf();
    const [first, second] = await Promise.all([guest.current(), guest.current()]);
    expect(first).toBe(second);
    expect([machine.boots, boots, guest.running]).toEqual([1, ["6.12.0-test"], first]);
  });

  it("tells why its guest died, and boots another for who asks next", async () => {
    const { machine, guest, gone } = guestOf();
    const first = await guest.current();
    machine.die("kernel panic");
    await Promise.resolve();
    expect([gone, guest.running]).toEqual([["kernel panic"], undefined]);
    const second = await guest.current();
    expect(second).not.toBe(first);
    expect([machine.boots, machine.state]).toEqual([2, "running"]);
  });

  it("gives up a guest whose agent breaks the protocol", async () => {
    const { machine, guest, gone } = guestOf();
    await guest.current();
    machine.port.misbehave();
    await Promise.resolve();
    expect([gone.length, guest.running, machine.state]).toEqual([1, undefined, "off"]);
  });

  it("says what kept a guest from starting, and tries again", async () => {
    const { machine, guest, gone } = guestOf();
    machine.failure = new Error("no snapshot");
    await expect(guest.current()).rejects.toMatchObject({
      name: "Unavailable",
      message: "the guest cannot be started: no snapshot",
    });
    machine.failure = undefined;
    await guest.current();
    expect(gone).toEqual([]);
  });

  it("does not hand out a guest that died while it was set up", async () => {
    const { machine, guest, gone } = guestOf({ onBoot: async () => machine.die("early") });
    await expect(guest.current()).rejects.toMatchObject({ name: "Unavailable" });
    expect([guest.running, gone]).toEqual([undefined, []]);
  });

  it("stops without telling, and for good", async () => {
    const { machine, guest, gone } = guestOf();
    await guest.current();
    await guest.stop();
    expect([gone, machine.state, guest.running]).toEqual([[], "off", undefined]);
    await expect(guest.current()).rejects.toThrow("stopping");
  });
});
