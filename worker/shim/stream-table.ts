import { WireReader } from "../internal/wire/fields.ts";
import { type Frame, ProtocolError } from "../internal/wire/frames.ts";
import { errnoName } from "./errno.ts";
import { GuestError } from "./guest.ts";
import { GuestStream, type StreamOptions } from "./guest-stream.ts";
import { ACCEPTED_MAX, FrameType, GUEST_STREAMS, type SendFrame } from "./protocol.ts";

const EPIPE = 32;

/** The open streams of a session, by id. Frames for streams that were never opened break the protocol. */
export class StreamTable {
  readonly #send: SendFrame;
  readonly #wasGiven: (id: number) => boolean;
  readonly #streams = new Map<number, GuestStream>();
  #accepted = 0;
  #nextAccepted = GUEST_STREAMS;
  guestWindow = 0;

  constructor(send: SendFrame, wasGiven: (id: number) => boolean) {
    this.#send = send;
    this.#wasGiven = wasGiven;
  }

  open(id: number, directions: Pick<StreamOptions, "readable" | "writable">): GuestStream {
    const stream = new GuestStream(id, this.#send, { ...directions, guestWindow: this.guestWindow }, () =>
      this.#streams.delete(id),
    );
    this.#streams.set(id, stream);
    return stream;
  }

  /** A stream that the guest opened by ACCEPT. */
  accept(id: number): GuestStream {
    if (id !== this.#nextAccepted) throw new ProtocolError(`accepted stream ${id}, expected ${this.#nextAccepted}`);
    if (++this.#accepted > ACCEPTED_MAX) throw new ProtocolError("too many accepted streams");
    this.#nextAccepted++;
    const options = { readable: true, writable: true, guestWindow: this.guestWindow };
    const stream = new GuestStream(id, this.#send, options, () => {
      this.#accepted--;
      this.#streams.delete(id);
    });
    this.#streams.set(id, stream);
    return stream;
  }

  /** The request that would have opened it failed: the guest knows nothing of it. */
  drop(id: number, error: Error): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    stream?.fail(error);
  }

  failAll(error: Error): void {
    for (const id of [...this.#streams.keys()]) this.drop(id, error);
  }

  /** DATA, CREDIT, END or STOP from the guest. */
  frame(frame: Frame): void {
    const stream = this.#streams.get(frame.id);
    if (!stream) {
      // Credit and STOP may cross our END; the rest comes before the guest's own END, so the stream must be there.
      const crossed = frame.type === FrameType.CREDIT || frame.type === FrameType.STOP;
      const known = frame.id < GUEST_STREAMS ? this.#wasGiven(frame.id) : frame.id < this.#nextAccepted;
      if (crossed && known) return;
      throw new ProtocolError(`frame of type ${frame.type} for unknown stream ${frame.id}`);
    }
    if (frame.type === FrameType.DATA || frame.type === FrameType.END) {
      if (!stream.receive) throw new ProtocolError(`stream ${frame.id} has no data to receive`);
      if (frame.type === FrameType.DATA) stream.receive.data(frame.payload);
      else stream.receive.end();
    } else {
      if (!stream.send) throw new ProtocolError(`stream ${frame.id} sends nothing`);
      if (frame.type === FrameType.STOP) stream.send.stop(new GuestError(EPIPE, errnoName(EPIPE), "write"));
      else stream.send.credit(readCredit(frame));
    }
  }
}

function readCredit(frame: Frame): number {
  const reader = new WireReader(frame.payload);
  const credit = reader.u32();
  reader.end();
  return credit;
}
