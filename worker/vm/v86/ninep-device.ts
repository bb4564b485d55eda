import { headerSize } from "../ninep/codec.ts";
import { largestMessage, type NinepServer } from "../ninep/server.ts";
import type { BufferChain, Cpu, VirtioDevice, VirtQueue } from "./internals.ts";
import { BrokenQueueError } from "./queue-guard.ts";
import { attachVirtioDevice, configField, feature, isDriven, type MachineDevice } from "./virtio.ts";

/** What the guest names in mount(2). */
const mountTag = "host";

const mountTagFeature = 0;
/** Requests that can be under way at once; one takes a single descriptor, for the rest of it is indirect. */
const ringSize = 128;

/** A virtio-9p device (virtio 1.2 leaves it out; QEMU's layout) in front of a 9p server. */
export class NinepDevice implements MachineDevice {
  readonly device: VirtioDevice;
  readonly #server: NinepServer;
  readonly #queue: VirtQueue;
  #underWay = 0;
  #ended = false;
  readonly #broken: (error: unknown) => void;

  /** `broken` is told when the guest's queue leads astray; within an instruction of the guest, the exception says so. */
  constructor(cpu: Cpu, server: NinepServer, broken: (error: unknown) => void) {
    this.#broken = broken;
    const tag = new TextEncoder().encode(mountTag);
    this.#server = server;
    this.device = attachVirtioDevice(cpu, {
      name: "virtio-9p",
      type: 9,
      slot: 0x06,
      ports: 0xa600,
      features: [mountTagFeature, feature.indirectDescriptors],
      queues: [{ size: ringSize, notified: () => this.#serve() }],
      config: [
        configField("tag_len", 2, () => tag.length),
        ...Array.from(tag, (byte, index) => configField(`tag${index}`, 1, () => byte)),
      ],
    });
    const [queue] = this.device.queues;
    if (!queue) throw new Error("v86 made too few virtio queues");
    this.#queue = queue;
  }

  getState(): unknown[] {
    if (this.#underWay > 0) throw new Error("Cannot take a snapshot: 9p requests are under way");
    return [];
  }

  setState(): void {
    this.#server.reset();
  }

  end(): void {
    this.#ended = true;
    this.#server.reset();
  }

  #serve(): void {
    while (!this.#ended && this.#queue.has_request()) this.#answer(this.#queue.pop_request());
    if (!this.#ended) this.#queue.flush_replies();
  }

  #answer(chain: BufferChain): void {
    const request = new Uint8Array(Math.min(chain.length_readable >>> 0, largestMessage + headerSize));
    chain.get_next_blob(request);
    const answer = this.#server.handle(request);
    if (answer instanceof Uint8Array) {
      this.#reply(chain, answer);
      return;
    }
    if (this.#underWay >= ringSize) throw new BrokenQueueError("more requests under way than it has room for");
    this.#underWay += 1;
    answer
      .then((bytes) => {
        this.#underWay -= 1;
        if (this.#ended || !isDriven(this.device)) return;
        this.#reply(chain, bytes);
        this.#queue.flush_replies();
      })
      .catch(this.#broken);
  }

  #reply(chain: BufferChain, answer: Uint8Array): void {
    chain.set_next_blob(answer);
    this.#queue.push_reply(chain);
  }
}
