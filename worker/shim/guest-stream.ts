import type { SendFrame } from "./protocol.ts";
import { ReceiveSide } from "./receive-side.ts";
import { SendSide } from "./send-side.ts";

export interface StreamOptions {
  readonly readable: boolean;
  readonly writable: boolean;
  /** Bytes that the guest takes before it gives credit. */
  readonly guestWindow: number;
}

/** One stream of the agent protocol. It is over when both directions have ended; `onDone` is then called. */
export class GuestStream {
  readonly receive: ReceiveSide | undefined;
  readonly send: SendSide | undefined;

  constructor(id: number, send: SendFrame, options: StreamOptions, onDone: () => void) {
    const check = () => {
      if ((this.receive?.ended ?? true) && (this.send?.ended ?? true)) onDone();
    };
    this.receive = options.readable ? new ReceiveSide(id, send, check) : undefined;
    this.send = options.writable ? new SendSide(id, send, options.guestWindow, check) : undefined;
  }

  fail(error: Error): void {
    this.receive?.fail(error);
    this.send?.fail(error);
  }
}
