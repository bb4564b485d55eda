import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { base, type ImageEngine, one, openImages, two } from "../../test/support/images.node.ts";
import { buildImage } from "../../test/support/registry.node.ts";
import type { RegistryDouble } from "../../test/support/registry-double.node.ts";

let registry: RegistryDouble;
let engine: ImageEngine;
beforeEach(async () => {
  ({ registry, engine } = await openImages());
});
afterEach(() => registry.stop());

const named = (name: string) => `${registry.host}/${name}`;

describe("inspect(), history() and list()", () => {
  test("inspect() has Docker's shape", async () => {
    await engine.pull(named("one"));
    expect(await engine.images.inspect(named("one"))).toEqual({
      Id: one.config.digest,
      RepoTags: [named("one:latest")],
      RepoDigests: [`${named("one")}@${one.manifest.digest}`],
      Parent: "",
      Comment: "",
      Created: "2026-01-02T03:04:05Z",
      DockerVersion: "",
      Author: "",
      Architecture: "386",
      Os: "linux",
      Size: 1007,
      GraphDriver: { Name: "overlay2", Data: null },
      RootFS: { Type: "layers", Layers: one.diffIds },
      Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
      Config: {
        Cmd: ["sh"],
        Entrypoint: null,
        Env: null,
        Labels: { a: "b" },
        OnBuild: null,
        User: "",
        Volumes: null,
        WorkingDir: "",
      },
    });
  });

  test("inspect() for another platform names the image as the user did", async () => {
    await engine.pull(named("one"));
    const platform = { os: "linux", architecture: "arm64" };
    await expect(engine.images.inspect(named("one"), { platform })).rejects.toThrow(
      `image with reference ${named("one")} was found but its platform (linux/386) does not match the specified platform (linux/arm64)`,
    );
  });

  test("history() is newest first, and sizes skip empty steps", async () => {
    const steps = buildImage({
      layers: [base, { a: "123" }],
      fields: {
        history: [
          { created: "2026-01-01T00:00:00Z", created_by: "ADD base" },
          { created: "2026-01-01T00:00:01Z", created_by: "ENV x", empty_layer: true, comment: "c" },
          { created: "2026-01-01T00:00:02Z", created_by: "COPY a" },
        ],
      },
    });
    registry.add("steps:latest", steps);
    await engine.pull(named("steps"));
    expect(await engine.images.history(named("steps"))).toEqual([
      {
        Comment: "",
        Created: 1767225602,
        CreatedBy: "COPY a",
        Id: steps.config.digest,
        Size: 3,
        Tags: [named("steps:latest")],
      },
      { Comment: "c", Created: 1767225601, CreatedBy: "ENV x", Id: "<missing>", Size: 0, Tags: null },
      { Comment: "", Created: 1767225600, CreatedBy: "ADD base", Id: "<missing>", Size: 1006, Tags: null },
    ]);
  });

  const list = async (filters: Record<string, string[]> = {}) => {
    const found = await engine.images.list({
      all: false,
      filters: new Map(Object.entries(filters)),
      sharedSize: false,
    });
    return found.map(({ Id }) => (Id === one.config.digest ? "one" : Id === two.config.digest ? "two" : Id));
  };

  test("list() is newest first and takes Docker's filters", async () => {
    await engine.pull(named("one"));
    await engine.pull(named("two"));
    expect(await list()).toEqual(["two", "one"]);
    expect(await list({ label: ["a"] })).toEqual(["one"]);
    expect(await list({ label: ["a=c"] })).toEqual([]);
    expect(await list({ before: [named("two")] })).toEqual(["one"]);
    expect(await list({ since: [one.config.digest] })).toEqual(["two"]);
    expect(await list({ until: ["2026-01-15T00:00:00Z"] })).toEqual(["one"]);
    expect(await list({ reference: [`${registry.host}/o*`] })).toEqual(["one"]);
    expect(await list({ reference: ["*/t?[ov]:latest"] })).toEqual(["two"]);
    expect(await list({ reference: ["one"] })).toEqual([]);
    expect(await list({ dangling: ["true"] })).toEqual([]);
    await engine.images.tag(named("two"), { repo: named("one"), tag: "" });
    expect(await list({ dangling: ["true"] })).toEqual(["one"]);
    await expect(list({ x: ["y"] })).rejects.toMatchObject({ name: "InvalidParameter", message: "invalid filter 'x'" });
    await expect(list({ dangling: ["y"] })).rejects.toThrow("invalid filter 'dangling=[y]'");
    await expect(list({ before: ["nosuch"] })).rejects.toThrow("No such image: nosuch:latest");
    await expect(list({ reference: ["["] })).rejects.toThrow("syntax error in pattern");
    for (const reference of ["[b-a]", "[]"])
      await expect(list({ reference: [reference] })).rejects.toThrow("syntax error in pattern");
  });

  test("list() takes as long for a pattern of many stars as for another", async () => {
    await engine.pull(named("one"));
    await engine.images.tag(named("one"), { repo: "a".repeat(90), tag: "" });
    expect(await list({ reference: [`${"*a".repeat(12)}b`] })).toEqual([]);
    expect(await list({ reference: [`${"*a".repeat(12)}*`] })).toHaveLength(1);
    expect(await list({ reference: ["[^b]*a.*"] })).toEqual([]);
  });

  test("list() tells sizes, names and containers", async () => {
    await engine.pull(named("one"));
    await engine.pull(named("two"));
    engine.containers.push({ id: "c".repeat(64), image: one.config.digest, running: false, layers: [] });
    const [, summary] = await engine.images.list({ all: false, filters: new Map(), sharedSize: true });
    expect(summary).toEqual({
      Containers: 1,
      Created: 1767323045,
      Id: one.config.digest,
      Labels: { a: "b" },
      ParentId: "",
      RepoDigests: [`${named("one")}@${one.manifest.digest}`],
      RepoTags: [named("one:latest")],
      SharedSize: 1006,
      Size: 1007,
    });
  });

  test("an image is found by name, ID and prefix of its ID", async () => {
    await engine.pull(named("one"));
    const hex = one.config.digest.slice(7);
    for (const name of [
      named("one"),
      named("one:latest"),
      `${named("one")}@${one.manifest.digest}`,
      hex,
      `sha256:${hex}`,
      hex.slice(0, 12),
      `sha256:${hex.slice(0, 5)}`,
    ]) {
      expect((await engine.images.inspect(name)).Id).toBe(one.config.digest);
    }
  });

  test.each([
    ["nosuch", "No such image: nosuch:latest"],
    ["0123456789ab", "No such image: 0123456789ab:latest"],
    [`sha256:${"0".repeat(64)}`, `No such image: sha256:${"0".repeat(64)}`],
    ["sha256:abc", "No such image: sha256:abc"],
  ])("an unknown %s is NotFound", async (name, message) => {
    await expect(engine.images.inspect(name)).rejects.toMatchObject({ name: "NotFound", message });
  });

  test("a prefix of several IDs is no image", async () => {
    const images = Array.from({ length: 17 }, (_, index) => buildImage({ layers: [{ x: String(index) }] }));
    for (const [index, image] of images.entries()) {
      registry.add(`n${index}:latest`, image);
      await engine.pull(named(`n${index}`));
    }
    const digits = images.map(({ config }) => config.digest.charAt(7));
    const twice = digits.find((digit, index) => digits.indexOf(digit) !== index) ?? "";
    await expect(engine.images.inspect(twice)).rejects.toThrow(`No such image: ${twice}:latest`);
  });

  test("distribution() asks the registry", async () => {
    expect(await engine.images.distribution(named("one"))).toEqual({
      Descriptor: { mediaType: one.manifest.mediaType, digest: one.manifest.digest, size: one.manifest.bytes.length },
      Platforms: [{ architecture: "386", os: "linux" }],
    });
  });
});
