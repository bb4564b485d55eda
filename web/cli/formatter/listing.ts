import { CliError, messageOf } from "../errors.ts";
import { tableLayout, tabulate } from "./tabulate.ts";
import { RowStruct } from "./template/functions.ts";
import { Template } from "./template/template.ts";
import { GoFunction, Struct, type Value } from "./template/values.ts";

/** One field that a listing's template may name. */
export interface Field<T> {
  /** The column's title; a field without one is no column. */
  readonly header?: string;
  /** Its value. */
  readonly value?: (row: T) => Value;
  /** Called with a name: `{{.Label "name"}}`. Such a field does not show in JSON. */
  readonly method?: (row: T, name: string) => Value;
}

/** What `--format` works on for one kind of object. */
export interface Listing<T> {
  /** As Docker's messages name the row's type. */
  readonly typeName: string;
  readonly fields: Readonly<Record<string, Field<T>>>;
}

/** What the fields of a listing depend on besides their row. */
export interface ListingOptions {
  /** Short IDs and commands. */
  readonly truncate: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The text that `--format` stands for. */
export interface FormatChoice {
  /** The value of `--format`; empty for the default. */
  readonly format: string;
  /** The template of the default table, without the word `table`. */
  readonly table: string;
  /** With `--quiet`, in place of the default table. */
  readonly quiet?: string | undefined;
  /** What `--format raw` stands for. */
  readonly raw?: string;
}

/**
 * Renders rows with a format: `table` with or without a template of its own, `json`, or a template for each row.
 * @throws CliError with Docker's message for a template that does not work
 */
export function renderListing<T>(listing: Listing<T>, rows: readonly T[], choice: FormatChoice): string {
  const { isTable, text } = resolveFormat(choice);
  try {
    const template = new Template(
      text
        .replace(/^ +| +$/g, "")
        .replaceAll("\\t", "\t")
        .replaceAll("\\n", "\n"),
    );
    const lines = rows.map((row) => template.execute(rowStruct(listing, row)));
    if (!isTable) return lines.map((line) => `${line}\n`).join("");
    const header = template.executeHeader(headerStruct(listing));
    return tabulate([header, ...lines, ""].join("\n"), tableLayout);
  } catch (error) {
    throw new CliError(`template parsing error: ${messageOf(error)}`, 1, { cause: error });
  }
}

/**
 * Tries a format on a row, as Docker does with an empty one before it asks the engine.
 * @throws CliError in words of its own
 */
export function tryFormat<T>(listing: Listing<T>, row: T, format: string): void {
  let template: Template;
  try {
    template = new Template(format);
  } catch (error) {
    throw new CliError(`failed to parse template: ${messageOf(error)}`, 1, { cause: error });
  }
  try {
    template.execute(rowStruct(listing, row));
  } catch (error) {
    throw new CliError(`failed to execute template: ${messageOf(error)}`, 1, { cause: error });
  }
}

function resolveFormat(choice: FormatChoice): { isTable: boolean; text: string } {
  const { format, table, quiet, raw } = choice;
  if (format === "" || format === "table") {
    return quiet === undefined ? { isTable: true, text: table } : { isTable: false, text: quiet };
  }
  if (format.startsWith("table")) return { isTable: true, text: format.slice("table".length) };
  if (format === "json") return { isTable: false, text: "{{json .}}" };
  if (format === "raw" && raw !== undefined)
    return { isTable: false, text: quiet === undefined ? raw : rawLine(raw, quiet) };
  return { isTable: false, text: format };
}

/** The line of the raw format that shows what `--quiet` does. */
function rawLine(raw: string, quiet: string): string {
  return raw.split("\n").find((line) => line.endsWith(quiet)) ?? quiet;
}

/** A row as templates see it. */
export function rowStruct<T>(listing: Listing<T>, row: T): RowStruct {
  const entries = Object.entries(listing.fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return new RowStruct(
    listing.typeName,
    Object.fromEntries(
      entries.flatMap(([name, field]): [string, Value][] => {
        if (field.method) return [[name, new GoFunction(["string"], (label) => field.method?.(row, String(label)))]];
        return field.value ? [[name, field.value(row)]] : [];
      }),
    ),
  );
}

function headerStruct<T>(listing: Listing<T>): Value {
  const headers = Object.fromEntries(
    Object.entries(listing.fields).flatMap(([name, field]): [string, Value][] => {
      if (field.method) return [[name, new GoFunction(["string"], (label) => labelHeader(String(label)))]];
      return field.header === undefined ? [] : [[name, field.header]];
    }),
  );
  return new Struct("formatter.SubHeaderContext", headers);
}

/** The column of a label is named after the last part of its name. */
function labelHeader(label: string): string {
  return (label.split(".").at(-1) ?? "").replace(/[-_]/g, " ");
}
