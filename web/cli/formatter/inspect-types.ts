import { Struct, type Value } from "./template/values.ts";

/** Fields of the API's objects that are maps; every other object is a struct. */
const mapFields = new Set(
  (
    "Annotations Containers Data DriverOpts ExposedPorts Labels Networks Options PortBindings Ports Status StorageOpt " +
    "Sysctls Tmpfs Volumes"
  ).split(" "),
);

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

/** Fields that the API leaves out when they are empty, by the name of the field that holds their struct. */
const omittedFields: Readonly<Record<string, Readonly<Record<string, Value>>>> = {
  State: { Health: null },
  Config: { ExposedPorts: {}, Healthcheck: null, MacAddress: "", Shell: nilList, StopSignal: "", StopTimeout: null },
  HostConfig: { Annotations: {}, Init: null, Mounts: nilList, StorageOpt: {}, Sysctls: {}, Tmpfs: {} },
};

/** A struct of the API: fields that were left out can be named, and JSON is what the engine sent. */
class ApiStruct extends Struct {
  readonly #json: Record<string, Value>;

  constructor(typeName: string, fields: Record<string, Value>, json: Record<string, Value>) {
    super(typeName, fields);
    this.#json = json;
  }

  override toJSON(): Record<string, Value> {
    return this.#json;
  }
}

/**
 * The engine's JSON as Docker's client holds it: maps and structs told apart by the name of their field.
 * @param typeName as messages name the outermost type
 */
export function typedValue(value: Value, typeName: string): Value {
  return typed(value, "", typeName);
}

function typed(value: Value, field: string, path: string): Value {
  if (value === null) return absent(field);
  if (Array.isArray(value)) return value.map((item: Value) => typed(item, "", `${path}[]`));
  if (typeof value !== "object" || value instanceof Struct) return value;
  const isMap = mapFields.has(field) || path.endsWith(".LogConfig.Config");
  const json = value as Record<string, Value>;
  const fields = Object.fromEntries(
    Object.entries(json).map(([key, item]): [string, Value] => [key, typed(item, isMap ? "" : key, `${path}.${key}`)]),
  );
  return isMap ? fields : new ApiStruct(path, { ...fields, ...missing(field, json) }, json);
}

function absent(field: string): Value {
  if (listFields.has(field)) return nilList;
  return mapFields.has(field) ? {} : null;
}

function missing(field: string, present: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(omittedFields[field] ?? {}).filter(([name]) => !Object.hasOwn(present, name)),
  );
}
