import { attachCommand } from "./command/container/attach.ts";
import { commitCommand } from "./command/container/commit.ts";
import { cpCommand } from "./command/container/cp.ts";
import { createCommand } from "./command/container/create.ts";
import { diffCommand } from "./command/container/diff.ts";
import { execCommand } from "./command/container/exec.ts";
import { exportCommand } from "./command/container/export.ts";
import { inspectContainerCommand } from "./command/container/inspect.ts";
import { killCommand } from "./command/container/kill.ts";
import { logsCommand } from "./command/container/logs.ts";
import { lsCommand } from "./command/container/ls.ts";
import { pauseCommand, unpauseCommand } from "./command/container/pause.ts";
import { portCommand } from "./command/container/port.ts";
import { pruneCommand } from "./command/container/prune.ts";
import { renameCommand } from "./command/container/rename.ts";
import { rmCommand } from "./command/container/rm.ts";
import { runCommand } from "./command/container/run.ts";
import { startCommand } from "./command/container/start.ts";
import { statsCommand } from "./command/container/stats.ts";
import { restartCommand, stopCommand } from "./command/container/stop.ts";
import { topCommand } from "./command/container/top.ts";
import { updateCommand } from "./command/container/update.ts";
import { waitCommand } from "./command/container/wait.ts";
import { buildCommand } from "./command/image/build.ts";
import { historyCommand } from "./command/image/history.ts";
import { importCommand } from "./command/image/import.ts";
import { inspectImageCommand } from "./command/image/inspect.ts";
import { loadCommand } from "./command/image/load.ts";
import { imagesCommand, lsImagesCommand } from "./command/image/ls.ts";
import { pruneImagesCommand } from "./command/image/prune.ts";
import { pullCommand } from "./command/image/pull.ts";
import { pushCommand } from "./command/image/push.ts";
import { rmImageCommand } from "./command/image/rm.ts";
import { saveCommand } from "./command/image/save.ts";
import { tagCommand } from "./command/image/tag.ts";
import { connectCommand, disconnectCommand } from "./command/network/connect.ts";
import { createNetworkCommand } from "./command/network/create.ts";
import { inspectNetworkCommand } from "./command/network/inspect.ts";
import { lsNetworksCommand } from "./command/network/ls.ts";
import { pruneNetworksCommand } from "./command/network/prune.ts";
import { rmNetworkCommand } from "./command/network/rm.ts";
import { loginCommand, logoutCommand } from "./command/registry/login.ts";
import { searchCommand } from "./command/registry/search.ts";
import { swarmGroups } from "./command/swarm.ts";
import { dfCommand } from "./command/system/df.ts";
import { eventsCommand } from "./command/system/events.ts";
import { infoCommand } from "./command/system/info.ts";
import { inspectCommand } from "./command/system/inspect.ts";
import { pruneSystemCommand } from "./command/system/prune.ts";
import { versionCommand } from "./command/system/version.ts";
import { unsupportedCommands } from "./command/unsupported.ts";
import { createVolumeCommand } from "./command/volume/create.ts";
import { inspectVolumeCommand } from "./command/volume/inspect.ts";
import { lsVolumesCommand } from "./command/volume/ls.ts";
import { pruneVolumesCommand } from "./command/volume/prune.ts";
import { rmVolumeCommand } from "./command/volume/rm.ts";
import { type Command, renamed } from "./command.ts";
import { configFolder } from "./config-file.ts";
import type { CliContext } from "./context.ts";
import type { Flag } from "./flags/flag.ts";
import { clientVersion } from "./version.ts";

function group(name: string, short: string, subcommands: readonly Command[]): Command {
  return { name, use: name, short, subcommands };
}

const containerCommands: readonly Command[] = [
  attachCommand,
  commitCommand,
  cpCommand,
  createCommand,
  diffCommand,
  execCommand,
  exportCommand,
  killCommand,
  logsCommand,
  pauseCommand,
  portCommand,
  renameCommand,
  restartCommand,
  rmCommand,
  runCommand,
  startCommand,
  statsCommand,
  stopCommand,
  topCommand,
  unpauseCommand,
  updateCommand,
  waitCommand,
];

