import type { Sample } from "./sample.ts";

/** One line of the table. `limit` is the ratio or the figure that the row is held to. */
export interface Row {
  readonly name: string;
  readonly wherry: Sample | number;
  readonly unit: string;
  /** The same on the engine that was named with --against. */
  readonly against?: Sample | number;
  readonly limit?: string;
}

export function printTable(rows: readonly Row[]): void {
  const header = ["", "Wherry", "spread", "against", "spread", "ratio", "limit"];
  const lines = [header, ...rows.map(cells)];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  for (const line of lines) {
    console.log(
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  "),
    );
  }
}

function cells(row: Row): string[] {
  const ratio = row.against === undefined ? "" : `${(middle(row.wherry) / middle(row.against)).toFixed(2)}x`;
  return [
    row.name,
    `${round(middle(row.wherry))} ${row.unit}`,
    spread(row.wherry),
    row.against === undefined ? "" : `${round(middle(row.against))} ${row.unit}`,
    row.against === undefined ? "" : spread(row.against),
    ratio,
    row.limit ?? "",
  ];
}

function middle(figure: Sample | number): number {
  return typeof figure === "number" ? figure : figure.median;
}

function spread(figure: Sample | number): string {
  return typeof figure === "number" ? "" : `${round(figure.min)}..${round(figure.max)}`;
}

function round(figure: number): string {
  return figure >= 100 ? figure.toFixed(0) : figure.toFixed(figure >= 10 ? 1 : 2);
}
