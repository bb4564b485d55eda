import { notImplemented } from "../errdefs/errors.ts";
import type { ContainerLog } from "../logger/log.ts";
import { readLogSettings } from "../logger/log-options.ts";
import type { LogStore } from "../logger/log-store.ts";
import type { ContainerRecord } from "./record.ts";

/** The log of a container, to be written to. Rejects with `System` when its options cannot be read. */
export async function openLog(logs: LogStore, record: ContainerRecord): Promise<ContainerLog> {
  const { id, name, imageId, config, hostConfig, path, args } = record;
  const { Type, Config } = hostConfig.LogConfig;
  const settings = readLogSettings(Type, Config, {
    ...{ id, name, imageId, image: config.Image },
    command: [path, ...args].join(" "),
    labels: config.Labels ?? {},
    env: config.Env ?? [],
  });
  return logs.open(id, settings);
}

/** The same, to be read. Rejects with `NotImplemented` for a driver that keeps nothing. */
export async function openLogForReading(logs: LogStore, record: ContainerRecord): Promise<ContainerLog> {
  if (record.hostConfig.LogConfig.Type === "none") {
    throw notImplemented("configured logging driver does not support reading");
  }
  return openLog(logs, record);
}
