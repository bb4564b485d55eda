import { errorMessage, unavailable } from "../errdefs/errors.ts";
import type { Disposable } from "../internal/disposable.ts";
import { WireReader } from "../internal/wire/fields.ts";
import { encodeFrame, FLAG_MORE, FRAME_MAX, type Frame, FrameReader, ProtocolError } from "../internal/wire/frames.ts";
import type { AgentPort } from "../vm/machine.ts";
import { errnoName } from "./errno.ts";
import { GuestError } from "./guest.ts";
import { FrameType, GUEST_STREAMS } from "./protocol.ts";

const ERRNO_MAX = 4095;
const E2BIG = 7;

/** How an answer is understood. What it throws as ProtocolError ends the connection. */
export interface AnswerReader<T> {
  /** Takes a part that is not the last, when the answer may have several. */
  readonly part?: (part: Uint8Array) => void;
  readonly result: (body: WireReader, flags: number) => T;
  /** The error for an errno; a GuestError about `what` by default. */
  readonly refusal?: (errno: number, body: WireReader) => Error;
}

export interface RequestOptions<T> extends AnswerReader<T> {
  /** From `newId`, when the caller needs to know it. */
  readonly id?: number;
  readonly flags?: number;
}

interface Pending {
  readonly what: string;
  /** These run before any later frame is looked at. */
  readonly onPart: ((part: Uint8Array) => void) | undefined;
  readonly onResult: (body: WireReader, flags: number) => void;
  readonly onRefusal: (errno: number, body: WireReader) => void;
  readonly fail: (error: Error) => void;
}

/**
 * Frames over an agent port: requests are matched with their results, all else goes to `onFrame`. Whatever the guest sends
 * is untrusted: what breaks the protocol ends the connection, which then is gone for good.
 */
export class Connection {
  readonly #port: AgentPort;
  readonly #onFrame: (frame: Frame) => void;
  readonly #onGone: (reason: string) => void;
  readonly #reader = new FrameReader();
  readonly #pending = new Map<number, Pending>();
  readonly #subscription: Disposable;
  #nextId: number;
  #gone: string | undefined;
  /** Set while the answer to the first request (HELLO) is awaited: all else is of a former session. */
  #greeting: number | undefined;

  constructor(port: AgentPort, onFrame: (frame: Frame) => void, onGone: (reason: string) => void) {
    this.#port = port;
    this.#onFrame = onFrame;
    this.#onGone = onGone;
    // So that the answer to a HELLO can't be taken for that of an earlier connection's.
    this.#nextId = 1 + ((crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % 0x1000_0000);
    this.#subscription = port.onReceive((bytes) => this.#receive(bytes));
  }

  /** An id of a request or stream. Ids are not used twice. */
  newId(): number {
    const id = this.#nextId++;
    if (id >= GUEST_STREAMS) this.fail("out of ids");
    return id;
  }

  /** Whether the id may have been given by `newId`. */
  wasGiven(id: number): boolean {
    return id > 0 && id < this.#nextId;
  }

  readonly send = (type: number, id: number, payload?: Uint8Array, flags = 0): void => {
    if (this.#gone === undefined) this.#port.send(encodeFrame(type, id, payload, flags));
  };

  /** Sends HELLO: until it is answered everything else that arrives is dropped. */
  greet<T>(payload: Uint8Array, reader: AnswerReader<T>): Promise<T> {
    const id = this.newId();
    this.#greeting = id;
    return this.request(FrameType.HELLO, payload, "hello", { ...reader, id });
  }

  /** Rejects with GuestError when the guest answers an errno (`what` was refused), with Unavailable when it is gone. */
  request<T>(type: number, payload: Uint8Array, what: string, options: RequestOptions<T>): Promise<T> {
    if (payload.length > FRAME_MAX) return Promise.reject(new GuestError(E2BIG, errnoName(E2BIG), what));
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) {
        reject(goneError(this.#gone));
        return;
      }
      const id = options.id ?? this.newId();
      this.#pending.set(id, {
        what,
        onPart: options.part,
        onResult: (body, flags) => {
          try {
            resolve(options.result(body, flags));
          } catch (error) {
            if (error instanceof ProtocolError) throw error;
            reject(error);
          }
        },
        onRefusal: (errno, body) =>
          reject(options.refusal?.(errno, body) ?? new GuestError(errno, errnoName(errno), what)),
        fail: reject,
      });
      this.send(type, id, payload, options.flags);
    });
  }

  /** Ends the connection: everything that waits rejects with Unavailable. */
  fail(reason: string): void {
    if (this.#gone !== undefined) return;
    this.#gone = reason;
    this.#subscription.dispose();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { fail } of pending) fail(goneError(reason));
    this.#onGone(reason);
  }

  #receive(bytes: Uint8Array): void {
    try {
      this.#reader.push(bytes, (frame) => {
        if (this.#gone === undefined) this.#dispatch(frame);
      });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(`the guest broke the agent protocol: ${errorMessage(error)}`);
    }
  }

  #dispatch(frame: Frame): void {
    if (this.#greeting !== undefined) {
      if (frame.type !== FrameType.RESULT || frame.id !== this.#greeting) return;
      this.#greeting = undefined;
    }
    if (frame.type === FrameType.RESULT) this.#result(frame);
    else if (frame.type !== FrameType.READY) this.#onFrame(frame);
  }

  #result(frame: Frame): void {
    const pending = this.#pending.get(frame.id);
    if (!pending) throw new ProtocolError(`result of unknown request ${frame.id}`);
    const body = new WireReader(frame.payload);
    const errno = body.u32();
    if (errno > ERRNO_MAX) throw new ProtocolError(`errno ${errno}`);
    if ((frame.flags & FLAG_MORE) !== 0) {
      if (!pending.onPart || errno !== 0) throw new ProtocolError(`${pending.what}: answer in parts`);
      const part = body.rest();
      if (part.length === 0) throw new ProtocolError(`${pending.what}: an empty part`);
      pending.onPart(part);
      return;
    }
    // First read, then forgotten: when reading fails, failing the connection rejects this request too.
    if (errno === 0) pending.onResult(body, frame.flags);
    else pending.onRefusal(errno, body);
    this.#pending.delete(frame.id);
  }
}

export function goneError(reason: string): Error {
  return unavailable(`The machine is not available: ${reason}`);
}
