import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { targetPlatformFlag } from "../../flags/platform-flag.ts";

export const buildCommand: Command = {
  name: "build",
  use: "build [OPTIONS] PATH | URL | -",
  short: "Build an image from a Dockerfile",
  aliases: ["docker image build", "docker build", "docker builder build"],
  flags: [
    { name: "add-host", type: "list", usage: 'Add a custom host-to-IP mapping ("host:ip")' },
    { name: "build-arg", type: "list", usage: "Set build-time variables" },
    { name: "cache-from", type: "strings", usage: "Images to consider as cache sources" },
    { name: "cgroup-parent", type: "string", usage: 'Set the parent cgroup for the "RUN" instructions during build' },
    { name: "compress", type: "bool", usage: "Compress the build context using gzip" },
    { name: "cpu-period", type: "int", usage: "Limit the CPU CFS (Completely Fair Scheduler) period" },
    { name: "cpu-quota", type: "int", usage: "Limit the CPU CFS (Completely Fair Scheduler) quota" },
    { name: "cpu-shares", short: "c", type: "int", usage: "CPU shares (relative weight)" },
    { name: "cpuset-cpus", type: "string", usage: "CPUs in which to allow execution (0-3, 0,1)" },
    { name: "cpuset-mems", type: "string", usage: "MEMs in which to allow execution (0-3, 0,1)" },
    { name: "disable-content-trust", type: "bool", usage: "Skip image verification", default: "true" },
    { name: "file", short: "f", type: "string", usage: 'Name of the Dockerfile (Default is "PATH/Dockerfile")' },
    { name: "force-rm", type: "bool", usage: "Always remove intermediate containers" },
    { name: "iidfile", type: "string", usage: "Write the image ID to the file" },
    { name: "isolation", type: "string", usage: "Container isolation technology" },
    { name: "label", type: "list", usage: "Set metadata for an image" },
    { name: "memory", short: "m", type: "bytes", usage: "Memory limit" },
    { name: "memory-swap", type: "bytes", usage: "Swap limit equal to memory plus swap: -1 to enable unlimited swap" },
    {
      name: "network",
      type: "string",
      usage: "Set the networking mode for the RUN instructions during build",
      default: "default",
    },
    { name: "no-cache", type: "bool", usage: "Do not use cache when building the image" },
    targetPlatformFlag,
    { name: "pull", type: "bool", usage: "Always attempt to pull a newer version of the image" },
    { name: "quiet", short: "q", type: "bool", usage: "Suppress the build output and print image ID on success" },
    { name: "rm", type: "bool", usage: "Remove intermediate containers after a successful build", default: "true" },
    { name: "security-opt", type: "strings", usage: "Security options" },
    { name: "shm-size", type: "bytes", usage: 'Size of "/dev/shm"' },
    { name: "tag", short: "t", type: "list", usage: 'Name and optionally a tag in the "name:tag" format' },
    { name: "target", type: "string", usage: "Set the target build stage to build." },
    { name: "ulimit", type: "ulimit", usage: "Ulimit options", default: "[]" },
  ],
  category: "common",
  args: { min: 1, max: 1 },
  complete: { kind: "folders" },
  run: runBuild,
};

async function runBuild(_cli: Cli): Promise<void> {
  throw new CliError("ERROR: docker build is not implemented yet");
}
