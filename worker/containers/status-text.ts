import type { ContainerStatus, Health } from "../api/types/container.ts";
import { zeroTime } from "../internal/clock.ts";
import type { StateRecord } from "./record.ts";

/** State.Status as the API says it. */
export function apiStatus(state: StateRecord, removing: boolean): ContainerStatus {
  return removing && state.status !== "running" ? "removing" : state.status;
}

/** The STATUS column of `docker ps`, such as `Up 3 minutes` or `Exited (0) 2 hours ago`. */
export function statusText(
  state: StateRecord,
  options: { removing: boolean; health: Health | undefined; now: Date },
): string {
  const since = (time: string) => humanDuration(options.now.getTime() - Date.parse(time));
  switch (state.status) {
    case "running":
      return `Up ${since(state.startedAt)}${healthText(options.health)}`;
    case "paused":
      return `Up ${since(state.startedAt)} (Paused)`;
    case "restarting":
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
    default:
  }
  if (options.removing) return "Removal In Progress";
  if (state.status === "dead") return "Dead";
  if (state.startedAt === zeroTime) return "Created";
  return state.finishedAt === zeroTime ? "" : `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
}

function healthText(health: Health | undefined): string {
  if (!health || health.Status === "none") return "";
  return health.Status === "starting" ? " (health: starting)" : ` (${health.Status})`;
}

/** Milliseconds in words, as go-units' HumanDuration. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(milliseconds / 3_600_000 + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}
