import { invalidParameter } from "../errdefs/errors.ts";
import { DecodeError, type Decoder } from "../internal/decode.ts";
import { firstJsonValue, jsonSyntaxError } from "../internal/json-syntax.ts";
import { requestBody } from "../internal/streams.ts";

/** The largest JSON body that is read, in bytes. */
const bodyLimit = 8 << 20;

/**
 * Reads the JSON body of a container's create, which must be there and whose errors name no type before the first member.
 * `InvalidParameter` with Docker's words when it is missing, malformed or of the wrong shape.
 */
export async function readJson<T>(request: Request, decoder: Decoder<T>): Promise<T> {
  const text = await readText(request);
  checkContentType(request, text);
  if (text.trim() === "") throw invalidParameter("invalid JSON: got EOF while reading request body");
  return decodeJson(text, decoder, "");
}

/** Reads any other JSON body. None is as good as an empty one. `InvalidParameter` as above. */
export async function readOptionalJson<T>(request: Request, decoder: Decoder<T>): Promise<T> {
  const text = await readText(request);
  if (text.trim() === "") return decoder.zero;
  checkContentType(request, text);
  return decodeJson(text, decoder, decoder.type.replace(/^.*\./, ""));
}

/**
 * As Go's decoder, members that are `null` count as absent and names are compared without regard to case. What follows the
 * first value is refused, once that value is found to be right.
 */
function decodeJson<T>(text: string, decoder: Decoder<T>, root: string): T {
  const { value, more } = parse(text);
  try {
    const decoded = value === null ? decoder.zero : decoder.decode(value, root);
    if (more) throw invalidParameter("unexpected content after JSON");
    return decoded;
  } catch (error) {
    if (error instanceof DecodeError) throw invalidParameter(`invalid JSON: ${error.message}`);
    throw error;
  }
}

function parse(text: string): { readonly value: unknown; readonly more: boolean } {
  try {
    return { value: JSON.parse(text), more: false };
  } catch {
    const first = firstJsonValue(text);
    if (first === undefined) throw invalidParameter(`invalid JSON: ${jsonSyntaxError(text) ?? ""}`);
    return { value: JSON.parse(first), more: true };
  }
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/;
const parameter = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+\s*=\s*(?:"[^"]*"|[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/;

function checkContentType(request: Request, text: string): void {
  const header = request.headers.get("Content-Type") ?? "";
  if (header === "" && text === "") return;
  const refuse = (wrong: boolean, reason: string) => {
    if (wrong) throw invalidParameter(`malformed Content-Type header (${header}): mime: ${reason}`);
  };
  const [essence = "", ...parameters] = header.split(";").map((part) => part.trim());
  const [type = "", ...subtypes] = essence.split("/");
  refuse(!token.test(type), "no media type");
  refuse(subtypes[0] === "", "expected token after slash");
  refuse(
    subtypes.length > 1 || [type, ...subtypes].some((part) => part.replace(token, "") !== ""),
    "unexpected content after media subtype",
  );
  refuse(
    parameters.some((part, index) => !parameter.test(part) && !(part === "" && index === parameters.length - 1)),
    "invalid media parameter",
  );
  if (essence.toLowerCase() !== "application/json") {
    throw invalidParameter(`unsupported Content-Type header (${header}): must be 'application/json'`);
  }
}

async function readText(request: Request): Promise<string> {
  const body = requestBody(request);
  if (!body) return "";
  // Go takes the mark for a character like any other.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let size = 0;
  let text = "";
  for await (const chunk of body) {
    size += chunk.length;
    if (size > bodyLimit) throw invalidParameter(`request body too large: more than ${bodyLimit} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
