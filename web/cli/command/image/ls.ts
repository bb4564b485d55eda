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
import { filtersParameter } from "../../opts/filters.ts";

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
  run: async (cli, flags) => void (await list(cli, flags)),
};

/** `docker images`, whose argument is often meant as a command of `docker image`. */
export const imagesCommand: Command = {
  ...lsImagesCommand,
  name: "images",
  use: "images [OPTIONS] [REPOSITORY[:TAG]]",
  category: "common",
  run: async (cli, flags) => {
    const count = await list(cli, flags);
    const [name] = flags.args;
    if (count > 0 || name === undefined || !siblings.includes(name)) return;
    const hint = `No images found matching ${JSON.stringify(name)}: did you mean "docker image ${name}"?`;
    await cli.err.line(`\n${hint}`);
  },
};

const siblings = "build history import inspect list load ls prune pull push rm save tag".split(" ");

/** @returns how many images there are */
async function list(cli: Cli, flags: ParsedFlags): Promise<number> {
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
  const rows = images.flatMap((image) => imageRows(image, { needsDigest, showsDigests: digests }));
  await cli.out.write(
    renderListing(imageListing({ truncate: !flags.bool("no-trunc"), now: cli.now() }), rows, {
      format,
      table: digests ? imageTableWithDigest : imageTable,
      raw: digests ? imageRawWithDigest : imageRaw,
      ...(quiet && { quiet: "{{.ID}}" }),
    }),
  );
  return images.length;
}
