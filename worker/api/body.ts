import { invalidParameter } from "../errdefs/errors.ts";
import { type Decode, DecodeError } from "../internal/decode.ts";
import { requestBody } from "../internal/streams.ts";

/** The largest JSON body that is read, in bytes. */
const bodyLimit = 8 << 20;

/** Reads a JSON body that must be there. `InvalidParameter` with Docker's words when it is missing, malformed or of the wrong shape. */
export async function readJson<T>(request: Request, decode: Decode<T>): Promise<T> {
  const text = await readText(request);
  checkContentType(request, text);
  if (text.trim() === "") throw invalidParameter("invalid JSON: got EOF while reading request body");
  return decodeJson(text, decode);
}

/** Reads a JSON body that may be absent. */
export async function readOptionalJson<T>(request: Request, decode: Decode<T>): Promise<T | undefined> {
  const text = await readText(request);
  if (text.trim() === "") return undefined;
  checkContentType(request, text);
  return decodeJson(text, decode);
}

/** As Go's decoder, members that are `null` count as absent and names are compared without regard to case. */
function decodeJson<T>(text: string, decode: Decode<T>): T {
  // Go decodes null into nothing: as if no member were there.
  const value = parse(text) ?? {};
  try {
    return decode(value, "");
  } catch (error) {
    if (error instanceof DecodeError) throw invalidParameter(`invalid JSON: ${error.message}`);
    throw error;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidParameter(explain(text, error instanceof Error ? error.message : ""));
  }
}

/** Turns the JavaScript engine's sentence into the one that Docker's users know. */
function explain(text: string, message: string): string {
  if (/non-whitespace character after JSON/.test(message)) return "unexpected content after JSON";
  const token = /^Unexpected token '(.)'/.exec(message)?.[1];
  if (token) return `invalid JSON: invalid character '${token}' looking for beginning of value`;
  const at = /at position (\d+)/.exec(message)?.[1];
  if (at === undefined || Number(at) >= text.length) return "invalid JSON: unexpected EOF";
  return `invalid JSON: invalid character '${text[Number(at)]}' looking for beginning of value`;
}

function checkContentType(request: Request, text: string): void {
  const header = request.headers.get("Content-Type") ?? "";
  if (header === "") {
    if (text === "") return;
    throw invalidParameter("malformed Content-Type header (): mime: no media type");
  }
  const type = header.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw invalidParameter(`unsupported Content-Type header (${header}): must be 'application/json'`);
  }
}

async function readText(request: Request): Promise<string> {
  const body = requestBody(request);
  if (!body) return "";
  const decoder = new TextDecoder();
  let size = 0;
  let text = "";
  for await (const chunk of body) {
    size += chunk.length;
    if (size > bodyLimit) throw invalidParameter(`request body too large: more than ${bodyLimit} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
