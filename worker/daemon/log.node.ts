import type { Log, LogLevel } from "../daemon.ts";

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Writes what is at least as grave as `least` to stderr, a line each, as dockerd does. */
export function stderrLog(least: LogLevel): Log {
  return (level, message) => {
    if (levels.indexOf(level) < levels.indexOf(least)) return;
    const name = level === "warn" ? "warning" : level;
    process.stderr.write(`time="${new Date().toISOString()}" level=${name} msg=${quoted(message)}\n`);
  };
}

/** In quotes, and no terminal takes any of it for a command: what the guest says comes in here. */
export function quoted(text: string): string {
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(text).replace(/[\u007f-\u009f]/g, escaped);
}
