import type { NetworkSettings } from "../api/types/network.ts";
import type { Events } from "../events/events.ts";
import type { Container } from "./container.ts";

type Publisher = Pick<Events, "publish">;

/** Tells that a starting container has taken its volumes and joined its networks. */
export function announceTaken(events: Publisher, container: Container, { Networks }: NetworkSettings): void {
  announceMounts(events, container);
  networkEvents(events, container, Networks, "connect");
}

/** Tells that a container which has ended left its networks and gave its volumes back. */
export function announceGivenBack(events: Publisher, container: Container, { Networks }: NetworkSettings): void {
  networkEvents(events, container, Networks, "disconnect");
  for (const { point } of container.record.mounts) {
    if (point.Type !== "volume" || point.Name === undefined) continue;
    events.publish("volume", "unmount", point.Name, { container: container.id, driver: point.Driver ?? "local" });
  }
}

/** Tells of a container whose program could not be started: Docker has mounted its volumes by then, and joins networks only later. */
export function announceFailedStart(events: Publisher, container: Container, settings: NetworkSettings): void {
  announceMounts(events, container);
  announceGivenBack(events, container, settings);
}

function announceMounts(events: Publisher, container: Container): void {
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
}

function networkEvents(
  events: Publisher,
  container: Container,
  networks: NetworkSettings["Networks"],
  action: "connect" | "disconnect",
): void {
  for (const [name, endpoint] of Object.entries(networks)) {
    const attributes = { container: container.id, name, type: name === "none" ? "null" : name };
    events.publish("network", action, endpoint.NetworkID, attributes);
  }
}
