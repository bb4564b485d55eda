import { regardless } from "../../../../worker/internal/failures.ts";
import { familiarString, parseNormalizedNamed, tagNameOnly } from "../../../../worker/reference/reference.ts";
import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError, isNotFound, messageOf } from "../../errors.ts";
import { fileErrorText } from "../../file-error.ts";
import { containerFlags } from "../../flags/container-flags.ts";
import type { Flag } from "../../flags/flag.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import { isImageId } from "../../opts/image-id.ts";
import { parsePlatform, platformName } from "../../opts/platform.ts";
import { refuseContentTrust } from "../image/content-trust.ts";
import { pullImage, wantedPlatform } from "../image/pull-image.ts";
import { type CreateBody, createBody, localWarnings } from "./create-config.ts";

/** The flags that only `create` has. */
const createFlags: readonly Flag[] = [
  {
    name: "pull",
    type: "string",
    usage: 'Pull image before creating ("always", "|missing", "never")',
    default: "missing",
    complete: ["always", "missing", "never"],
  },
];

export const createCommand: Command = {
  name: "create",
  use: "create [OPTIONS] IMAGE [COMMAND] [ARG...]",
  short: "Create a new container",
  aliases: ["docker container create", "docker create"],
  flags: [...createFlags, ...containerFlags],
  args: { min: 1 },
  interspersed: false,
  complete: { kind: "images" },
  run: runCreate,
};

async function runCreate(cli: Cli, flags: ParsedFlags): Promise<void> {
  const body = await configured(cli, flags, "create");
  await cli.out.line(await createContainer(cli, flags, body));
}

/** Decorates what went wrong with the way to the help of `run` or `create`. */
export function withHelp(message: string, command: string): string {
  return `docker: ${message}\n\nRun 'docker ${command} --help' for more information`;
}

/**
 * The request that the command line asks for.
 * @throws CliError (125) with the pointer to the help
 */
export async function configured(cli: Cli, flags: ParsedFlags, command: string): Promise<CreateBody> {
  try {
    const pull = flags.string("pull");
    if (!["", "always", "missing", "never"].includes(pull)) {
      throw new Error(`invalid pull option: '${pull}': must be one of "always", "missing" or "never"`);
    }
    refuseContentTrust(cli, flags);
    if (flags.bool("use-api-socket")) throw new Error("--use-api-socket is not implemented");
    return await createBody(cli, flags);
  } catch (error) {
    throw new CliError(withHelp(messageOf(error), command), 125, { cause: error });
  }
}

/**
 * Creates the container, pulling its image first where that is asked for or needed; prints the engine's warnings.
 * @returns the container's ID
 */
export async function createContainer(cli: Cli, flags: ParsedFlags, body: CreateBody): Promise<string> {
  const cidfile = await reserveCidfile(cli, flags.string("cidfile"));
  let id: string | undefined;
  try {
    const created = await createWithImage(cli, flags, body);
    id = created.Id;
    for (const warning of [...(created.Warnings ?? []), ...localWarnings(flags)]) {
      await cli.err.line(`WARNING: ${warning}`);
    }
    return id;
  } finally {
    await cidfile?.settle(id);
  }
}

interface CreateAnswer {
  readonly Id: string;
  readonly Warnings: readonly string[] | null;
}

async function createWithImage(cli: Cli, flags: ParsedFlags, body: CreateBody): Promise<CreateAnswer> {
  const reference = isImageId(body.Image) ? undefined : tagNameOnly(parseNormalizedNamed(body.Image));
  const platform = containerPlatform(cli, flags);
  const create = () =>
    cli.api.json<CreateAnswer>("POST", "/containers/create", {
      query: { name: flags.string("name") || undefined, platform },
      json: body,
    });
  const pull = flags.string("pull");
  if (pull === "always" && reference) await pullImage(cli, reference, flags, cli.err);
  try {
    return await create();
  } catch (error) {
    if (!isNotFound(error) || !reference || (pull !== "missing" && pull !== "")) throw error;
    if (!flags.bool("quiet")) await cli.err.line(`Unable to find image '${familiarString(reference)}' locally`);
    await pullImage(cli, reference, flags, cli.err);
    return await create();
  }
}

function containerPlatform(cli: Cli, flags: ParsedFlags): string | undefined {
  const wanted = wantedPlatform(cli, flags);
  if (wanted === "") return undefined;
  try {
    return platformName(parsePlatform(wanted));
  } catch (error) {
    throw new Error(`error parsing specified platform: ${messageOf(error)}`, { cause: error });
  }
}

interface Cidfile {
  /** Writes the ID, or takes the file away when there is none. */
  settle(id: string | undefined): Promise<void>;
}

async function reserveCidfile(cli: Cli, path: string): Promise<Cidfile | undefined> {
  if (path === "") return undefined;
  const { files } = cli.context;
  const absolute = cli.resolvePath(path);
  const exists = await files.stat(absolute).then(
    () => true,
    () => false,
  );
  if (exists) {
    throw new Error(`container ID file found, make sure the other container isn't running or delete ${path}`);
  }
  const write = (text: string) =>
    files.write(absolute, new TextEncoder().encode(text), 0o666).catch((error: unknown) => {
      throw new Error(`failed to create the container ID file: open ${path}: ${fileErrorText(error)}`);
    });
  await write("");
  return {
    settle: async (id) => {
      if (id === undefined) await regardless(files.remove(absolute));
      else await write(id);
    },
  };
}
