import { describe, expect, it } from "vitest";
import { entryDefaults, type TarEntry } from "../archive/tar/entry.ts";
import { layOut } from "./erofs/layout.ts";
import { type DirectoryInode, type Inode, isWhiteout, LayerTree } from "./layer-tree.ts";

type Given = Partial<TarEntry> & Pick<TarEntry, "name">;

const build = (...entries: readonly Given[]): LayerTree => built(entries);

function built(entries: readonly Given[]): LayerTree {
  const tree = new LayerTree();
  for (const entry of entries) tree.add({ ...entryDefaults, ...entry });
  return tree;
}

/** Paths with a letter for what is there: `d`irectory, `o`paque one, `f`ile, `l`ink, `w`hiteout, another device. */
function paths(directory: DirectoryInode, prefix = ""): string[] {
  return [...directory.children]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, inode]) => {
      const line = `${letter(inode)} ${prefix}${name}`;
      return inode.type === "directory" ? [line, ...paths(inode, `${prefix}${name}/`)] : [line];
    });
}

function letter(inode: Inode): string {
  if (inode.type === "directory") return inode.opaque ? "o" : "d";
  if (isWhiteout(inode)) return "w";
  return { file: "f", symlink: "l", char: "c", block: "b", fifo: "p" }[inode.type];
}

function at(tree: LayerTree, path: string): Inode {
  let inode: Inode = tree.root;
  for (const part of path.split("/")) {
    const next: Inode | undefined = inode.type === "directory" ? inode.children.get(part) : undefined;
    if (!next) throw new Error(`no ${path}`);
    inode = next;
  }
  return inode;
}

/** What a real engine (28.5, overlay2) makes of the same layers; asked once, by loading images of one layer. */
const accepted: readonly (readonly [what: string, entries: readonly Given[], tree: readonly string[]])[] = [
  ["absolute names", [{ name: "/abs/f" }], ["d abs", "f abs/f"]],
  ["`..` that stays inside", [{ name: "a/../b" }], ["f b"]],
  ["`..` after a slash", [{ name: "/../b" }], ["f b"]],
  ["an absolute hardlink target", [{ name: "t" }, { name: "l", type: "link", linkName: "/t" }], ["f l", "f t"]],
  [
    "a parent that is a symlink",
    [{ name: "real", type: "directory" }, { name: "s", type: "symlink", linkName: "real" }, { name: "s/f" }],
    ["d real", "f real/f", "l s"],
  ],
  [
    "a parent that is an absolute symlink",
    [{ name: "real", type: "directory" }, { name: "s", type: "symlink", linkName: "/real" }, { name: "s/f" }],
    ["d real", "f real/f", "l s"],
  ],
  [
    "a parent that is an absolute symlink further down",
    [{ name: "real", type: "directory" }, { name: "a/s", type: "symlink", linkName: "/real" }, { name: "a/s/f" }],
    ["d a", "l a/s", "d real", "f real/f"],
  ],
  [
    "a parent that is a dangling symlink",
    [{ name: "s", type: "symlink", linkName: "real" }, { name: "s/d/f" }],
    ["d real", "d real/d", "f real/d/f", "l s"],
  ],
  [
    "a symlink that goes up inside the tree",
    [
      { name: "a", type: "directory" },
      { name: "b", type: "directory" },
      { name: "a/s", type: "symlink", linkName: "../b" },
      { name: "a/s/f" },
    ],
    ["d a", "l a/s", "d b", "f b/f"],
  ],
  ["a file in place of an implied directory", [{ name: "a/b" }, { name: "a" }], ["f a"]],
  ["symlinks that point out of the tree", [{ name: "s", type: "symlink", linkName: "../../etc" }], ["l s"]],
  [
    "device nodes",
    [
      { name: "d", type: "block", deviceMajor: 8, deviceMinor: 1 },
      { name: "p", type: "fifo" },
    ],
    ["b d", "p p"],
  ],
  ["a file in place of the root", [{ name: "." }], []],
];

