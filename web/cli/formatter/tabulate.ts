import { displayWidth } from "./display-width.ts";

export interface TableLayout {
  readonly minWidth: number;
  readonly padding: number;
}

/** Docker's listings. */
export const tableLayout: TableLayout = { minWidth: 10, padding: 3 };

/**
 * Aligns tab-separated cells as Go's text/tabwriter does: a column is as wide as its widest cell in consecutive lines; the
 * text after a line's last tab belongs to no column.
 */
export function tabulate(text: string, layout: TableLayout): string {
  const lines = text.split("\n").map((line) => line.split("\t"));
  return formatBlock(lines, [], layout).join("\n");
}

/** Lines whose first columns have these widths. */
function formatBlock(
  lines: readonly (readonly string[])[],
  widths: readonly number[],
  layout: TableLayout,
): readonly string[] {
  const column = widths.length;
  const hasCell = (index: number) => column < (lines[index]?.length ?? 0) - 1;
  const out: string[] = [];
  for (let index = 0; index < lines.length; ) {
    if (!hasCell(index)) {
      out.push(renderLine(lines[index] ?? [], widths));
      index += 1;
      continue;
    }
    let width = layout.minWidth;
    let end = index;
    for (; hasCell(end); end++) {
      width = Math.max(width, displayWidth(lines[end]?.[column] ?? "") + layout.padding);
    }
    for (const line of formatBlock(lines.slice(index, end), [...widths, width], layout)) out.push(line);
    index = end;
  }
  return out;
}

function renderLine(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => {
      const width = column < cells.length - 1 ? widths[column] : undefined;
      return width === undefined ? cell : cell + " ".repeat(Math.max(0, width - displayWidth(cell)));
    })
    .join("");
}
