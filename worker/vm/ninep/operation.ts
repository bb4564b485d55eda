import type { NinepReader, NinepWriter } from "./codec.ts";
import type { Fids } from "./fids.ts";
import type { NinepNode } from "./node.ts";

/** What the operations of one mount share. */
export interface Session {
  readonly fids: Fids;
  readonly root: NinepNode;
  /** The largest message, as agreed by Tversion. */
  messageSize: number;
}

/** Carries out one request: reads its arguments, writes its answer. Throws `NinepError` or `HostTreeError` to refuse. */
export type Operation = (request: NinepReader, answer: NinepWriter, session: Session) => void | Promise<void>;

export type Operations = ReadonlyMap<number, Operation>;
