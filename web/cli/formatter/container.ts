import { humanDuration } from "../../../worker/internal/units/duration.ts";
import { humanSize } from "../../../worker/internal/units/size.ts";
import { familiarName, parseNormalizedNamed } from "../../../worker/reference/reference.ts";
import { isImageId } from "../opts/image-id.ts";
import { ellipsis } from "./display-width.ts";
import type { Field, Listing, ListingOptions } from "./listing.ts";
import { displayablePorts, type Port } from "./ports.ts";
import { goTime, labelList, truncateId } from "./text.ts";

/** An item of GET /containers/json. */
export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  readonly Command: string;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly Ports?: readonly Port[] | null;
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly State: string;
  readonly Status: string;
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, unknown>> | null } | null;
  readonly Mounts?: readonly { readonly Name?: string; readonly Source?: string; readonly Driver?: string }[] | null;
}

export function containerNames({ Names }: ContainerSummary): string[] {
  return Names.map((name) => name.replace(/^\//, ""));
}

export const containerTable = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";

export const containerRaw = `container_id: {{.ID}}
image: {{.Image}}
command: {{.Command}}
created_at: {{.CreatedAt}}
state: {{- pad .State 1 0}}
status: {{- pad .Status 1 0}}
names: {{.Names}}
labels: {{- pad .Labels 1 0}}
ports: {{- pad .Ports 1 0}}
`;

function field(header: string, value: (row: ContainerSummary) => string): Field<ContainerSummary> {
  return { header, value };
}

/** The rows of `docker ps`. */
export function containerListing({ truncate, now }: ListingOptions): Listing<ContainerSummary> {
  const shortened = (text: string, width: number) => (truncate ? ellipsis(text, width) : text);
  return {
    typeName: "*formatter.ContainerContext",
    fields: {
      ID: field("CONTAINER ID", ({ Id }) => (truncate ? truncateId(Id) : Id)),
      Names: field("NAMES", ({ Names }) => names(Names, truncate)),
      Image: field("IMAGE", (row) => imageName(row, truncate)),
      Command: field("COMMAND", ({ Command }) => JSON.stringify(shortened(Command, 20))),
      CreatedAt: field("CREATED AT", ({ Created }) => goTime(Created * 1000)),
      RunningFor: field("CREATED", ({ Created }) => `${humanDuration(now - Created * 1000)} ago`),
      Platform: { header: "PLATFORM", value: () => null },
      Ports: field("PORTS", ({ Ports }) => displayablePorts(Ports ?? [])),
      State: field("STATE", ({ State }) => State),
      Status: field("STATUS", ({ Status }) => Status),
      Size: field("SIZE", size),
      Labels: field("LABELS", ({ Labels }) => labelList(Labels)),
      Label: { method: ({ Labels }, name) => Labels?.[name] ?? "" },
      Mounts: field("MOUNTS", ({ Mounts }) =>
        (Mounts ?? []).map((mount) => shortened(mount.Name || (mount.Source ?? ""), 15)).join(","),
      ),
      LocalVolumes: field("LOCAL VOLUMES", ({ Mounts }) =>
        String((Mounts ?? []).filter((mount) => mount.Driver === "local").length),
      ),
      Networks: field("NETWORKS", ({ NetworkSettings }) => Object.keys(NetworkSettings?.Networks ?? {}).join(",")),
    },
  };
}

/** Links show as `/other/alias`; they are left out of the short form. */
function names(all: readonly string[], truncate: boolean): string {
  const bare = all.map((name) => name.replace(/^\//, ""));
  const own = truncate ? bare.filter((name) => !name.includes("/")) : bare;
  return (own.length > 0 ? own : bare.slice(0, 1)).join(",");
}

function imageName({ Image, ImageID }: ContainerSummary, truncate: boolean): string {
  if (Image === "") return "<no image>";
  if (!truncate) return Image;
  if (truncateId(ImageID) === truncateId(Image)) return truncateId(Image);
  if (!Image.includes("@") || isImageId(Image)) return Image;
  try {
    const reference = parseNormalizedNamed(Image);
    return familiarName(reference) + (reference.tag === undefined ? "" : `:${reference.tag}`);
  } catch {
    return Image;
  }
}

function size({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  const own = humanSize(SizeRw, 3);
  return SizeRootFs > 0 ? `${own} (virtual ${humanSize(SizeRootFs, 3)})` : own;
}
