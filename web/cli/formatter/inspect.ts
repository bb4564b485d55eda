import type { Cli } from "../cli.ts";
import { CliError, messageOf } from "../errors.ts";
import { typedValue, untypedValue } from "./inspect-types.ts";
import { indentJson } from "./json-indent.ts";
import { Template } from "./template/template.ts";
import type { Value } from "./template/values.ts";

/** An object as the engine described it. */
export interface Inspected {
  /** The engine's JSON. */
  readonly text: string;
  readonly typeName: string;
  /** Fields that its type does not have are not looked for in the JSON either. */
  readonly isTypedOnly?: boolean;
}

/**
 * Prints what the engine says of the named objects: indented JSON, compact JSON (`json`), or what a template makes of each.
 * @throws CliError with Docker's exit codes: 64 for a template that cannot be parsed, 1 for what was not found
 */
export async function inspectObjects(
  cli: Cli,
  names: readonly string[],
  format: string,
  find: (name: string) => Promise<Inspected>,
): Promise<void> {
  const template = format === "" || format === "json" ? undefined : objectTemplate(format);
  const found: Inspected[] = [];
  const rendered: string[] = [];
  const errors: string[] = [];
  for (const name of names) {
    try {
      const object = await find(name);
      if (template) rendered.push(`${render(template, object)}\n`);
      found.push(object);
    } catch (error) {
      if (cli.signal.aborted) throw error;
      errors.push(messageOf(error));
    }
  }
  if (template) await cli.out.write(rendered.join("") || "\n");
  else await cli.out.line(jsonList(found, format === "json"));
  if (errors.length > 0) throw new CliError(errors.join("\n"));
}

/**
 * The template of an object's `--format`.
 * @param name that the template's own errors give it
 * @throws CliError with Docker's exit code for one that cannot be parsed
 */
export function objectTemplate(format: string, name?: string): Template {
  try {
    return new Template(format, name);
  } catch (error) {
    throw new CliError(`template parsing error: ${messageOf(error)}`, 64, { cause: error });
  }
}

function jsonList(objects: readonly Inspected[], compact: boolean): string {
  if (objects.length === 0) return "[]";
  const list = `[${objects.map(({ text }) => text.trim()).join(",")}]`;
  return compact ? list : indentJson(list, "    ");
}

/** Docker tries its own types first, where a field that is not there is an error, and then the JSON as it is. */
function render(template: Template, { text, typeName, isTypedOnly }: Inspected): string {
  const raw = JSON.parse(text) as Value;
  try {
    return template.execute(typedValue(raw, typeName));
  } catch (cause) {
    if (isTypedOnly) throw new Error(`template parsing error: ${messageOf(cause)}`, { cause });
    try {
      return template.execute(untypedValue(raw), { missingKeyIsError: true });
    } catch (error) {
      throw new Error(`template parsing error: ${messageOf(error)}`, { cause: error });
    }
  }
}
