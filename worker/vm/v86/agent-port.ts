import type { Disposable } from "../../internal/disposable.ts";
import type { AgentPort } from "../machine.ts";
import type { Cpu, VirtioDevice, VirtQueue } from "./internals.ts";
import { attachVirtioDevice, configField, isDriven, type MachineDevice } from "./virtio.ts";

/** How the guest finds the port: /sys/class/virtio-ports/<device>/name. */
export const agentPortName = "org.wherry.agent";

/** The port's number on its device; 0 would have to be a console. */
const portId = 1;

/** Control messages (virtio 1.2, section 5.3.6.2). */
const control = { deviceReady: 0, deviceAdd: 1, portReady: 3, portOpen: 6, portName: 7 } as const;
const controlSize = 8;

const multiportFeature = 1;
/** A buffer of the guest's driver holds 4 KiB for us to fill; it sends up to 32 KiB in one. */
const ringSize = 64;
/** No driver sends a buffer as large as this, nor asks this often without reading: a broken guest is cut short. */
const largestBuffer = 1 << 20;
const mostControls = 64;
/** What the host keeps for a guest that does not read. The agent's protocol allows far less to be on its way. */
const mostWaiting = { bytes: 64 << 20, pieces: 1 << 18 } as const;

/**
 * The agent's port: a virtio-console device with one generic port and no console. v86's own console device drops input when
 * the guest has posted no buffer; this one keeps it until the driver rings. What the guest sends stays in its ring until
 * somebody listens.
 */
export class VirtioAgentPort implements AgentPort, MachineDevice {
  readonly device: VirtioDevice;
  readonly #input: VirtQueue;
  readonly #output: VirtQueue;
  readonly #controlInput: VirtQueue;
  readonly #controlOutput: VirtQueue;
  #waiting: Uint8Array[] = [];
  #queued = 0;
  #controls: Uint8Array[] = [];
  #listener: ((bytes: Uint8Array) => void) | undefined;
  /** The guest throws away what arrives while no process has the port open, so nothing is sent before. */
  #open = false;
  #ended = false;
  readonly #broken: (error: unknown) => void;

