import { readJson } from "../api/body.ts";
import { containerCreateRequest } from "../api/container-decode.ts";
import type { EngineApi } from "../api/engine-api.ts";
import { matchRoute } from "../api/route-table.ts";
import type { ContainerSummary } from "../api/types/container.ts";
import { splitVersion } from "../api/version.ts";
import { completeHostConfig } from "../containers/merge-config.ts";
import { planMounts } from "../containers/mount-points.ts";
import type { Json, RecordStore } from "../metadata/records.ts";
import { isObject } from "../oci/json.ts";
import type { HostPlace, HostPlaces } from "../vm/host-tree.ts";
import type { HostFiles } from "../vm/machine.ts";
import type { SharedBindSources } from "./host-bind-sources.ts";
import type { ShareFolder } from "./share-folders.ts";

interface NamedBindsComponents {
  readonly api: EngineApi;
  readonly binds: Pick<SharedBindSources, "add" | "isOwnSocket">;
  readonly files: Pick<HostFiles, "share">;
  readonly places: HostPlaces;
  /** Where it is kept what was named: a later engine shares that again, and nothing else. */
  readonly records: Pick<RecordStore, "get" | "apply">;
}

const recordKey = "engine/named-binds";

/** A share, and what it led to when it was made. */
interface NamedShare extends ShareFolder {
  readonly place: HostPlace;
}

/**
 * The Engine API for the machine's own user (`--share-binds`): what a request to make a container binds is shared from then on,
 * and no more than that. It is for a door that is closed to everyone else; containers have another one.
 */
export class NamedBinds implements EngineApi {
  readonly #components: NamedBindsComponents;
  readonly #shares = new Map<string, NamedShare>();
  #made = 0;

  private constructor(components: NamedBindsComponents) {
    this.#components = components;
  }

  /**
   * Shares what was named to a former engine for the containers that can still start. Not what those containers say alone: one that
   * has the engine's socket may have made them, and may have put a symlink where a folder was.
   */
  static async open(components: NamedBindsComponents): Promise<NamedBinds> {
    const named = new NamedBinds(components);
    const filters = encodeURIComponent(JSON.stringify({ status: ["created"] }));
    const answer = await components.api.fetch(new Request(`http://docker/containers/json?all=1&filters=${filters}`));
    const created = (await answer.json()) as readonly ContainerSummary[];
    const mounts = created.flatMap(({ Mounts }) => Mounts);
    for (const { source, readOnly, leads } of parseRecord(await components.records.get(recordKey))) {
      const wanted = mounts.some(({ Type, Source }) => Type === "bind" && Source === source);
      if (wanted && pathOf(components.places.find(source)) === leads) named.#share(source, readOnly);
    }
    return named;
  }

  fetch: EngineApi["fetch"] = async (request) => {
    const { rest } = splitVersion(new URL(request.url).pathname);
    if (matchRoute(request.method, rest)?.id === "ContainerCreate") await this.#shareBinds(request.clone());
    return this.#components.api.fetch(request);
  };

  upgrade: EngineApi["upgrade"] = (request) => this.#components.api.upgrade(request);

  async #shareBinds(request: Request): Promise<void> {
    try {
      const { HostConfig } = await readJson(request, containerCreateRequest);
      const before = this.#made;
      for (const { type, source, readOnly } of planMounts(completeHostConfig(HostConfig), {}))
        if (type === "bind") this.#share(source, readOnly);
      if (this.#made !== before) await this.#keep();
    } catch {
      // What is wrong with the request is the engine's to say.
    }
  }

  #share(source: string, readOnly: boolean): void {
    const { binds, files, places } = this.#components;
    if (binds.isOwnSocket(source)) return;
    const place = places.find(source);
    const former = this.#shares.get(source);
    const same = former && former.place.folder === place.folder && former.place.within === place.within;
    if (same && (readOnly || !former.readOnly)) return;
    const only = place.within.split("/")[0];
    const share = { folder: source, readOnly, name: `bind-${this.#made}`, within: place.within, place };
    files.share(share.name, places.open(place.folder, { readOnly, ...(only && { only }) }));
    binds.add(share);
    this.#shares.set(source, share);
    this.#made += 1;
  }

  async #keep(): Promise<void> {
    const value = [...this.#shares.values()].map(({ folder, readOnly, place }) => ({
      source: folder,
      readOnly,
      leads: pathOf(place),
    }));
    await this.#components.records.apply([{ key: recordKey, value }]);
  }
}

interface NamedBind {
  readonly source: string;
  readonly readOnly: boolean;
  /** The path, through symlinks, when it was named. */
  readonly leads: string;
}

function parseRecord(value: Json | undefined): readonly NamedBind[] {
  const entries: readonly Json[] = Array.isArray(value) ? value : [];
  return entries.flatMap((entry) => {
    const { source, readOnly, leads } = isObject(entry) ? entry : {};
    return typeof source === "string" && typeof leads === "string"
      ? [{ source, leads, readOnly: readOnly !== false }]
      : [];
  });
}

function pathOf({ folder, within }: HostPlace): string {
  return within === "" ? folder : `${folder === "/" ? "" : folder}/${within}`;
}