const refused: readonly (readonly [what: string, entries: readonly Given[], error: string])[] = [
  ["a name that climbs", [{ name: "../../evil" }], 'invalid entry name "../../evil"'],
  ["a name that climbs later", [{ name: "a/../../evil" }], 'invalid entry name "a/../../evil"'],
  [
    "a hardlink out of the tree",
    [{ name: "l", type: "link", linkName: "../../etc/passwd" }],
    'invalid hardlink target "../../etc/passwd"',
  ],
  [
    "a hardlink to nothing",
    [{ name: "l", type: "link", linkName: "nope" }],
    "linkat nope l: no such file or directory",
  ],
  [
    "a hardlink to a directory",
    [
      { name: "d", type: "directory" },
      { name: "l", type: "link", linkName: "d" },
    ],
    "linkat d l: operation not permitted",
  ],
  [
    "a parent that climbs through a symlink",
    [{ name: "s", type: "symlink", linkName: "../../../tmp" }, { name: "s/f" }],
    "statat s: path escapes from parent",
  ],
  [
    "a parent that climbs one step through a symlink",
    [{ name: "s", type: "symlink", linkName: ".." }, { name: "s/f" }],
    "statat s: path escapes from parent",
  ],
  [
    "a parent that is a loop of symlinks",
    [{ name: "s", type: "symlink", linkName: "s" }, { name: "s/f" }],
    "statat s: too many levels of symbolic links",
  ],
  ["a file as a parent", [{ name: "a" }, { name: "a/b" }], "openat a/b: not a directory"],
  ["a file as a parent's parent", [{ name: "a" }, { name: "a/b/c" }], "statat a/b: not a directory"],
  ["a name twice", [{ name: "a" }, { name: "./a" }], "duplicates of file paths not supported"],
  ["a symlink to nowhere", [{ name: "s", type: "symlink" }], "symlinkat  s: no such file or directory"],
  ["a whiteout of `.`", [{ name: ".wh.." }], 'invalid whiteout entry ".wh.."'],
  ["a whiteout of nothing", [{ name: "d/.wh." }], 'invalid whiteout entry "d/.wh."'],
  ["a long name", [{ name: "n".repeat(256) }], "file name too long"],
  ["a long path", [{ name: "n/".repeat(2049) }], "file name too long"],
];

