import { execute } from "./execute.ts";
import { headerFunctions, templateFunctions } from "./functions.ts";
import { TemplateError, type TemplateSet } from "./nodes.ts";
import { parseTemplate } from "./parser.ts";
import type { Value } from "./values.ts";

const functionNames: ReadonlySet<string> = new Set(Object.keys(templateFunctions));

/** A parsed Go template (text/template), with the functions that Docker offers. */
export class Template {
  readonly #templates: TemplateSet;
  readonly #name: string;

  /**
   * @param name as messages call it
   * @throws TemplateError
   */
  constructor(text: string, name = "") {
    this.#name = name;
    this.#templates = this.#named(() => parseTemplate(text, functionNames));
  }

  /** @throws TemplateError */
  execute(data: Value, options: { readonly missingKeyIsError?: boolean } = {}): string {
    let out = "";
    this.#named(() =>
      execute(this.#templates, data, { functions: templateFunctions, ...options }, (text) => {
        out += text;
      }),
    );
    return out;
  }

  /** Executes it on the names of columns, to make a table's header: what comes before the first trouble. */
  executeHeader(data: Value): string {
    let out = "";
    try {
      execute(this.#templates, data, { functions: headerFunctions }, (text) => {
        out += text;
      });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
    }
    return out;
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
