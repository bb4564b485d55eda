import type { Events } from "../events/events.ts";
import type { Container, RunningTask } from "./container.ts";

type Publisher = Pick<Events, "publish">;

/** Tells that a starting container has taken its volumes and joined its networks. */
export function announceTaken(events: Publisher, container: Container, running: RunningTask): void {
  for (const { point } of container.record.mounts) {
    if (point.Type !== "volume" || point.Name === undefined) continue;
    events.publish("volume", "mount", point.Name, {
      container: container.id,
      destination: point.Destination,
      driver: point.Driver ?? "local",
      propagation: point.Propagation,
      "read/write": String(point.RW),
    });
  }
  networkEvents(events, container, running, "connect");
}

/** Tells that a container which has ended left its networks and gave its volumes back. */
export function announceGivenBack(events: Publisher, container: Container, running: RunningTask): void {
  networkEvents(events, container, running, "disconnect");
  for (const { point } of container.record.mounts) {
    if (point.Type !== "volume" || point.Name === undefined) continue;
    events.publish("volume", "unmount", point.Name, { container: container.id, driver: point.Driver ?? "local" });
  }
}

function networkEvents(
  events: Publisher,
  container: Container,
  running: RunningTask,
  action: "connect" | "disconnect",
): void {
  for (const [name, endpoint] of Object.entries(running.networkSettings.Networks)) {
    const attributes = { container: container.id, name, type: name === "none" ? "null" : name };
    events.publish("network", action, endpoint.NetworkID, attributes);
  }
}