const imageCommands: readonly Command[] = [
  buildCommand,
  historyCommand,
  importCommand,
  loadCommand,
  pullCommand,
  pushCommand,
  saveCommand,
  tagCommand,
];

const groups: readonly Command[] = [
  group("container", "Manage containers", [...containerCommands, inspectContainerCommand, lsCommand, pruneCommand]),
  group("image", "Manage images", [
    ...imageCommands,
    inspectImageCommand,
    lsImagesCommand,
    pruneImagesCommand,
    rmImageCommand,
  ]),
  group("network", "Manage networks", [
    connectCommand,
    createNetworkCommand,
    disconnectCommand,
    inspectNetworkCommand,
    lsNetworksCommand,
    pruneNetworksCommand,
    rmNetworkCommand,
  ]),
  group("system", "Manage Docker", [dfCommand, eventsCommand, infoCommand, pruneSystemCommand]),
  // Docker's usage line of this group alone says COMMAND.
  {
    ...group("volume", "Manage volumes", [
      createVolumeCommand,
      inspectVolumeCommand,
      lsVolumesCommand,
      pruneVolumesCommand,
      rmVolumeCommand,
    ]),
    use: "volume COMMAND",
  },
  ...unsupportedCommands,
  ...swarmGroups,
];

/** In the order of Docker's list of common commands; the order of the others does not matter. */
const common: readonly Command[] = [
  runCommand,
  execCommand,
  { ...renamed(lsCommand, "ps"), category: "common" },
  buildCommand,
  pullCommand,
  pushCommand,
  imagesCommand,
  loginCommand,
  logoutCommand,
  searchCommand,
  versionCommand,
  infoCommand,
];

function globalFlags(env: CliContext["env"]): readonly Flag[] {
  const config = configFolder(env);
  const certificates = env.DOCKER_CERT_PATH || config;
  return [
    { name: "config", type: "string", usage: "Location of client config files", default: config },
    {
      name: "context",
      short: "c",
      type: "string",
      complete: ["default"],
      usage:
        'Name of the context to use to connect to the daemon (overrides DOCKER_HOST env var and default context set with "docker context use")',
    },
    { name: "debug", short: "D", type: "bool", usage: "Enable debug mode" },
    { name: "host", short: "H", type: "list", usage: "Daemon socket to connect to" },
    {
      name: "log-level",
      short: "l",
      type: "string",
      usage: 'Set the logging level ("debug", "info", "warn", "error", "fatal")',
      default: "info",
      complete: ["debug", "info", "warn", "error", "fatal", "panic"],
    },
    { name: "tls", type: "bool", usage: "Use TLS; implied by --tlsverify" },
    {
      name: "tlscacert",
      type: "string",
      usage: "Trust certs signed only by this CA",
      default: `${certificates}/ca.pem`,
    },
    { name: "tlscert", type: "string", usage: "Path to TLS certificate file", default: `${certificates}/cert.pem` },
    { name: "tlskey", type: "string", usage: "Path to TLS key file", default: `${certificates}/key.pem` },
    { name: "tlsverify", type: "bool", usage: "Use TLS and verify the remote" },
    { name: "version", short: "v", type: "bool", usage: "Print version information and quit" },
  ];
}

/** `docker help`, which is no command like the others: it knows all of them. */
export const helpCommand: Command = {
  name: "help",
  use: "help [command]",
  short: "Help about the command",
};

/**
 * `docker` itself.
 * @param env the caller's environment, which the defaults of some flags come from
 */
export function rootCommand(env: CliContext["env"]): Command {
  return { ...root, flags: globalFlags(env) };
}

const root: Command = {
  name: "docker",
  use: "docker [OPTIONS] COMMAND [ARG...]",
  short: "A self-sufficient runtime for containers",
  subcommands: [
    ...common,
    ...containerCommands.filter((command) => !common.includes(command)),
    ...imageCommands.filter((command) => !common.includes(command)),
    renamed(rmImageCommand, "rmi"),
    eventsCommand,
    inspectCommand,
    ...groups,
  ],
};

/** The answer to `docker --version`. */
export function versionLine(): string {
  return `Docker version ${clientVersion.dockerVersion}, build wherry-${clientVersion.version}`;
}
