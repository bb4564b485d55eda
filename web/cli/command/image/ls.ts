import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { tableFormatFlag } from "../../flags/format-flags.ts";
import type { ParsedFlags } from "../../flags/parse.ts";
import {
  type ImageSummary,
  imageListing,
  imageRaw,
  imageRawWithDigest,
  imageRows,
  imageTable,
  imageTableWithDigest,
} from "../../formatter/image.ts";
import { renderListing } from "../../formatter/listing.ts";
import { filtersParameter } from "../../opts/timestamp.ts";

export const lsImagesCommand: Command = {
  name: "ls",
  use: "ls [OPTIONS] [REPOSITORY[:TAG]]",
  short: "List images",
  aliases: ["docker image ls", "docker image list", "docker images"],
  flags: [
    { name: "all", short: "a", type: "bool", usage: "Show all images (default hides intermediate images)" },
    { name: "digests", type: "bool", usage: "Show digests" },
    { name: "filter", short: "f", type: "filter", usage: "Filter output based on conditions provided" },
    tableFormatFlag,
    { name: "no-trunc", type: "bool", usage: "Don't truncate output" },
    { name: "quiet", short: "q", type: "bool", usage: "Only show image IDs" },
    { name: "tree", type: "bool", usage: "List multi-platform images as a tree (EXPERIMENTAL)" },
  ],
  args: { max: 1 },
  complete: { kind: "images", max: 1, rest: "files" },
  run: (cli, flags) => runLs(cli, flags, false),
};

/** `docker images`, whose argument is often meant as a command of `docker image`. */
export const imagesCommand: Command = {
  ...lsImagesCommand,
  name: "images",
  use: "images [OPTIONS] [REPOSITORY[:TAG]]",
  category: "common",
  run: (cli, flags) => runLs(cli, flags, true),
};

const siblings = "build history import inspect list load ls prune pull push rm save tag".split(" ");

async function runLs(cli: Cli, flags: ParsedFlags, hints: boolean): Promise<void> {
  if (flags.bool("tree")) throw new CliError("docker images --tree is not implemented yet");
  const [name] = flags.args;
  const quiet = flags.bool("quiet");
  const digests = flags.bool("digests");
  const filters = [...flags.list("filter"), ...(name === undefined ? [] : [`reference=${name}`])];
  const images = await cli.api.json<ImageSummary[]>("GET", "/images/json", {
    query: { all: flags.bool("all") || undefined, filters: filtersParameter(filters) },
  });
  const given = flags.string("format") || (quiet ? "" : await cli.config.format("imagesFormat"));
  const isOwnTable = given.startsWith("table") && given !== "table";
  const format = isOwnTable && digests && !given.includes("{{.Digest}}") ? `${given}\t{{.Digest}}` : given;
  const needsDigest = digests || format.includes("{{.Digest}}");
  const rows = images.flatMap((image) => imageRows(image, needsDigest, digests));
  await cli.out.write(
    renderListing(imageListing(!flags.bool("no-trunc"), cli.now()), rows, {
      format,
      table: digests ? imageTableWithDigest : imageTable,
      raw: digests ? imageRawWithDigest : imageRaw,
      ...(quiet && { quiet: "{{.ID}}" }),
    }),
  );
  if (hints && name !== undefined && images.length === 0 && siblings.includes(name)) {
    const hint = `No images found matching ${JSON.stringify(name)}: did you mean "docker image ${name}"?`;
    await cli.err.line(`\n${hint}`);
  }
}
