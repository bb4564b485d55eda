import { memorySwapBytes, parseDecimal, ramInBytes } from "../../../../worker/internal/units/size.ts";
import type { Cli } from "../../cli.ts";
import { apiPath } from "../../client.ts";
import type { Command } from "../../command.ts";
import { CliError, messageOf } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { resourceFlags } from "../../flags/resource-flags.ts";
import { checkMemorySwap } from "../../opts/checks.ts";
import { restartPolicies } from "../../opts/names.ts";
import { restartPolicy } from "./host-config.ts";

export const updateCommand: Command = {
  name: "update",
  use: "update [OPTIONS] CONTAINER [CONTAINER...]",
  short: "Update configuration of one or more containers",
  aliases: ["docker container update", "docker update"],
  flags: [
    ...resourceFlags,
    { name: "cpu-rt-period", type: "int", usage: "Limit the CPU real-time period in microseconds" },
    { name: "cpu-rt-runtime", type: "int", usage: "Limit the CPU real-time runtime in microseconds" },
    {
      name: "kernel-memory",
      type: "bytes",
      usage: "Kernel memory limit (deprecated)",
      hidden: true,
    },
    {
      name: "memory-swap",
      type: "bytes",
      usage: "Swap limit equal to memory plus swap: -1 to enable unlimited swap",
      check: checkMemorySwap,
    },
    {
      name: "restart",
      type: "string",
      usage: "Restart policy to apply when a container exits",
      complete: restartPolicies,
    },
  ],
  args: { min: 1 },
  complete: { kind: "containers" },
  run: runUpdate,
};

async function runUpdate(cli: Cli, flags: ParsedFlags): Promise<void> {
  const given = (updateCommand.flags ?? []).some((flag) => flags.changed(flag.name));
  if (!given) throw new CliError("you must provide one or more flags when using this command");
  const body = updateBody(flags);
  const warnings: string[] = [];
  const errors: string[] = [];
  for (const name of flags.args) {
    try {
      const path = `/containers${apiPath(name, "update")}`;
      const answer = await cli.api.json<{ Warnings: string[] | null }>("POST", path, { json: body });
      await cli.out.line(name);
      warnings.push(...(answer.Warnings ?? []));
    } catch (error) {
      errors.push(messageOf(error));
    }
  }
  if (warnings.length > 0) await cli.out.line(warnings.join("\n"));
  if (errors.length > 0) throw new CliError(errors.join("\n"));
}

function updateBody(flags: ParsedFlags): Record<string, unknown> {
  const bytes = (name: string) => (flags.changed(name) ? ramInBytes(flags.string(name)) : 0);
  return {
    BlkioWeight: flags.int("blkio-weight"),
    CpusetCpus: flags.string("cpuset-cpus"),
    CpusetMems: flags.string("cpuset-mems"),
    CpuShares: flags.int("cpu-shares"),
    Memory: bytes("memory"),
    KernelMemory: bytes("kernel-memory"),
    MemoryReservation: bytes("memory-reservation"),
    MemorySwap: flags.changed("memory-swap") ? memorySwapBytes(flags.string("memory-swap")) : 0,
    CpuPeriod: flags.int("cpu-period"),
    CpuQuota: flags.int("cpu-quota"),
    CpuRealtimePeriod: flags.int("cpu-rt-period"),
    CpuRealtimeRuntime: flags.int("cpu-rt-runtime"),
    NanoCpus: flags.changed("cpus") ? parseDecimal(flags.string("cpus")) : 0,
    RestartPolicy: restartPolicy(flags.string("restart")),
    ...(flags.int("pids-limit") !== 0 && { PidsLimit: flags.int("pids-limit") }),
  };
}
