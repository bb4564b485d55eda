import { StartFailed } from "./runtime.ts";

/** Which of Docker's sentences a failure begins with. */
export type StartKind = "create" | "exec";

/** What runc says of a configuration that it refuses before it starts anything. */
const refused =
  "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: ";

const prefixes: Record<StartKind, string> = {
  create: `${refused}unable to start container process: error during container init: `,
  exec: "OCI runtime exec failed: exec failed: unable to start container process: ",
};

/** A configuration that runc would not begin with; `reason` is runc's. */
export function refusedConfiguration(reason: string): StartFailed {
  return new StartFailed(`${refused}${reason}`, 128);
}

/** A container whose root filesystem cannot be made; `reason` is runc's. */
export function refusedInit(reason: string): StartFailed {
  return new StartFailed(`${prefixes.create}${reason}`, 128);
}

/** What Docker adds whenever the kernel says "not a directory". */
const wrongKind =
  "Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type";

/** Names of limits, in the order of their numbers in i386's setrlimit(2). */
const limits = "CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME";

/**
 * Says in Docker's words what crun (1.8) said in its log. `argv0` is the command that was to run. Why a
 * command failed decides the exit code of the docker command, which looks for Docker's wording.
 */
export function translateCrunFailure(kind: StartKind, log: string, argv0: string): StartFailed {
  const message = lastError(log);
  const fail = (text: string, exitCode: 126 | 127 | 128) => new StartFailed(`${prefixes[kind]}${text}`, exitCode);
  if (message.startsWith("executable file `")) {
    const looked = argv0.includes("/")
      ? `stat ${argv0}: no such file or directory`
      : "executable file not found in $PATH";
    return fail(`exec: ${quote(argv0)}: ${looked}`, 127);
  }
  if (message.startsWith("open executable")) {
    if (argv0 === "") return fail('exec: "": executable file not found in $PATH', 127);
    // crun's own check of the file's type answers so; the kernel's answer about its mode is "Permission denied".
    const folder = message.endsWith("Operation not permitted") ? "is a directory: " : "";
    return fail(`exec: ${quote(argv0)}: ${folder}permission denied`, 126);
  }
  const chdir = /^chdir `(.*)`: (.*)$/s.exec(message);
  if (chdir) {
    const [, cwd = "", reason = ""] = chdir;
    if (kind === "create" && reason === "Not a directory") {
      return new StartFailed(`Cannot mkdir: ${cwd} is not a directory`, 128);
    }
    const hint = reason === "Not a directory" ? `: ${wrongKind}` : "";
    const text = `chdir to cwd (${quote(cwd)}) set in config.json failed: ${reason.toLowerCase()}${hint}`;
    return fail(text, reason === "Permission denied" ? 126 : 127);
  }
  const execFailed = /^(?:exec container process|exec)(?: \(missing dynamic library\?\))?(?: `(.*)`)?: (.*)$/s.exec(
    message,
  );
  if (execFailed) {
    const [, path = argv0, reason = ""] = execFailed;
    return fail(`exec ${path}: ${reason.toLowerCase()}`, reason === "Permission denied" ? 126 : 127);
  }
  const foreign = /^the sysctl `(.*)` requires a new (network|IPC) namespace$/.exec(message);
  if (foreign) {
    const [, name = "", namespace] = foreign;
    const where =
      namespace === "IPC" ? "is not allowed in the hosts ipc namespace" : "not allowed in host network namespace";
    return refusedConfiguration(`sysctl ${quote(name)} ${where}`);
  }
  const sysctl = /^the sysctl `(.*)` is not namespaced$/.exec(message);
  if (sysctl) return fail(`sysctl ${quote(sysctl[1] ?? "")} is not in a separate kernel namespace`, 128);
  const mount = /^mount `(.*?)` to `(.*?)`: (.*)$/s.exec(message);
  if (mount) {
    const [, source = "", target = "", reason = ""] = mount;
    const hint = reason === "Not a directory" ? `: ${wrongKind}` : "";
    return fail(
      `error mounting ${quote(source)} to rootfs at ${quote(`/${target}`)}: ${reason.toLowerCase()}${hint}`,
      reason === "Not a directory" ? 127 : 128,
    );
  }
  const limit = /^setrlimit `RLIMIT_(.*)`: (.*)$/.exec(message);
  if (limit) {
    const [, name = "", reason = ""] = limit;
    const type = limits.split(" ").indexOf(name);
    return fail(
      `error setting rlimits for ready process: error setting rlimit type ${type}: ${reason.toLowerCase()}`,
      128,
    );
  }
  return fail(message === "" ? "the OCI runtime gave no reason" : lowerReason(message), 128);
}

/** Go writes the kernel's reasons in lower case. */
function lowerReason(message: string): string {
  const at = message.lastIndexOf(": ");
  return at < 0 ? message : `${message.slice(0, at)}${message.slice(at).toLowerCase()}`;
}

/** The last line of an error in crun's JSON log; a line that is not JSON counts as a message of its own. */
function lastError(log: string): string {
  let found = "";
  for (const line of log.split("\n")) {
    if (line.trim() === "") continue;
    const entry = parseEntry(line);
    if (entry === undefined) found = line.trim();
    else if (entry.level !== "warning" && typeof entry.msg === "string") found = entry.msg;
  }
  return found.slice(0, 2048);
}

function parseEntry(line: string): { level?: unknown; msg?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function quote(text: string): string {
  return JSON.stringify(text);
}
