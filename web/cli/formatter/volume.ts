import { humanSize } from "../../../worker/internal/units/size.ts";
import type { Field, Listing } from "./listing.ts";
import { labelList } from "./text.ts";

/** A volume as GET /volumes lists it; UsageData comes with GET /system/df. */
export interface Volume {
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly Mountpoint: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly UsageData?: { readonly Size: number; readonly RefCount: number } | null;
}

export const volumeTable = "{{.Driver}}\t{{.Name}}";
export const volumeRaw = "name: {{.Name}}\ndriver: {{.Driver}}\n";

function field(header: string, value: (row: Volume) => string): Field<Volume> {
  return { header, value };
}

/** Cluster volumes, which have the fields that are always N/A, are Swarm's. */
export const volumeListing: Listing<Volume> = {
  typeName: "*formatter.volumeContext",
  fields: {
    Name: field("VOLUME NAME", ({ Name }) => Name),
    Driver: field("DRIVER", ({ Driver }) => Driver),
    Scope: field("SCOPE", ({ Scope }) => Scope),
    Mountpoint: field("MOUNTPOINT", ({ Mountpoint }) => Mountpoint),
    Labels: field("LABELS", ({ Labels }) => labelList(Labels)),
    Label: { method: ({ Labels }, name) => Labels?.[name] ?? "" },
    Links: field("LINKS", ({ UsageData }) => (UsageData ? String(UsageData.RefCount) : "N/A")),
    Size: field("SIZE", ({ UsageData }) => (UsageData && UsageData.Size !== -1 ? humanSize(UsageData.Size) : "N/A")),
    Group: field("GROUP", () => "N/A"),
    Availability: field("AVAILABILITY", () => "N/A"),
    Status: field("STATUS", () => "N/A"),
  },
};
