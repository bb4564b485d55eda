import { csvFields, cut } from "./cut.ts";

/** A device request as the API takes it in HostConfig.DeviceRequests. */
export interface DeviceRequest {
  Driver: string;
  Count: number;
  DeviceIDs: readonly string[] | null;
  Capabilities: readonly (readonly string[])[];
  Options: Record<string, string>;
}

export function checkGpus(value: string): string {
  parseGpus(value);
  return value;
}

/**
 * `all`, a number, or `device=0,capabilities=...`.
 * @throws Error with Docker's message
 */
export function parseGpus(value: string): DeviceRequest {
  const request: DeviceRequest = { Driver: "", Count: 0, DeviceIDs: null, Capabilities: [["gpu"]], Options: {} };
  for (const field of csvFields(value)) {
    const [key, text, found] = cut(field, "=");
    if (!found) request.Count = count(field);
    else if (key === "count") request.Count = count(text);
    else if (key === "driver") request.Driver = text;
    else if (key === "device") request.DeviceIDs = text.split(",");
    else if (key === "capabilities") request.Capabilities = [[...text.split(","), "gpu"]];
    else if (key === "options")
      request.Options = Object.fromEntries(text.split(",").map((pair) => cut(pair, "=").slice(0, 2)));
    else throw new Error(`unexpected key '${key}' in '${field}'`);
  }
  if (request.Count === 0 && !request.DeviceIDs) request.Count = 1;
  return request;
}

function count(text: string): number {
  if (text === "all") return -1;
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new Error(`invalid count (${text}): value must be either "all" or an integer: invalid syntax`);
}
