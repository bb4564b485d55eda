import type { ContainerStatus, Health } from "../api/types/container.ts";
import { zeroTime } from "../internal/clock.ts";
import { humanDuration } from "../internal/units/duration.ts";
import type { StateRecord } from "./record.ts";

/** As Docker's State.Running: paused and restarting containers count. */
export function isRunning({ status }: StateRecord): boolean {
  return status === "running" || status === "paused" || status === "restarting";
}

/** State.Status as the API says it. */
export function apiStatus(state: StateRecord, removing: boolean): ContainerStatus {
  return removing && !isRunning(state) ? "removing" : state.status;
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
