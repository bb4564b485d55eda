import { execute } from "./execute.ts";
import { headerFunctions, templateFunctions } from "./functions.ts";
import { type Node, TemplateError } from "./nodes.ts";
import { parseTemplate } from "./parser.ts";
import type { Value } from "./values.ts";

const functionNames: ReadonlySet<string> = new Set(Object.keys(templateFunctions));

/** A parsed Go template (the subset of text/template without nested definitions), with the functions that Docker offers. */
export class Template {
  readonly #nodes: readonly Node[];
  readonly #name: string;

  /**
   * @param name as messages call it
   * @throws TemplateError
   */
  constructor(text: string, name = "") {
    this.#name = name;
    this.#nodes = this.#named(() => parseTemplate(text, functionNames));
  }

  /** @throws TemplateError */
  execute(data: Value, options: { readonly missingKeyIsError?: boolean } = {}): string {
    return this.#named(() => execute(this.#nodes, data, { functions: templateFunctions, ...options }));
  }

  /** Executes it on the names of columns, to make a table's header. */
  executeHeader(data: Value): string {
    return this.#named(() => execute(this.#nodes, data, { functions: headerFunctions }));
  }

  /** The parser and the interpreter know no name: it goes into the message here. */
  #named<T>(operation: () => T): T {
    if (this.#name === "") return operation();
    try {
      return operation();
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      const message = error.message
        .replace(/^template: :/, `template: ${this.#name}:`)
        .replace(/: executing ""/, `: executing ${JSON.stringify(this.#name)}`);
      throw new TemplateError(message, { cause: error });
    }
  }
}
