import { JsonNumber, NilMap, PortMap, RawMap, Struct, type Value } from "./template/values.ts";
import { goTimeOf } from "./text.ts";

/** Fields of the API's objects that are maps; every other object is a struct. */
const mapFields = new Set(
  (
    "Annotations Containers Data DriverOpts ExposedPorts IndexConfigs Labels Networks Options PortBindings Ports Runtimes Status StorageOpt " +
    "Sysctls Tmpfs Volumes"
  ).split(" "),
);

/** Of these, maps whose keys are ports. */
const portFields = new Set(["ExposedPorts", "PortBindings", "Ports"]);

/** Fields that Go calls otherwise than JSON does. */
const goNames: Readonly<Record<string, string>> = {
  ID: "Id",
  CPUPeriod: "CpuPeriod",
  CPUQuota: "CpuQuota",
  CPURealtimePeriod: "CpuRealtimePeriod",
  CPURealtimeRuntime: "CpuRealtimeRuntime",
  CPUShares: "CpuShares",
  DNS: "Dns",
  DNSOptions: "DnsOptions",
  DNSSearch: "DnsSearch",
  HostIP: "HostIp",
  NanoCPUs: "NanoCpus",
};

/** What JSON calls otherwise than Go: a template that names it so is not for Docker's types, but for the JSON. */
const jsonNames: ReadonlySet<string> = new Set(Object.values(goNames));

/** Fields that hold a time; all other times are text. */
const times = /^network\.Inspect\.Created$|\.Health\.Log\[\]\.(Start|End)$|\.Metadata\.LastTagTime$/;

/** Fields that are lists, where the API says null for an empty one. */
const listFields = new Set(
  (
    "Aliases Args Binds BlkioDeviceReadBps BlkioDeviceReadIOps BlkioDeviceWriteBps BlkioDeviceWriteIOps BlkioWeightDevice " +
    "CapAdd CapDrop Cmd DNSNames DeviceCgroupRules DeviceRequests Devices Dns DnsOptions DnsSearch Entrypoint Env ExecIDs " +
    "ExtraHosts GroupAdd Layers Links MaskedPaths Mounts OnBuild ReadonlyPaths RepoDigests RepoTags SecondaryIPAddresses " +
    "SecondaryIPv6Addresses SecurityOpt Shell Ulimits VolumesFrom"
  ).split(" "),
);

/** A list that is not there: empty for a template, null in JSON. */
const nilList: readonly Value[] = Object.assign([], { toJSON: () => null });

/** Fields that the API leaves out when they are empty, by the name of the field or type that holds them. */
const omittedFields: Readonly<Record<string, Readonly<Record<string, Value>>>> = {
  "*image.InspectResponse": { ContainerConfig: null, Descriptor: null, VirtualSize: 0 },
  "network.Inspect": { Peers: nilList, Services: {} },
  "network.Inspect.IPAM.Config[]": { IPRange: "", AuxiliaryAddresses: {} },
  "volume.Volume": { ClusterVolume: null, Status: {}, UsageData: null },
  "*container.InspectResponse": { ImageManifestDescriptor: null, SizeRootFs: null, SizeRw: null },
  State: { Health: null },
  Config: {
    ArgsEscaped: false,
    ExposedPorts: {},
    Healthcheck: null,
    MacAddress: "",
    NetworkDisabled: false,
    Shell: nilList,
    StopSignal: "",
    StopTimeout: null,
  },
  HostConfig: { Annotations: {}, Init: null, Mounts: nilList, StorageOpt: {}, Sysctls: {}, Tmpfs: {} },
};

/** Fields of structs that templates print whole in Go's order, where that is not the order of the JSON. */
const fieldOrders: Readonly<Record<string, readonly string[]>> = {
  "*container.InspectResponse.Config": (
    "Hostname Domainname User AttachStdin AttachStdout AttachStderr ExposedPorts Tty OpenStdin StdinOnce Env Cmd " +
    "Healthcheck ArgsEscaped Image Volumes WorkingDir Entrypoint NetworkDisabled MacAddress OnBuild Labels StopSignal " +
    "StopTimeout Shell"
  ).split(" "),
  "network.Inspect.IPAM.Config[]": ["Subnet", "IPRange", "Gateway", "AuxiliaryAddresses"],
  "volume.Volume": "ClusterVolume CreatedAt Driver Labels Mountpoint Name Options Scope Status UsageData".split(" "),
};

