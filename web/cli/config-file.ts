import { regardless } from "../../worker/internal/failures.ts";
import type { CliContext } from "./context.ts";
import { messageOf } from "./errors.ts";
import { fileErrorCode, fileErrorText } from "./file-error.ts";

/** Credentials for one registry, as the X-Registry-Auth header carries them. */
export interface AuthConfig {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly serveraddress?: string;
}

interface StoredAuth {
  auth?: string;
  identitytoken?: string;
}

interface ConfigContent {
  auths?: Record<string, StoredAuth>;
  detachKeys?: string;
  psFormat?: string;
  imagesFormat?: string;
  [key: string]: unknown;
}

/** The key that Docker Hub's credentials are kept under. */
export const hubServer = "https://index.docker.io/v1/";

/** Where the client's files are, unless `--config` says otherwise. */
export function configFolder(env: CliContext["env"]): string {
  return env.DOCKER_CONFIG || `${env.HOME ?? ""}/.docker`;
}

const configLimit = 1 << 20;

/** `config.json` in the client's folder (`--config`, DOCKER_CONFIG, ~/.docker), read when it is first needed. */
export class ConfigFile {
  readonly #context: CliContext;
  readonly #warn: (text: string) => Promise<void>;
  #folder: string;
  #content: Promise<ConfigContent> | undefined;

  /** @param warn is told of a file that cannot be read, which then counts as empty */
  constructor(context: CliContext, warn: (text: string) => Promise<void>) {
    this.#context = context;
    this.#warn = warn;
    this.#folder = configFolder(context.env);
  }

  get folder(): string {
    return this.#folder;
  }

  set folder(path: string) {
    this.#folder = path;
    this.#content = undefined;
  }

  get path(): string {
    return `${this.#folder}/config.json`;
  }

  async detachKeys(): Promise<string> {
    return (await this.#read()).detachKeys ?? "";
  }

  /** The format that the user set for a listing, such as `psFormat`; empty when unset. */
  async format(key: "psFormat" | "imagesFormat" | "networksFormat" | "volumesFormat" | "statsFormat"): Promise<string> {
    const value = (await this.#read())[key];
    return typeof value === "string" ? value : "";
  }

  async auth(server: string): Promise<AuthConfig | undefined> {
    const stored = (await this.#read()).auths ?? {};
    const entry = stored[server] ?? Object.entries(stored).find(([name]) => hostOf(name) === hostOf(server))?.[1];
    if (!entry) return undefined;
    if (entry.identitytoken) return { identitytoken: entry.identitytoken, serveraddress: server };
    const [username = "", ...password] = atobUtf8(entry.auth ?? "").split(":");
    return { username, password: password.join(":"), serveraddress: server };
  }

  /** @returns false when the same was there already */
  async store(server: string, auth: AuthConfig): Promise<boolean> {
    const content = await this.#read();
    const entry: StoredAuth = auth.identitytoken
      ? { identitytoken: auth.identitytoken }
      : { auth: btoaUtf8(`${auth.username ?? ""}:${auth.password ?? ""}`) };
    if (JSON.stringify(content.auths?.[server]) === JSON.stringify(entry)) return false;
    await this.#write({ ...content, auths: { ...content.auths, [server]: entry } });
    return true;
  }

  /** @returns false when there was nothing to remove */
  async erase(server: string): Promise<boolean> {
    const content = await this.#read();
    const { [server]: removed, ...auths } = content.auths ?? {};
    if (!removed) return false;
    await this.#write({ ...content, auths });
    return true;
  }

  #read(): Promise<ConfigContent> {
    this.#content ??= this.#load();
    return this.#content;
  }

  async #load(): Promise<ConfigContent> {
    try {
      const text = new TextDecoder().decode(await this.#context.files.read(this.path, configLimit));
      return text.trim() === "" ? {} : asContent(JSON.parse(text));
    } catch (error) {
      if (fileErrorCode(error) !== "ENOENT") await this.#warn(`WARNING: Error ${loadFailure(this.path, error)}`);
      return {};
    }
  }

  async #write(content: ConfigContent): Promise<void> {
    this.#content = Promise.resolve(content);
    // Those that are there already are refused; what else goes wrong shows when the file is written.
    for (const folder of withParents(this.#folder)) await regardless(this.#context.files.mkdir(folder, 0o700));
    const text = new TextEncoder().encode(JSON.stringify(content, null, "\t"));
    try {
      await this.#context.files.write(this.path, text, 0o600);
    } catch (error) {
      throw new Error(`open ${this.path}: ${fileErrorText(error)}`, { cause: error });
    }
  }
}

/** A file that cannot be opened failed to load; one that can, but is a folder or no JSON, failed to parse. */
function loadFailure(path: string, error: unknown): string {
  const code = fileErrorCode(error);
  if (code === "EISDIR") return `parsing config file (${path}): read ${path}: ${fileErrorText(error)}`;
  if (code !== "") return `loading config file: open ${path}: ${fileErrorText(error)}`;
  return `parsing config file (${path}): ${messageOf(error)}`;
}

/** `/a/b` as `/a` and `/a/b`. */
function withParents(folder: string): string[] {
  const names = folder.split("/");
  return names.map((_, index) => names.slice(0, index + 1).join("/")).filter((path) => path !== "");
}

function asContent(value: unknown): ConfigContent {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new Error("it is no JSON object");
}

function hostOf(server: string): string {
  return server.replace(/^https?:\/\//, "").split("/")[0] ?? "";
}

function btoaUtf8(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

function atobUtf8(text: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));
  } catch {
    return "";
  }
}

/** The X-Registry-Auth header's value: base64url of the JSON. */
export function encodeAuth(auth: AuthConfig): string {
  return btoaUtf8(JSON.stringify(auth)).replaceAll("+", "-").replaceAll("/", "_");
}