describe("LayerTree.add()", () => {
  it.each(accepted)("takes %s", (_what, entries, tree) => {
    expect(paths(build(...entries).root)).toEqual(tree);
  });

  it.each(refused)("refuses %s", (_what, entries, error) => {
    expect(() => build(...entries)).toThrow(error);
  });

  it("makes one inode of hardlinks, with the attributes that came last", () => {
    const tree = build(
      { name: "a", mode: 0o600, uid: 5 },
      { name: "d/b", type: "link", linkName: "a", mode: 0o644, uid: 7 },
    );
    expect(at(tree, "d/b")).toBe(at(tree, "a"));
    expect(at(tree, "a")).toMatchObject({ links: 2, mode: 0o644, uid: 7 });
  });

  it("has a hardlink take away the capabilities of a file that it does not name, as its change of owner does", () => {
    const [value, other] = [Uint8Array.of(1), Uint8Array.of(2)];
    const xattrs = new Map([
      ["security.capability", value],
      ["user.a", value],
    ]);
    const linked = (more: ReadonlyMap<string, Uint8Array>) =>
      at(build({ name: "a", xattrs }, { name: "b", type: "link", linkName: "a", xattrs: more }), "a").xattrs;
    expect([...linked(new Map([["user.b", other]]))]).toEqual([
      ["user.a", value],
      ["user.b", other],
    ]);
    expect(linked(new Map([["security.capability", other]])).get("security.capability")).toBe(other);
  });

  it("leaves mode and time of a symlink to its own header", () => {
    const mtime = { seconds: 5, nanoseconds: 0 };
    const tree = build(
      { name: "s", type: "symlink", linkName: "x", mtime },
      { name: "t", type: "link", linkName: "s", mode: 0o600, uid: 7, mtime: { seconds: 9, nanoseconds: 0 } },
    );
    expect(at(tree, "s")).toMatchObject({ mode: 0o777, uid: 7, mtime });
  });

  it("takes a time that Docker has no room for, for none", () => {
    const timeOf = (seconds: number) => at(build({ name: "f", mtime: { seconds, nanoseconds: 5 } }), "f").mtime;
    expect(timeOf(9_223_372_036)).toEqual({ seconds: 9_223_372_036, nanoseconds: 5 });
    for (const seconds of [-1, 9_223_372_037, 2 ** 50]) expect(timeOf(seconds)).toEqual({ seconds: 0, nanoseconds: 0 });
  });

  it("keeps a user's attributes of files and directories alone", () => {
    const xattrs = new Map([
      ["user.a", Uint8Array.of(1)],
      ["trusted.a", Uint8Array.of(1)],
    ]);
    const names = (type: TarEntry["type"]) => [
      ...at(build({ name: "x", type, linkName: "y", deviceMajor: 1, xattrs }), "x").xattrs.keys(),
    ];
    for (const type of ["file", "directory"] as const) expect(names(type)).toEqual(["user.a", "trusted.a"]);
    for (const type of ["symlink", "fifo", "char", "block"] as const) expect(names(type)).toEqual(["trusted.a"]);
  });

  it("counts a name that a file took over no more", () => {
    const tree = build({ name: "d/x" }, { name: "keep", type: "link", linkName: "d/x" }, { name: "d" });
    expect(at(tree, "keep")).toMatchObject({ links: 1 });
  });

  it.each(["file", "directory"] as const)(
    "takes more names of a %s in one directory than a function takes arguments",
    (type) => {
      const tree = built(Array.from({ length: 130_000 }, (_, each) => ({ name: `d/${each}`, type })));
      if (type === "directory") expect(layOut(tree.root, 1).inodes.length).toBe(130_002);
      else tree.add({ ...entryDefaults, name: "d" });
      expect(letter(at(tree, "d"))).toBe(type === "file" ? "f" : "d");
    },
    120_000,
  );

  it("turns whiteouts into what overlayfs knows", () => {
    const tree = build({ name: "a/.wh.gone" }, { name: "b/.wh..wh..opq" }, { name: "b/new" });
    expect(paths(tree.root)).toEqual(["d a", "w a/gone", "o b", "f b/new"]);
  });

  it.each([
    [[{ name: ".wh.d" }, { name: "d", type: "directory" }, { name: "d/x" }]],
    [[{ name: "d", type: "directory" }, { name: "d/x" }, { name: ".wh.d" }]],
    [[{ name: ".wh.d" }, { name: "d/x" }]],
  ] as const)("makes a directory opaque that a whiteout in the same layer replaces (%#)", (entries) => {
    expect(paths(build(...entries).root)).toEqual(["o d", "f d/x"]);
  });

  it("keeps a file that a whiteout in the same layer names", () => {
    expect(paths(build({ name: "f" }, { name: ".wh.f" }).root)).toEqual(["f f"]);
    expect(paths(build({ name: ".wh.f" }, { name: "f" }).root)).toEqual(["f f"]);
  });

  it("never takes overlayfs's own attributes from an archive", () => {
    const value = Uint8Array.of(121);
    const tree = build({
      name: "d",
      type: "directory",
      xattrs: new Map([
        ["trusted.overlay.redirect", value],
        ["user.a", value],
      ]),
    });
    expect([...at(tree, "d").xattrs.keys()]).toEqual(["user.a"]);
  });

  it("gives an implied directory mode 755 and a stated one its own", () => {
    const tree = build({ name: "a/b/c" }, { name: "a", type: "directory", mode: 0o700, uid: 3 });
    expect(at(tree, "a")).toMatchObject({ mode: 0o700, uid: 3 });
    expect(at(tree, "a/b")).toMatchObject({ mode: 0o755, uid: 0 });
  });

  it("bounds how much metadata a layer may have", () => {
    const tree = new LayerTree({ maxInodes: 10, maxText: 100 });
    expect(() => tree.add({ ...entryDefaults, name: "d/".repeat(20) })).toThrow("too many files");
    const text = new LayerTree({ maxInodes: 100, maxText: 100 });
    text.add({ ...entryDefaults, name: "a".repeat(40) });
    expect(() => text.add({ ...entryDefaults, name: "b".repeat(40) })).toThrow("too much metadata");
  });
});
