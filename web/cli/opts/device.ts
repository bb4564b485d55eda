export interface DeviceMapping {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  readonly CgroupPermissions: string;
}

/** A device by its CDI name, `vendor.com/class=name`, which the engine looks up. */
export function isCdiDevice(value: string): boolean {
  return /^[a-zA-Z][\w.-]*[a-zA-Z0-9]\/[a-zA-Z][\w.-]*[a-zA-Z0-9]=[a-zA-Z0-9](?:[\w.:-]*[a-zA-Z0-9])?$/.test(value);
}

/**
 * `/dev/x[:/dev/y][:rwm]`.
 * @throws Error with Docker's message
 */
export function parseDevice(value: string): DeviceMapping {
  const parts = value.split(":");
  if (parts.length > 3 || parts[0] === "") throw new Error(`bad format for path: ${value}`);
  const [source = "", second, third] = parts;
  const secondIsMode = parts.length === 2 && isMode(second ?? "");
  const target = secondIsMode || second === undefined ? source : second;
  if (third !== undefined && !isMode(third)) throw new Error(`bad mode specified: ${third}`);
  if (!target.startsWith("/")) throw new Error(`${target} is not an absolute path`);
  return {
    PathOnHost: source,
    PathInContainer: target,
    CgroupPermissions: (secondIsMode ? second : third) ?? "rwm",
  };
}

function isMode(text: string): boolean {
  return text !== "" && /^[rwm]*$/.test(text) && new Set(text).size === text.length;
}
