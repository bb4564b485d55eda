import type { BufferChain, VirtQueue } from "./internals.ts";

/** Descriptor flags and size (virtio 1.2, section 2.7.5). */
const flag = { next: 1, indirect: 4 } as const;
const descriptorSize = 16;

/** A driver's longest chain has a buffer for each page of its largest request: 130 for what a 9p mount here asks for. */
const mostDescriptors = 512;

interface QueueLimits {
  /** Whether the device offers indirect descriptors. */
  readonly indirect: boolean;
  /** How much the device reads of a chain at most, where more is never meant. */
  readonly mostReadable?: number;
}

/** The guest's driver did what no driver does. */
export class BrokenQueueError extends Error {
  override readonly name = "BrokenQueueError";

  constructor(what: string) {
    super(`the guest broke a virtio queue: ${what}`);
  }
}

/**
 * v86 follows a chain of descriptors wherever it leads: in circles when an indirect table leads to another, and through a
 * table of any length that the guest names. So each chain is walked here before v86 sees it, and the queue's `pop_request`
 * throws BrokenQueueError for one that does not end soon, or not in the guest's memory.
 */
export function guardQueue(queue: VirtQueue, memory: number, limits: QueueLimits): void {
  const pop = queue.pop_request.bind(queue);
  queue.pop_request = (): BufferChain => {
    if (queue.count_requests() > queue.size) throw new BrokenQueueError("more requests than it has room for");
    checkChain(queue, memory, limits.indirect);
    const chain = pop();
    if (limits.mostReadable !== undefined && chain.length_readable > limits.mostReadable) {
      throw new BrokenQueueError(`a request of ${chain.length_readable} bytes`);
    }
    return chain;
  };
}

function checkChain(queue: VirtQueue, memory: number, indirect: boolean): void {
  let table = queue.desc_addr;
  let entries = queue.size;
  let index = queue.avail_get_entry(queue.avail_last_idx);
  let inside = false;
  for (let walked = 0; walked < mostDescriptors; walked++) {
    if (index >= entries) throw new BrokenQueueError(`descriptor ${index} of ${entries}`);
    const { addr_low, addr_high, len, flags, next } = queue.get_descriptor(table, index);
    if (addr_high !== 0 || (addr_low >>> 0) + (len >>> 0) > memory) {
      throw new BrokenQueueError("a buffer outside the memory");
    }
    if (flags & flag.indirect) {
      if (!indirect || inside || flags & flag.next) throw new BrokenQueueError("an indirect descriptor out of place");
      if (len === 0 || len % descriptorSize !== 0) throw new BrokenQueueError(`an indirect table of ${len} bytes`);
      inside = true;
      table = addr_low;
      entries = len / descriptorSize;
      index = 0;
    } else if (flags & flag.next) {
      index = next;
    } else {
      return;
    }
  }
  throw new BrokenQueueError(`a chain of more than ${mostDescriptors} descriptors`);
}
