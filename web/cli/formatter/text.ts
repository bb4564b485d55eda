/** The short form of an ID: twelve characters, without the algorithm. */
export function truncateId(id: string): string {
  return (id.includes(":") ? (id.split(":")[1] ?? "") : id).slice(0, 12);
}

/** Orders text with numbers in it by their value, as Docker sorts names. */
export function naturalOrder(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.match(/\d+|\D/g) ?? []);
  for (const [index, part] of (left ?? []).entries()) {
    const other = right?.[index];
    if (other === undefined) return 1;
    if (part === other) continue;
    if (/^\d/.test(part) && /^\d/.test(other) && Number(part) !== Number(other)) return Number(part) - Number(other);
    return part < other ? -1 : 1;
  }
  return (left?.length ?? 0) - (right?.length ?? 0);
}

/** `k=v` pairs joined with commas, by name. */
export function labelList(labels: Readonly<Record<string, string>> | null | undefined): string {
  return Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(",");
}

/** Go's time.Time.String in UTC: `2026-11-21 05:52:29 +0000 UTC`. */
export function goTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`;
}

/** The same for a time that the API gives as text, whose fraction of a second is kept. */
export function goTimeOf(rfc3339: string): string {
  const match = /^(\d+-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(rfc3339);
  if (!match) return rfc3339;
  const [, date = "", time = "", fraction = "", zone = "Z"] = match;
  const trimmed = fraction.replace(/0+$/, "").replace(/^\.$/, "");
  if (zone === "Z") return `${date} ${time}${trimmed} +0000 UTC`;
  return `${date} ${time}${trimmed} ${zone.replace(":", "")} ${zone.replace(":", "")}`;
}
