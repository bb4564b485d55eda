import { ramInBytes } from "../../../worker/internal/units/size.ts";
import type { FlagContext } from "../flags/flag.ts";
import { cut } from "./cut.ts";

/** `NAME=value`, or `NAME` alone, which takes its value from the environment when it is set there. */
export function checkEnv(value: string, context: FlagContext): string {
  const [name, , hasValue] = cut(value, "=");
  if (name === "") throw new Error(`invalid environment variable: ${value}`);
  const inherited = context.env[name];
  return hasValue || inherited === undefined ? value : `${name}=${inherited}`;
}

export function checkLabel(value: string): string {
  const [name] = cut(value, "=");
  if (name.trim() === "") throw new Error(`invalid label '${value}': empty name`);
  if (/\s/.test(name)) throw new Error(`label '${name}' contains whitespaces`);
  return value;
}

export function checkAttach(value: string): string {
  const stream = value.toLowerCase();
  if (!["stdin", "stdout", "stderr"].includes(stream)) throw new Error("valid streams are STDIN, STDOUT and STDERR");
  return stream;
}

export function checkLink(value: string): string {
  if (value === "") throw new Error("empty string specified for links");
  if (value.split(":").length > 2) throw new Error(`bad format for links: ${value}`);
  return value;
}

export function isIpAddress(text: string): boolean {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return text.split(".").every((part) => Number(part) < 256);
  return isIp6Address(text);
}

function isIp6Address(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
}

export function checkIp(value: string): string {
  const text = value.trim();
  if (!isIpAddress(text)) throw new Error(`IP address is not correctly formatted: ${value}`);
  return text;
}

export function checkDnsSearch(value: string): string {
  const domain = value.trim();
  if (domain === ".") return domain;
  const label = "[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?";
  const valid = /[a-zA-Z]/.test(domain) && new RegExp(`^${label}(\\.${label})*\\.?$`).test(domain);
  if (!valid || domain.length > 254) throw new Error(`${domain} is not a valid domain`);
  return domain;
}

/** `host:ip` or `host=ip`. */
export function checkExtraHost(value: string): string {
  const [name, address, found] = value.includes("=") ? cut(value, "=") : cut(value, ":");
  if (!found || name === "") throw new Error(`bad format for add-host: ${JSON.stringify(value)}`);
  const bare = address.startsWith("[") && address.endsWith("]") ? address.slice(1, -1) : address;
  if (bare !== "host-gateway" && !isIpAddress(bare)) {
    throw new Error(`invalid IP address in add-host: ${JSON.stringify(address)}`);
  }
  return `${name}:${bare}`;
}

export function checkSysctl(value: string): string {
  const [name, , found] = cut(value, "=");
  if (!found || name === "") throw new Error(`sysctl '${value}' is not allowed`);
  const allowed =
    [
      "kernel.msgmax",
      "kernel.msgmnb",
      "kernel.msgmni",
      "kernel.sem",
      "kernel.shmall",
      "kernel.shmmax",
      "kernel.shmmni",
    ].includes(name) || ["kernel.shm_rmid_forced", "net.", "fs.mqueue."].some((prefix) => name.startsWith(prefix));
  if (!allowed) throw new Error(`sysctl '${value}' is not allowed`);
  return value;
}

export function checkDeviceRule(value: string): string {
  if (!/^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(value))
    throw new Error(`invalid device cgroup format '${value}'`);
  return value;
}

/** `-1` for no limit, else a size. */
export function checkMemorySwap(value: string): string {
  if (value !== "-1") ramInBytes(value);
  return value;
}

function devicePath(value: string): [path: string, rest: string] {
  const [path, rest, found] = cut(value, ":");
  if (!found) throw new Error(`bad format: ${value}`);
  if (!path.startsWith("/dev/")) throw new Error(`bad format for device path: ${value}`);
  return [path, rest];
}

export function checkDeviceRate(value: string): string {
  const [, rate] = devicePath(value);
  try {
    ramInBytes(rate);
  } catch {
    throw new Error(
      `invalid rate for device: ${value}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
    );
  }
  return value;
}

export function checkDeviceOperations(value: string): string {
  const [, rate] = devicePath(value);
  if (!/^[0-9]+$/.test(rate)) {
    throw new Error(
      `invalid rate for device: ${value}. The correct format is <device-path>:<number>. Number must be a positive integer`,
    );
  }
  return value;
}

export function checkDeviceWeight(value: string): string {
  const [, weight] = devicePath(value);
  const number = Number(weight);
  if (!/^[0-9]+$/.test(weight) || (number > 0 && (number < 10 || number > 1000))) {
    throw new Error(`invalid weight for device: ${value}`);
  }
  return value;
}
