import { directives, nothing, only, open, type ValueCompletion } from "../flags/value-completion.ts";

/** `host`, or `container:` and the name of one. */
export function namespaces(modes: readonly string[]): ValueCompletion {
  return async (typed, { names }) => {
    if (typed.startsWith("container:")) return only((await names("containers")).map((name) => `container:${name}`));
    if (typed !== "" && "container:".startsWith(typed)) return open(["container:"]);
    return only(["container:", ...modes]);
  };
}

/** `NAME:`, which an alias follows. */
export const linkedContainers: ValueCompletion = async (_, { names }) =>
  open((await names("containers")).map((name) => `${name}:`));

export const securityOptions: ValueCompletion = async (typed) => {
  const labels = ["disable", "level:", "role:", "type:", "user:"].map((value) => `label=${value}`);
  if (typed.startsWith("label=")) return { words: labels, directive: directives.noSpace | directives.noFileCompletion };
  if (typed.startsWith("seccomp=")) return only(["seccomp=unconfined"]);
  const names = ["apparmor=", "label=", "no-new-privileges", "seccomp=", "systempaths=unconfined"];
  const begun = typed === "" ? [] : names.filter((name) => /^[al].*=$/.test(name) && name.startsWith(typed));
  return begun.length > 0 ? open(begun) : only(names);
};

const common = ["max-buffer-size", "mode"];
const metadata = [...common, "env", "env-regex", "labels"];
const files = ["compress", "max-file", "max-size"];

/** Options of each driver, without those that other programs' drivers take. */
const logOptions: Readonly<Record<string, readonly string[]>> = {
  awslogs: words(
    common,
    "awslogs-create-group awslogs-credentials-endpoint awslogs-datetime-format awslogs-group awslogs-multiline-pattern " +
      "awslogs-region awslogs-stream tag",
  ),
  fluentd: words(
    metadata,
    "fluentd-address fluentd-async fluentd-buffer-limit fluentd-request-ack fluentd-retry-wait fluentd-max-retries " +
      "fluentd-sub-second-precision fluentd-write-timeout tag",
  ),
  gcplogs: words(metadata, "gcp-log-cmd gcp-meta-id gcp-meta-name gcp-meta-zone gcp-project"),
  gelf: words(
    metadata,
    "gelf-address gelf-compression-level gelf-compression-type gelf-tcp-max-reconnect gelf-tcp-reconnect-delay tag",
  ),
  journald: words(metadata, "tag"),
  "json-file": [...metadata, ...files],
  local: [...common, ...files],
  none: [],
  splunk: words(
    metadata,
    "splunk-caname splunk-capath splunk-format splunk-gzip splunk-gzip-level splunk-index splunk-insecureskipverify " +
      "splunk-source splunk-sourcetype splunk-token splunk-url splunk-verify-connection tag",
  ),
  syslog: words(
    metadata,
    "syslog-address syslog-facility syslog-format syslog-tls-ca-cert syslog-tls-cert syslog-tls-key " +
      "syslog-tls-skip-verify tag",
  ),
};

function words(first: readonly string[], more: string): readonly string[] {
  return [...first, ...more.split(" ")];
}

/** Drivers, as the completion of `--log-driver` offers them. */
export const logDrivers: readonly string[] = Object.keys(logOptions).filter(
  (name) => name !== "none" && name !== "gcplogs",
);

/** The options of the driver that `--log-driver` names, or of all. */
export const logDriverOptions: ValueCompletion = async (_, { flag }) => {
  const own = logOptions[flag("log-driver") ?? ""];
  if (own) {
    return { words: own.map((name) => `${name}=`), directive: directives.noSpace | directives.noFileCompletion };
  }
  return open([...new Set(Object.values(logOptions).flat())].map((name) => `${name}=`));
};

const eventTypes = "builder config container daemon image network node plugin secret service volume".split(" ");
const eventActions = (
  "create start restart stop checkpoint pause unpause attach detach resize update rename kill die oom destroy remove commit " +
  "top copy archive-path extract-to-dir export import save load tag untag push pull prune delete enable disable connect " +
  "disconnect reload mount unmount exec_create exec_start exec_die exec_detach health_status"
).split(" ");

/** `NAME=`, and behind it what that filter of events takes. */
export const eventFilters: ValueCompletion = async (typed, { names }) => {
  const filters = "container daemon event image label network node scope type volume".split(" ");
  const [name = ""] = typed.split("=", 1);
  if (!typed.includes("=") || !filters.includes(name)) return open(filters.map((each) => `${each}=`));
  const values = async (): Promise<readonly string[] | undefined> => {
    switch (name) {
      case "container":
      case "image":
      case "network":
      case "volume":
        return await names(`${name}s`);
      case "event":
        return eventActions;
      case "scope":
        return ["local", "swarm"];
      case "type":
        return eventTypes;
      default:
        return undefined;
    }
  };
  const found = await values();
  return found ? only(found.map((value) => `${name}=${value}`)) : nothing;
};
