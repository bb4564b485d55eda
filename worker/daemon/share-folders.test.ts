import { expect, it } from "vitest";
import { parseShares } from "./share-folders.ts";

const asNamed = (folder: string): string => folder;

it("a read-only folder in a writable one is refused", () => {
  expect(() => parseShares(["/srv", "/srv/deep:ro"], "/", asNamed)).toThrow(
    "conflicting values for --share: /srv/deep is to be read-only, and is writable as a part of /srv",
  );
  expect(() => parseShares(["/srv", "/srv:ro"], "/", asNamed)).toThrow("conflicting values");
  expect(parseShares(["/srv", "/srv-deep:ro"], "/", asNamed)).toHaveLength(2);
});

it("a read-only folder in a writable one is refused when only symlinks say so", () => {
  const links: Readonly<Record<string, string>> = { "/ro": "/srv/x", "/rw": "/srv" };
  const realPath = (folder: string): string => links[folder] ?? folder;
  expect(() => parseShares(["/srv", "/ro:ro"], "/", realPath)).toThrow(
    "conflicting values for --share: /ro is to be read-only, and is writable as a part of /srv",
  );
  expect(() => parseShares(["/srv/x:ro", "/rw"], "/", realPath)).toThrow("writable as a part of /rw");
  expect(parseShares(["/srv/x", "/rw:ro"], "/", realPath).map(({ folder }) => folder)).toEqual(["/srv/x", "/rw"]);
});
