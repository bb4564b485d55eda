import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { parseFlags, parseHost } from "./flags.node.ts";
import { engineVersion } from "./version.ts";

const root = { env: {}, uid: 0, home: "/root", cwd: "/work" };
const user = { ...root, env: { XDG_RUNTIME_DIR: "/run/user/7" }, uid: 7, home: "/home/u" };

it("the version is the package's", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(engineVersion).toBe(version);
});

it("parseFlags() reads dockerd's flags", () => {
  const argv =
    "-H unix:///s -H tcp://:2376 --data-root d --registry-mirror http://m -D --share . --share /a:ro --no-bundled-registry -p p";
  expect(parseFlags(argv.split(" "), root)).toEqual({
    kind: "run",
    flags: {
      hosts: [
        { kind: "unix", path: "/s" },
        { kind: "tcp", host: "localhost", port: 2376 },
      ],
      dataRoot: "/work/d",
      debug: true,
      logLevel: "debug",
      insecureRegistries: [],
      mirrors: ["http://m"],
      bundledRegistry: false,
      shares: [
        { folder: "/work", readOnly: false, name: "0" },
        { folder: "/a", readOnly: true, name: "1" },
      ],
      shareBinds: false,
      pidfile: "/work/p",
    },
  });
});

it("parseFlags() reads values as dockerd does", () => {
  for (const argv of [["-H", "/s"], ["-H/s"], ["-H=/s"], ["--host", "/s"], ["--host=/s"], ["-DH/s", "--debug=false"]])
    expect(parseFlags(argv, root)).toMatchObject({ flags: { hosts: [{ path: "/s" }], debug: false } });
  expect(parseFlags(["--debug=false", "-D"], root)).toMatchObject({ flags: { debug: true } });
  expect(parseFlags(["--debug", "--debug=0"], root)).toMatchObject({ flags: { debug: false } });
  expect(parseFlags(["--data-root", "/a", "--data-root=/b"], root)).toMatchObject({ flags: { dataRoot: "/b" } });
});

it("parseFlags() has defaults for root and for others", () => {
  expect(parseFlags([], root)).toMatchObject({
    flags: { hosts: [{ path: "/var/run/docker.sock" }], dataRoot: "/var/lib/wherry", bundledRegistry: true },
  });
  expect(parseFlags([], user)).toMatchObject({
    flags: { hosts: [{ path: "/run/user/7/docker.sock" }], dataRoot: "/home/u/.local/share/wherry" },
  });
  expect(parseFlags(["--exit-when-idle", "1h2m3s"], root)).toMatchObject({ flags: { exitWhenIdle: 3_723_000 } });
  const help = parseFlags(["--help"], user);
  expect(help.kind === "help" && help.text).toContain('(default "/home/u/.local/share/wherry")');
});

it.each([
  [["--nope"], "unknown flag: --nope"],
  [["--share-binds", "-H", "unix:///s", "-H", "tcp://:1"], "conflicting options: --share-binds and -H tcp://"],
  [["-x"], "unknown shorthand flag: 'x' in -x"],
  [["-data-root", "x"], "unknown shorthand flag: 'd' in -data-root"],
  [["--data-root"], "flag needs an argument: --data-root"],
  [["--data-root="], 'invalid value "" for --data-root'],
  [["-H"], "flag needs an argument: 'H' in -H"],
  [["--debug=maybe"], 'invalid argument "maybe" for "-D, --debug" flag: strconv.ParseBool: parsing "maybe"'],
  [["run"], "accepts no arguments"],
  [["-l", "loud"], "invalid logging level: loud"],
  [["-H", "fd://"], 'invalid value "fd://" for flag -H'],
  [["-H", "tcp://a:99999"], "invalid value"],
  [["--exit-when-idle", "soon"], 'invalid argument "soon" for "--exit-when-idle"'],
  [["--share", ":ro"], 'invalid value ":ro" for --share'],
])("parseFlags() refuses %j", (argv, message) => {
  expect(() => parseFlags(argv, root)).toThrow(message);
});

it.each([
  ["unix://", { kind: "unix", path: "/var/run/docker.sock" }],
  ["/a/b", { kind: "unix", path: "/a/b" }],
  ["tcp://", { kind: "tcp", host: "localhost", port: 2375 }],
  ["tcp://[::1]:1", { kind: "tcp", host: "::1", port: 1 }],
  ["0.0.0.0:1", { kind: "tcp", host: "0.0.0.0", port: 1 }],
])("parseHost(%j)", (text, address) => {
  expect(parseHost(text)).toEqual(address);
});

it("--share follows symlinks before it says that a read-only folder is writable elsewhere", () => {
  const top = mkdtempSync(join(tmpdir(), "wherry-flags-"));
  onTestFinished(() => rmSync(top, { recursive: true }));
  mkdirSync(join(top, "data/deep"), { recursive: true });
  symlinkSync(join(top, "data/deep"), join(top, "link"));
  const argv = ["--share", join(top, "data"), "--share", `${join(top, "link")}:ro`];
  expect(() => parseFlags(argv, root)).toThrow("conflicting values for --share");
});
