import { HostTreeError } from "../host-tree.ts";
import { headerSize, message, NinepReader, NinepWriter } from "./codec.ts";
import { errno, NinepError } from "./errno.ts";
import { Fids } from "./fids.ts";
import { fileOperations } from "./file-operations.ts";
import { nameOperations } from "./name-operations.ts";
import type { NinepNode } from "./node.ts";
import type { Operation, Session } from "./operation.ts";

/** The largest message Linux's virtio transport can carry (128 pages less three). */
export const largestMessage = 512_000;
const smallestMessage = 4096;
/** Linux walks at most 16 names at once (P9_MAXWELEM). */
const mostNames = 16;

/**
 * A 9P2000.L server for one mount. Requests come from the guest and are not trusted: whatever they hold, the answer is a
 * message, never an exception. The answer is synchronous wherever the files are.
 */
export class NinepServer {
  readonly #session: Session;
  /** Requests that are not answered yet, by tag: Tflush waits for them. */
  readonly #pending = new Map<number, Promise<unknown>>();

  constructor(root: NinepNode) {
    this.#session = { root, fids: new Fids(), messageSize: smallestMessage };
  }

  /** Closes every handle: the guest is gone. */
  reset(): void {
    this.#session.fids.clear();
  }

  handle(request: Uint8Array): Uint8Array | Promise<Uint8Array> {
    if (request.length < headerSize) return refusal(0, errno.EPROTO);
    const type = request[4] ?? 0;
    const tag = (request[5] ?? 0) | ((request[6] ?? 0) << 8);
    try {
      const answer = new NinepWriter(type + 1, tag);
      const done = this.#operation(type)(new NinepReader(request), answer, this.#session);
      if (!done) return answer.finish();
      const later = done.then(
        () => answer.finish(),
        (error: unknown) => refusal(tag, numberOf(error)),
      );
      this.#remember(tag, later);
      return later;
    } catch (error) {
      return refusal(tag, numberOf(error));
    }
  }

  #remember(tag: number, answer: Promise<unknown>): void {
    this.#pending.set(tag, answer);
    void answer.then(() => {
      if (this.#pending.get(tag) === answer) this.#pending.delete(tag);
    });
  }

  #operation(type: number): Operation {
    const operation = type === message.flush ? this.#flush : operations.get(type);
    if (!operation) throw new NinepError(errno.EOPNOTSUPP, `message type ${type} is not served`);
    return operation;
  }

  /** Nothing is interrupted: the flush is answered once the request it names has been. */
  readonly #flush: Operation = (request) => this.#pending.get(request.uint16())?.then(() => {});
}

const version: Operation = (request, answer, session) => {
  const size = request.uint32();
  const name = request.string();
  session.fids.clear();
  if (size < smallestMessage) throw new NinepError(errno.EINVAL, "the message size is too small");
  session.messageSize = Math.min(size, largestMessage);
  answer.uint32(session.messageSize).string(name === "9P2000.L" ? name : "unknown");
};

const attach: Operation = (request, answer, { fids, root }) => {
  const number = request.uint32();
  request.uint32();
  request.string();
  request.string();
  fids.add(number, { node: root, uid: request.uint32() });
  answer.qid(root.qid);
};

/** A walk that fails half-way tells how far it came and makes no fid; one that fails at once is an error. */
const walk: Operation = (request, answer, { fids }) => {
  const from = request.uint32();
  const fid = fids.get(from);
  const to = request.uint32();
  const count = request.uint16();
  if (count > mostNames) throw new NinepError(errno.EINVAL, "too many names in one walk");
  const names = Array.from({ length: count }, () => request.name());
  const nodes: NinepNode[] = [];
  let { node } = fid;
  try {
    for (const name of names) {
      node = node.walk(name);
      nodes.push(node);
    }
  } catch (error) {
    if (nodes.length === 0) throw error;
  }
  if (nodes.length === count) {
    if (from === to) fid.node = node;
    else fids.add(to, { node, uid: fid.uid });
  }
  answer.uint16(nodes.length);
  for (const each of nodes) answer.qid(each.qid);
};

const clunk: Operation = (request, _answer, { fids }) => fids.remove(request.uint32());

const operations: ReadonlyMap<number, Operation> = new Map([
  [message.version, version],
  [message.attach, attach],
  [message.walk, walk],
  [message.clunk, clunk],
  ...fileOperations,
  ...nameOperations,
]);

function refusal(tag: number, number: number): Uint8Array {
  return new NinepWriter(message.lerror, tag).uint32(number).finish();
}

function numberOf(error: unknown): number {
  return error instanceof NinepError || error instanceof HostTreeError ? error.errno : errno.EIO;
}
