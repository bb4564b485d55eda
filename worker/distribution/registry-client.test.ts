import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asDescriptor, clock, image, layer, limits, resolverFor, store } from "../../test/support/distribution.node.ts";
import { hasRealRegistry, pushImage, type RealRegistry, startRegistry } from "../../test/support/registry.node.ts";
import { parseDigest } from "../oci/digest.ts";
import { parseNormalizedNamed } from "../reference/reference.ts";
import { fetchBlob } from "./fetch-blob.ts";

describe.skipIf(!(await hasRealRegistry()))("with the real registry server", () => {
  let registry: RealRegistry;
  beforeAll(async () => {
    registry = await startRegistry();
    await pushImage(registry.host, "app:1", image);
  });
  afterAll(() => registry.stop());

  test("resolves a tag and fetches manifest and blobs, verified", async () => {
    const resolved = await resolverFor().resolve(parseNormalizedNamed(`${registry.host}/app:1`));
    expect(resolved.digest).toBe(image.manifest.digest);
    const manifest = await resolved.repository.manifest(resolved.digest);
    expect(Buffer.from(manifest.bytes)).toEqual(Buffer.from(image.manifest.bytes));
    const { content } = store();
    await fetchBlob({ content, clock, limits }, resolved.repository, asDescriptor(layer), { kind: "filesystem layer" });
    expect(Buffer.from(await content.read(parseDigest(layer.digest)))).toEqual(Buffer.from(layer.bytes));
  });

  test("resolves by digest", async () => {
    const reference = parseNormalizedNamed(`${registry.host}/app@${image.manifest.digest}`);
    expect((await resolverFor().resolve(reference)).digest).toBe(image.manifest.digest);
  });

  test.each(["app:2", "nosuch"])("an unknown %s is not found, in Docker's words", async (name) => {
    const full = name.includes(":") ? name : `${name}:latest`;
    await expect(resolverFor().resolve(parseNormalizedNamed(`${registry.host}/${name}`))).rejects.toMatchObject({
      name: "NotFound",
      message: `manifest for ${registry.host}/${full} not found: manifest unknown: manifest unknown`,
    });
  });
});

describe.skipIf(!(await hasRealRegistry()))("with the real registry server asking for a password", () => {
  // wherry / secret
  const htpasswd = "wherry:$2y$04$1QQeSNv4ru7EzX55gzlIrec8eAMxqFs9TX0MY9CRGI52mlo4tFXH2\n";
  let registry: RealRegistry;
  beforeAll(async () => {
    registry = await startRegistry({ htpasswd });
  });
  afterAll(() => registry.stop());

  test("without credentials the answer is Docker's", async () => {
    await expect(resolverFor().resolve(parseNormalizedNamed(`${registry.host}/app`))).rejects.toMatchObject({
      name: "System",
      message: `Head "http://${registry.host}/v2/app/manifests/latest": no basic auth credentials`,
    });
  });

  test("with credentials the image is found", async () => {
    const authorization = `Basic ${Buffer.from("wherry:secret").toString("base64")}`;
    await pushImage(registry.host, "app:1", image, authorization);
    const auth = { username: "wherry", password: "secret" };
    const resolved = await resolverFor().resolve(parseNormalizedNamed(`${registry.host}/app:1`), { auth });
    expect(resolved.digest).toBe(image.manifest.digest);
  });

  test("login() tells good credentials from bad ones", async () => {
    const serveraddress = registry.host;
    await resolverFor().login({ username: "wherry", password: "secret", serveraddress });
    await expect(resolverFor().login({ username: "wherry", password: "x", serveraddress })).rejects.toMatchObject({
      name: "System",
      message: `login attempt to http://${registry.host}/v2/ failed with status: 401 Unauthorized`,
    });
  });

  test("with wrong credentials too", async () => {
    const auth = { username: "wherry", password: "wrong" };
    await expect(resolverFor().resolve(parseNormalizedNamed(`${registry.host}/app`), { auth })).rejects.toMatchObject({
      name: "Unauthorized",
    });
  });
});
