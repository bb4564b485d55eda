/** What `-v` says, as far as the client looks at it; the engine reads the rest. */
interface VolumeSpec {
  /** A host path or a volume's name; empty for an anonymous volume. */
  readonly source: string;
  readonly target: string;
  readonly isBind: boolean;
}

/**
 * Reads `[SOURCE:]TARGET[:OPTIONS]`.
 * @throws Error with Docker's message
 */
function parseVolume(spec: string): VolumeSpec {
  if (spec === "") throw new Error("invalid empty volume spec");
  if (spec.length <= 2) return { source: "", target: spec, isBind: false };
  const sections = splitSections(spec);
  if (sections.includes("")) throw new Error(`invalid spec: ${spec}: empty section between colons`);
  if (sections.length > 3) throw new Error(`invalid spec: ${spec}: too many colons`);
  if (sections.length === 1) return { source: "", target: spec, isBind: false };
  const [source = "", target = ""] = sections;
  return { source, target, isBind: /^[./~]/.test(source) };
}

/** The binds and the anonymous volumes among the values of `-v`; relative host paths are made absolute. */
export function splitVolumes(
  values: readonly string[],
  resolve: (path: string) => string,
): { binds: string[]; anonymous: Record<string, object> } {
  const binds: string[] = [];
  const anonymous: Record<string, object> = {};
  for (const value of new Set(values)) {
    const spec = parseVolume(value);
    if (spec.source === "") anonymous[value] = {};
    else if (spec.isBind && spec.source.startsWith("."))
      binds.push(resolve(spec.source) + value.slice(spec.source.length));
    else binds.push(value);
  }
  return { binds, anonymous };
}

/** A letter before a colon could be a drive of Windows, so it does not end a section. */
function splitSections(spec: string): string[] {
  const sections: string[] = [""];
  for (const char of spec) {
    const current = sections.at(-1) ?? "";
    if (char === ":" && !/^[a-zA-Z]$/.test(current)) sections.push("");
    else sections[sections.length - 1] = current + char;
  }
  return sections;
}
