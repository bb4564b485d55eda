import type { Command } from "../command.ts";
import { CliError } from "../errors.ts";
import { placeholders } from "./placeholders.ts";

/** A group of Docker's whose commands answer that they are not there yet. */
function group(name: string, short: string, verbs: readonly string[], more: Partial<Command> = {}): Command {
  const answer = async (_: unknown, verb: string) => {
    throw new CliError(`docker ${name} ${verb} is not implemented`);
  };
  return placeholders({ name, short, verbs, answer, ...more });
}

/** Checkpoints exist in an engine with experimental features only, which this one never is. */
function checkpointGroup(): Command {
  const refuse = async (name: string) => {
    throw new CliError(`docker ${name} is only supported on a Docker daemon with experimental features enabled`);
  };
  return placeholders({
    name: "checkpoint",
    short: "Manage checkpoints",
    hidden: true,
    run: () => refuse("checkpoint"),
    verbs: [
      "create Create a checkpoint from a running container",
      "ls List checkpoints for a container",
      "rm Remove a checkpoint",
    ],
    answer: (_, verb) => refuse(`checkpoint ${verb}`),
  });
}

/** A plugin that people expect beside Docker's command. */
function plugin(name: string, short: string): Command {
  const run = async () => {
    throw new CliError(`docker ${name} is not implemented yet`);
  };
  return { name, use: `${name} [OPTIONS] COMMAND`, short, hidden: true, anyWords: true, run };
}

/** What is listed for completeness: parts of Docker that Wherry does not have. */
export const unsupportedCommands: readonly Command[] = [
  group("builder", "Manage builds", ["build Build an image from a Dockerfile", "prune Remove build cache"]),
  group("context", "Manage contexts", [
    "create Create a context",
    "export Export a context to a tar archive FILE or a tar stream on STDOUT.",
    "import Import a context from a tar or zip file",
    "inspect Display detailed information on one or more contexts",
    "ls List contexts",
    "rm Remove one or more contexts",
    "show Print the name of the current context",
    "update Update a context",
    "use Set the current docker context",
  ]),
  group("manifest", "Manage Docker image manifests and manifest lists", [
    "annotate Add additional information to a local image manifest",
    "create Create a local manifest list for annotating and pushing to a registry",
    "inspect Display an image manifest, or manifest list",
    "push Push a manifest list to a repository",
    "rm Delete one or more manifest lists from local storage",
  ]),
  group("plugin", "Manage plugins", [
    "create Create a plugin from a rootfs and configuration. Plugin data directory must contain config.json and rootfs directory.",
    "disable Disable a plugin",
    "enable Enable a plugin",
    "inspect Display detailed information on one or more plugins",
    "install Install a plugin",
    "ls List plugins",
    "push Push a plugin to a registry",
    "rm Remove one or more plugins",
    "set Change settings for a plugin",
    "upgrade Upgrade an existing plugin",
  ]),
  group("swarm", "Manage Swarm", ["init Initialize a swarm", "join Join a swarm as a node and/or manager"], {
    category: "swarm",
  }),
  checkpointGroup(),
  group("trust", "Manage trust on Docker images", [
    "inspect Return low-level information about keys and signatures",
    "revoke Remove trust for an image",
    "sign Sign an image",
  ]),
  plugin("buildx", "Docker Buildx"),
  plugin("compose", "Docker Compose"),
];
