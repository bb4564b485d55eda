import { EngineError } from "../../errdefs/errors.ts";

/** The start line and the fields of a request (RFC 9112, sections 3 and 5). Field names are in lower case. */
export interface RequestHead {
  readonly method: string;
  /** In origin form: begins with a slash. */
  readonly target: string;
  readonly http10: boolean;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/**
 * A request that this server does not read. `status` is what it answers before it closes the connection; where a handler was
 * reading its body, that is the handler's to answer. Statuses are those of Docker's server, which is Go's.
 */
export class BadRequest extends EngineError {
  readonly status: number;

  constructor(status: number, message: string) {
    super("InvalidParameter", message);
    this.status = status;
  }
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Visible characters, blanks and obs-text (RFC 9110, section 5.5). */
const fieldValue = /^[\t\u0020-\u007e\u0080-\uffff]*$/;
/** A name or address with a port, as Go's server takes it. */
const hostValue = /^[\w!$%&'()*+,\-.:;=[\]~]*$/;
const fieldLimit = 200;

/**
 * What ends a head: an empty line. A line may end without the carriage return (RFC 9112, section 2.2), as those do that are
 * typed by hand.
 */
export const headEnds = ["\n\r\n", "\n\n"] as const;

/** Parses what comes before one of `headEnds`. Strict: what proxies and servers could read in two ways is refused. */
export function parseHead(bytes: Uint8Array): RequestHead {
  // Latin-1 keeps obsolete bytes apart from text without ever failing.
  const text = new TextDecoder("latin1").decode(bytes).replace(/^(\r\n)+|\r$/g, "");
  const [start = "", ...lines] = text.split(/\r?\n/);
  const match = /^(\S+) ([\u0021-\u007e\u0080-\u00ff]+) HTTP\/(\d)\.(\d)$/.exec(start);
  if (!match?.[1] || !match[2] || !token.test(match[1])) throw new BadRequest(400, "malformed request line");
  if (match[3] !== "1") throw new BadRequest(505, "unsupported protocol version");
  if (lines.length > fieldLimit) throw new BadRequest(431, "too many header fields");
  const head = {
    method: match[1],
    target: originForm(match[2]),
    http10: match[4] === "0",
    fields: lines.map(parseField),
  };
  checkHost(head);
  const expected = fieldValues(head, "expect");
  if (expected.length > 0 && !hasWord(head, "expect", "100-continue")) throw new BadRequest(417, "unknown expectation");
  return head;
}

/** A request of HTTP/1.1 has one Host (RFC 9112, section 3.2). */
function checkHost(head: RequestHead): void {
  const [host, ...others] = fieldValues(head, "host");
  if (host === undefined && !head.http10) throw new BadRequest(400, "missing required Host header");
  if (others.length > 0) throw new BadRequest(400, "too many Host headers");
  if (!hostValue.test(host ?? "")) throw new BadRequest(400, "malformed Host header");
}

function parseField(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(0, colon));
  const value = line.slice(colon + 1).trim();
  if (!token.test(name) || !fieldValue.test(value)) {
    throw new BadRequest(400, "malformed header field");
  }
  return [name.toLowerCase(), value];
}

function originForm(target: string): string {
  if (target.startsWith("/")) return target;
  const absolute = /^https?:\/\/[^/?#]*(\/.*)?$/i.exec(target);
  if (!absolute) throw new BadRequest(400, "malformed request target");
  return absolute[1] ?? "/";
}

export function fieldValues(head: RequestHead, name: string): readonly string[] {
  return head.fields.filter(([field]) => field === name).map(([, value]) => value);
}

/** Whether a comma-separated field holds a word, in any case. */
export function hasWord(head: RequestHead, name: string, word: string): boolean {
  return fieldValues(head, name).some((value) =>
    value
      .toLowerCase()
      .split(",")
      .some((part) => part.trim() === word),
  );
}

/** How the body is delimited (RFC 9112, section 6): by a count of bytes, in chunks, or `0` for none. */
export function bodyLength(head: RequestHead): number | "chunked" {
  const encodings = fieldValues(head, "transfer-encoding");
  const lengths = new Set(fieldValues(head, "content-length"));
  if (encodings.length > 0) {
    if (encodings.length > 1 || encodings[0]?.toLowerCase() !== "chunked") {
      throw new BadRequest(501, "unsupported transfer encoding");
    }
    if (lengths.size > 0 || head.http10) throw new BadRequest(400, "chunked, and of a length or of HTTP/1.0");
    return "chunked";
  }
  const [length, ...others] = lengths;
  if (length === undefined) return 0;
  if (others.length > 0 || !/^\d{1,15}$/.test(length)) throw new BadRequest(400, "bad Content-Length");
  return Number(length);
}