/** A struct of the API: fields that were left out can be named, and JSON is what the engine sent. */
export class ApiStruct extends Struct {
  readonly #json: Record<string, Value>;

  constructor(typeName: string, fields: Record<string, Value>, json: Record<string, Value>) {
    super(typeName, fields);
    this.#json = json;
  }

  override get(name: string): Value {
    return super.get(super.has(name) ? name : (goNames[name] ?? name));
  }

  override has(name: string): boolean {
    return !jsonNames.has(name) && (super.has(name) || super.has(goNames[name] ?? name));
  }

  /** Its fields as the engine named and ordered them; what was null stays so. */
  override toJSON(): Record<string, Value> {
    return Object.fromEntries(
      Object.entries(this.#json).map(([name, value]) => [name, value === null ? null : (super.get(name) ?? value)]),
    );
  }
}

/** Go's time.Time. */
class ApiTime extends Struct {
  readonly #text: string;

  constructor(text: string) {
    super("time.Time", {});
    this.#text = text;
  }

  override display(): string {
    return goTimeOf(this.#text);
  }

  override toJSON(): string {
    return this.#text;
  }
}

/**
 * The engine's JSON as Docker's client holds it: maps and structs told apart by the name of their field.
 * @param typeName as messages name the outermost type
 */
export function typedValue(value: Value, typeName: string): Value {
  return typed(value, "", typeName);
}

/** The engine's JSON as Go holds it without a type: whole numbers keep their text. */
export function untypedValue(value: Value): Value {
  if (typeof value === "number") return new JsonNumber(String(value));
  if (Array.isArray(value)) return value.map(untypedValue);
  if (typeof value !== "object" || value === null) return value;
  return new RawMap(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, untypedValue(item as Value)])));
}

function typed(value: Value, field: string, path: string): Value {
  if (value === null) return absent(field);
  if (Array.isArray(value)) return value.map((item: Value) => typed(item, "", `${path}[]`));
  if (typeof value === "string" && times.test(path)) return new ApiTime(value);
  if (typeof value !== "object" || value instanceof Struct) return value;
  const isMap = mapFields.has(field) || path.endsWith(".LogConfig.Config");
  const json = value as Record<string, Value>;
  const fields = Object.fromEntries(
    Object.entries(json).map(([key, item]): [string, Value] => [key, typed(item, isMap ? "" : key, `${path}.${key}`)]),
  );
  if (isMap) return portFields.has(field) ? new PortMap(fields) : fields;
  const all = { ...fields, ...missing(field || path, json) };
  return new ApiStruct(path, inOrder(all, fieldOrders[path] ?? []), rewritten(path, json));
}

/** Of an image's configuration, the fields that Docker writes, in its order; each is left out when it is empty. */
const imageConfigFields =
  "User ExposedPorts Env Entrypoint Cmd Volumes WorkingDir Labels StopSignal ArgsEscaped Healthcheck OnBuild Shell".split(
    " ",
  );

/** The JSON of a struct: what the engine sent, but where Docker's client writes it in a way of its own. */
function rewritten(path: string, json: Record<string, Value>): Record<string, Value> {
  if (path === "*image.InspectResponse") {
    const { Config, ...others } = json;
    const entries = Object.entries(others).flatMap(([key, value]): [string, Value][] =>
      key === "Author"
        ? [
            [key, value],
            ["Config", typed(Config, "Config", `${path}.Config`)],
          ]
        : [[key, value]],
    );
    return Object.fromEntries(entries);
  }
  if (path !== "*image.InspectResponse.Config") return json;
  const isEmpty = (value: Value) =>
    value === undefined ||
    value === null ||
    value === "" ||
    (typeof value === "object" && Object.keys(value).length === 0);
  return Object.fromEntries(
    imageConfigFields.map((name) => [name, json[name]] as const).filter(([, value]) => !isEmpty(value)),
  );
}

function inOrder(fields: Record<string, Value>, order: readonly string[]): Record<string, Value> {
  const first = order.filter((name) => Object.hasOwn(fields, name)).map((name) => [name, fields[name]] as const);
  return { ...Object.fromEntries(first), ...fields };
}

function absent(field: string): Value {
  if (listFields.has(field)) return nilList;
  return mapFields.has(field) ? new NilMap() : null;
}

function missing(field: string, present: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(omittedFields[field] ?? {}).filter(([name]) => !Object.hasOwn(present, name)),
  );
}
