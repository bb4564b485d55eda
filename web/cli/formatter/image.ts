import { humanDuration } from "../../../worker/internal/units/duration.ts";
import { humanSize } from "../../../worker/internal/units/size.ts";
import { familiarName, parseNormalizedNamed } from "../../../worker/reference/reference.ts";
import type { Field, Listing, ListingOptions } from "./listing.ts";
import { goTime, truncateId } from "./text.ts";

/** An item of GET /images/json. Sizes and counts that are not known are -1. */
export interface ImageSummary {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly Size: number;
  readonly SharedSize: number;
  readonly Containers: number;
}

/** A row of `docker images`: an image under one of its names. */
export interface ImageRow {
  readonly image: ImageSummary;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

const created = "{{if .CreatedSince }}{{.CreatedSince}}{{else}}N/A{{end}}";
export const imageTable = `{{.Repository}}\t{{.Tag}}\t{{.ID}}\t${created}\t{{.Size}}`;
export const imageTableWithDigest = `{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t${created}\t{{.Size}}`;
export const imageRaw =
  "repository: {{ .Repository }}\ntag: {{.Tag}}\nimage_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n";
export const imageRawWithDigest = imageRaw.replace("image_id:", "digest: {{.Digest}}\nimage_id:");

const none = "<none>";

function isDangling({ RepoTags, RepoDigests }: ImageSummary): boolean {
  const [tags, digests] = [RepoTags ?? [], RepoDigests ?? []];
  if (tags.length === 0 && digests.length === 0) return true;
  return tags.join() === "<none>:<none>" && digests.join() === "<none>@<none>";
}

interface RowOptions {
  /** A row for each digest of a tag. */
  readonly needsDigest?: boolean;
  /** A row for each digest without a tag, instead of one for all. */
  readonly showsDigests?: boolean;
}

/** One row for each name of the image. */
export function imageRows(image: ImageSummary, { needsDigest, showsDigests }: RowOptions = {}): ImageRow[] {
  const row = (repository: string, tag: string, digest: string) => ({ image, repository, tag, digest });
  if (isDangling(image)) return [row(none, none, none)];
  const tags = byRepository(image.RepoTags, "tag");
  const digests = byRepository(image.RepoDigests, "digest");
  const rows: ImageRow[] = [];
  for (const [repository, names] of tags) {
    const own = needsDigest ? (digests.get(repository) ?? []) : [];
    digests.delete(repository);
    for (const tag of names)
      rows.push(...(own.length > 0 ? own : [none]).map((digest) => row(repository, tag, digest)));
  }
  for (const [repository, found] of digests) {
    if (showsDigests) rows.push(...found.map((digest) => row(repository, none, digest)));
    else rows.push(row(repository, none, ""));
  }
  return rows;
}

function byRepository(references: readonly string[] | null, part: "tag" | "digest"): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const text of references ?? []) {
    try {
      const reference = parseNormalizedNamed(text);
      const value = reference[part];
      const name = familiarName(reference);
      if (value !== undefined) found.set(name, [...(found.get(name) ?? []), value]);
    } catch {
      // A name that cannot be read has no row.
    }
  }
  return found;
}

export function imageListing({ truncate, now }: ListingOptions): Listing<ImageRow> {
  const field = (header: string, value: (row: ImageRow) => string): Field<ImageRow> => ({ header, value });
  const known = (size: number) => (size === -1 ? "N/A" : humanSize(size));
  return {
    typeName: "*formatter.imageContext",
    fields: {
      ID: field("IMAGE ID", ({ image }) => (truncate ? truncateId(image.Id) : image.Id)),
      Repository: field("REPOSITORY", ({ repository }) => repository),
      Tag: field("TAG", ({ tag }) => tag),
      Digest: field("DIGEST", ({ digest }) => digest),
      CreatedSince: field("CREATED", ({ image }) => `${humanDuration(now - image.Created * 1000)} ago`),
      CreatedAt: field("CREATED AT", ({ image }) => goTime(image.Created * 1000)),
      Size: field("SIZE", ({ image }) => humanSize(image.Size, 3)),
      Containers: field("CONTAINERS", ({ image }) => (image.Containers === -1 ? "N/A" : String(image.Containers))),
      VirtualSize: field("SIZE", ({ image }) => humanSize(image.Size)),
      SharedSize: field("SHARED SIZE", ({ image }) => known(image.SharedSize)),
      UniqueSize: field("UNIQUE SIZE", ({ image: { Size, SharedSize } }) =>
        Size === -1 || SharedSize === -1 ? "N/A" : humanSize(Size - SharedSize),
      ),
    },
  };
}
