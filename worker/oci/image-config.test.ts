import { describe, expect, test } from "vitest";
import type { Digest } from "./digest.ts";
import { parseImageConfig } from "./image-config.ts";

const hex = "0123456789abcdef".repeat(4);
const digest: Digest = `sha256:${hex}`;
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe("parseImageConfig()", () => {
  test("keeps what a container needs", () => {
    const parsed = parseImageConfig(
      encode({
        os: "linux",
        architecture: "386",
        created: "2026-01-02T03:04:05Z",
        config: {
          Env: ["A=b"],
          Cmd: ["sh"],
          Entrypoint: null,
          ExposedPorts: { "80/tcp": {} },
          Labels: { __proto__x: "y" },
        },
        rootfs: { type: "layers", diff_ids: [digest] },
        history: [{ created_by: "x", empty_layer: true }],
      }),
    );
    expect(parsed).toEqual({
      platform: { os: "linux", architecture: "386" },
      created: "2026-01-02T03:04:05Z",
      config: { env: ["A=b"], cmd: ["sh"], exposedPorts: ["80/tcp"], labels: { __proto__x: "y" } },
      diffIds: [digest],
      history: [{ createdBy: "x", emptyLayer: true }],
    });
  });
  test("takes one word of a command line as text, as old configs have it", () => {
    const config = { Cmd: "sh", Entrypoint: "/init", Shell: "/bin/sh" };
    const parsed = parseImageConfig(encode({ rootfs: { type: "layers" }, config }));
    expect(parsed.config).toEqual({ cmd: ["sh"], entrypoint: ["/init"], shell: ["/bin/sh"] });
  });
  test.each([
    ["no rootfs", {}],
    ["another rootfs", { rootfs: { type: "folders" } }],
    ["a bad diff-id", { rootfs: { type: "layers", diff_ids: ["sha256:x"] } }],
    ["too many diff-ids", { rootfs: { type: "layers", diff_ids: Array(126).fill(digest) } }],
    ["Env of numbers", { rootfs: { type: "layers" }, config: { Env: [1] } }],
    ["Env as text", { rootfs: { type: "layers" }, config: { Env: "A=b" } }],
    ["a time that is none", { rootfs: { type: "layers" }, created: "yesterday" }],
  ])("refuses %s", (_, document) => {
    expect(() => parseImageConfig(encode(document))).toThrow(expect.objectContaining({ name: "InvalidParameter" }));
  });
});
