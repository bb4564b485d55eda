import { type EngineError, errorMessage, invalidParameter, system } from "../errdefs/errors.ts";
import { compilePattern } from "../internal/pattern.ts";
import { parseBool } from "../internal/strconv.ts";
import { ramInBytes } from "../internal/units/size.ts";

/** Docker keeps all there is; memory does not allow that here. */
const defaultCapacity = 8 << 20;

const common = ["mode", "max-buffer-size"];
const rotation = ["max-file", "max-size", "compress"];
const known: ReadonlyMap<string, readonly string[]> = new Map([
  ["json-file", [...common, ...rotation, "labels", "labels-regex", "env", "env-regex", "tag"]],
  ["local", [...common, ...rotation]],
]);

type Options = Readonly<Record<string, string>>;

/** What a container's log driver and its options ask for. */
export interface LogSettings {
  /** Bytes that are kept: `max-size` times `max-file`, and never more than 8 MiB. 0 keeps nothing (the driver `none`). */
  readonly capacity: number;
  /** What `logs --details` puts before each line: `name=value`, escaped as in a query, joined with commas. */
  readonly details: string;
}

/** What options of a log may name of its container. */
export interface LoggedContainer {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  readonly image: string;
  readonly command: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `NAME=value`. */
  readonly env: readonly string[];
}

/** What is looked at when a container is created. Throws `InvalidParameter` with Docker's text. */
export function checkLogConfig(driver: string, options: Options): void {
  if (driver === "none") return;
  const names = known.get(driver);
  if (!names) {
    throw invalidParameter(`error looking up logging plugin ${driver}: plugin ${JSON.stringify(driver)} not found`);
  }
  const { mode = "blocking", "max-buffer-size": buffer } = options;
  if (!["blocking", "non-blocking", ""].includes(mode)) {
    throw invalidParameter(`logger: logging mode not supported: ${mode}`);
  }
  if (buffer !== undefined && mode !== "non-blocking") {
    throw invalidParameter("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  if (buffer !== undefined && parseSize(buffer) === undefined) {
    throw invalidParameter(`error parsing option max-buffer-size: invalid size: '${buffer}'`);
  }
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    throw invalidParameter(
      driver === "local"
        ? `unknown log opt '${name}' for log driver local`
        : `unknown log opt '${name}' for json-file log driver`,
    );
  }
}

/** What is looked at when a container is started. Throws `System` with Docker's text. */
export function readLogSettings(driver: string, options: Options, container: LoggedContainer): LogSettings {
  if (driver === "none") return { capacity: 0, details: "" };
  return { capacity: logCapacity(options), details: detailsOf(options, container) };
}

function failed(reason: string): EngineError {
  return system(`failed to create task for container: failed to initialize logging driver: ${reason}`);
}

function logCapacity(options: Options): number {
  const { "max-size": sizeText, "max-file": filesText, compress } = options;
  const size = sizeText === undefined ? undefined : parseSize(sizeText);
  if (sizeText !== undefined && size === undefined) throw failed(`invalid size: '${sizeText}'`);
  if (size === 0) throw failed("max-size must be a positive number");
  if (filesText !== undefined && !/^[+-]?\d+$/.test(filesText)) {
    throw failed(`strconv.Atoi: parsing ${JSON.stringify(filesText)}: invalid syntax`);
  }
  const files = Number(filesText ?? "1");
  if (files < 1) throw failed("max-file cannot be less than 1");
  if (compress !== undefined && readBool(compress) && (files < 2 || size === undefined)) {
    throw failed("compress cannot be true when max-file is less than 2 or max-size is not set");
  }
  return size === undefined ? defaultCapacity : Math.min(defaultCapacity, size * files);
}

/** Such as `10m`; undefined for what is no size. */
function parseSize(text: string): number | undefined {
  try {
    return ramInBytes(text);
  } catch {
    return undefined;
  }
}

function readBool(text: string): boolean {
  try {
    return parseBool(text);
  } catch (error) {
    throw failed(errorMessage(error));
  }
}

/** The labels and variables that the options name, by name or by pattern, and the tag. */
function detailsOf(options: Options, container: LoggedContainer): string {
  const variables = Object.fromEntries(
    container.env.flatMap((entry) => {
      const at = entry.indexOf("=");
      return at < 0 ? [] : [[entry.slice(0, at), entry.slice(at + 1)] as const];
    }),
  );
  const shown = {
    ...chosen(container.labels, options.labels, options["labels-regex"]),
    ...chosen(variables, options.env, options["env-regex"]),
    ...(options.tag && { tag: fillTag(options.tag, container) }),
  };
  return Object.entries(shown)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${escapeQuery(name)}=${escapeQuery(value)}`)
    .join(",");
}

function chosen(all: Options, names = "", pattern = ""): Options {
  const wanted = new Set(names.split(","));
  const matches = pattern === "" ? () => false : readPattern(pattern);
  return Object.fromEntries(Object.entries(all).filter(([name]) => wanted.has(name) || matches(name)));
}

function readPattern(text: string): (name: string) => boolean {
  try {
    return compilePattern(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw failed(`error parsing regexp: ${error.message}`);
  }
}

/** A Go template, of which the fields are what is used. */
function fillTag(template: string, container: LoggedContainer): string {
  const image = container.imageId.replace(/^sha256:/, "");
  const fields: Options = {
    ID: container.id.slice(0, 12),
    FullID: container.id,
    Name: container.name,
    ImageID: image.slice(0, 12),
    ImageFullID: container.imageId,
    ImageName: container.image,
    Command: container.command,
    DaemonName: "docker",
  };
  return template.replace(/\{\{\s*(.*?)\s*\}\}/g, (_, inside: string) => {
    const value = fields[inside.replace(/^\./, "")];
    if (inside.startsWith(".") && value !== undefined) return value;
    throw failed(`template: log-tag: executing "log-tag" at <${inside}>: can't evaluate field`);
  });
}

/** As Go's url.QueryEscape. */
function escapeQuery(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1).replaceAll("*", "%2A").replaceAll("%7E", "~");
}
