/** The `filters` parameter of a `--filter` flag: JSON of each name's values, or nothing. */
export function filtersParameter(values: readonly string[]): string | undefined {
  const filters: Record<string, Record<string, boolean>> = {};
  for (const value of values) {
    const equals = value.indexOf("=");
    if (equals < 0) continue;
    const name = value.slice(0, equals).toLowerCase().trim();
    filters[name] = { ...filters[name], [value.slice(equals + 1).trim()]: true };
  }
  return Object.keys(filters).length > 0 ? JSON.stringify(filters) : undefined;
}
