import { execute } from "./execute.ts";
import { headerFunctions, templateFunctions } from "./functions.ts";
import type { Node } from "./nodes.ts";
import { parseTemplate } from "./parser.ts";
import type { Value } from "./values.ts";

const functionNames: ReadonlySet<string> = new Set(Object.keys(templateFunctions));

/** A parsed Go template (the subset of text/template without nested definitions), with the functions that Docker offers. */
export class Template {
  readonly #nodes: readonly Node[];

  /** @throws TemplateError */
  constructor(text: string) {
    this.#nodes = parseTemplate(text, functionNames);
  }

  /** @throws TemplateError */
  execute(data: Value, options: { readonly missingKeyIsError?: boolean } = {}): string {
    return execute(this.#nodes, data, { functions: templateFunctions, ...options });
  }

  /** Executes it on the names of columns, to make a table's header. */
  executeHeader(data: Value): string {
    return execute(this.#nodes, data, { functions: headerFunctions });
  }
}
