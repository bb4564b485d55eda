import type { Labels } from "./common.ts";

export type EventType =
  | "builder"
  | "config"
  | "container"
  | "daemon"
  | "image"
  | "network"
  | "node"
  | "plugin"
  | "volume";

/** One line of `GET /events`. `status`, `id` and `from` are for clients older than 1.52; the API fills them in. */
export interface EventMessage {
  readonly Type: EventType;
  /** Such as `start`, or `exec_create: sh`. */
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Labels };
  readonly scope: "local" | "swarm";
  /** Seconds since the epoch. */
  readonly time: number;
  /** Nanoseconds since the epoch: above 2^53, so a bigint that the API writes as a number. */
  readonly timeNano: bigint;
}
