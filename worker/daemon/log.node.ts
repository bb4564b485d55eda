import type { Log, LogLevel } from "../daemon.ts";

const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Writes what is at least as grave as `least` to stderr, a line each, as dockerd does. */
export function stderrLog(least: LogLevel): Log {
  return (level, message) => {
    if (levels.indexOf(level) < levels.indexOf(least)) return;
    const name = level === "warn" ? "warning" : level;
    process.stderr.write(`time="${new Date().toISOString()}" level=${name} msg=${JSON.stringify(message)}\n`);
  };
}