  /** `broken` is told when the guest's queues lead astray, and when it has stopped reading. */
  constructor(cpu: Cpu, broken: (error: unknown) => void) {
    this.#broken = broken;
    const unused = { size: ringSize, notified: () => {} };
    this.device = attachVirtioDevice(cpu, {
      name: "virtio-agent",
      type: 3,
      slot: 0x0c,
      ports: 0xb600,
      features: [multiportFeature],
      queues: [
        unused,
        unused,
        { size: ringSize, notified: () => this.#sendControls() },
        { size: ringSize, notified: () => this.#readControls() },
        { size: ringSize, notified: () => this.#send() },
        { size: ringSize, notified: () => this.#receive() },
      ],
      config: [
        configField("cols", 2, () => 0),
        configField("rows", 2, () => 0),
        configField("max_nr_ports", 4, () => portId + 1),
        configField("emerg_wr", 4, () => 0),
      ],
    });
    const [, , controlInput, controlOutput, input, output] = this.device.queues;
    if (!controlInput || !controlOutput || !input || !output) throw new Error("v86 made too few virtio queues");
    this.#input = input;
    this.#output = output;
    this.#controlInput = controlInput;
    this.#controlOutput = controlOutput;
  }

  get queued(): number {
    return this.#queued;
  }

  send(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#ended) return;
    this.#waiting.push(bytes);
    this.#queued += bytes.length;
    this.#guarded(() => {
      this.#send();
      if (this.#queued > mostWaiting.bytes || this.#waiting.length > mostWaiting.pieces) {
        throw new Error("the guest does not read what it is sent");
      }
    });
  }

  onReceive(listener: (bytes: Uint8Array) => void): Disposable {
    this.#listener = listener;
    this.#guarded(() => this.#receive());
    return {
      dispose: () => {
        if (this.#listener === listener) this.#listener = undefined;
      },
    };
  }

  getState(): unknown[] {
    if (this.#queued > 0 || this.#controls.length > 0) {
      throw new Error("Cannot take a snapshot: bytes for the agent are still on their way");
    }
    return [this.#open];
  }

  setState(state: readonly unknown[]): void {
    this.#open = state[0] === true;
  }

  /** The guest is gone: nothing is sent or heard any more. */
  end(): void {
    this.#ended = true;
    this.#listener = undefined;
    this.#waiting = [];
    this.#queued = 0;
  }

  /** For what the host starts: an exception inside an instruction of the guest ends the machine already. */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#broken(error);
    }
  }

  #send(): void {
    if (this.#ended || !this.#open || !isDriven(this.device)) return;
    let used = false;
    while (this.#waiting.length > 0 && this.#input.has_request()) {
      const buffer = this.#input.pop_request();
      this.#fill(buffer.length_writable, (piece) => buffer.set_next_blob(piece));
      this.#input.push_reply(buffer);
      used = true;
    }
    if (used) this.#input.flush_replies();
  }

  /** Moves up to `room` waiting bytes, of several sends if they fit. */
  #fill(room: number, put: (piece: Uint8Array) => void): void {
    let left = room;
    while (left > 0) {
      const first = this.#waiting[0];
      if (!first) return;
      const piece = first.length > left ? first.subarray(0, left) : first;
      put(piece);
      left -= piece.length;
      this.#queued -= piece.length;
      if (piece === first) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(piece.length);
    }
  }

  #receive(): void {
    if (!this.#output.is_configured() || !isDriven(this.device)) return;
    let used = false;
    while (this.#listener && this.#output.has_request()) {
      const buffer = this.#output.pop_request();
      const bytes = new Uint8Array(Math.min(buffer.length_readable >>> 0, largestBuffer));
      buffer.get_next_blob(bytes);
      this.#output.push_reply(buffer);
      used = true;
      this.#deliver(bytes);
    }
    if (used && !this.#ended) this.#output.flush_replies();
  }

  /** The listener runs inside an instruction of the guest: its errors must not unwind the emulator. */
  #deliver(bytes: Uint8Array): void {
    try {
      this.#listener?.(bytes);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #readControls(): void {
    while (this.#controlOutput.has_request()) {
      const buffer = this.#controlOutput.pop_request();
      const bytes = new Uint8Array(controlSize);
      buffer.get_next_blob(bytes);
      this.#controlOutput.push_reply(buffer);
      const message = new DataView(bytes.buffer);
      this.#answer(message.getUint32(0, true), message.getUint16(4, true), message.getUint16(6, true));
    }
    this.#controlOutput.flush_replies();
    this.#sendControls();
  }

  #answer(port: number, event: number, value: number): void {
    if (event === control.deviceReady) {
      this.#open = false;
      this.#control(control.deviceAdd, 0);
    } else if (event === control.portReady && port === portId) {
      this.#control(control.portName, 1, new TextEncoder().encode(`${agentPortName}\0`));
      this.#control(control.portOpen, 1);
    } else if (event === control.portOpen && port === portId) {
      this.#open = value === 1;
      this.#send();
    }
  }

  #control(event: number, value: number, tail = new Uint8Array()): void {
    const bytes = new Uint8Array(controlSize + tail.length);
    const message = new DataView(bytes.buffer);
    message.setUint32(0, portId, true);
    message.setUint16(4, event, true);
    message.setUint16(6, value, true);
    bytes.set(tail, controlSize);
    if (this.#controls.length < mostControls) this.#controls.push(bytes);
  }

  #sendControls(): void {
    while (this.#controls[0] && this.#controlInput.has_request()) {
      const buffer = this.#controlInput.pop_request();
      buffer.set_next_blob(this.#controls[0]);
      this.#controlInput.push_reply(buffer);
      this.#controls.shift();
    }
    this.#controlInput.flush_replies();
  }
}
