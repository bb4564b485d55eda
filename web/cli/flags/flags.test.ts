import { describe, expect, it } from "vitest";
import type { Flag } from "./flag.ts";
import { HelpRequested, parseFlags } from "./parse.ts";
import { flagUsages } from "./usage.ts";

const flags: readonly Flag[] = [
  { name: "interactive", short: "i", type: "bool", usage: "Keep stdin open" },
  { name: "tty", short: "t", type: "bool", usage: "A terminal" },
  { name: "env", short: "e", type: "list", usage: "Variables" },
  { name: "name", type: "string", usage: "A name", default: "box" },
  { name: "memory", short: "m", type: "bytes", usage: "Memory limit" },
  { name: "platforms", type: "strings", usage: "Platforms" },
  { name: "secret", type: "list", usage: "Hidden", hidden: true, aliasOf: "env" },
];

const parse = (argv: readonly string[], interspersed = true) => parseFlags(flags, argv, { env: {} }, { interspersed });

describe("parseFlags()", () => {
  it("reads long and short flags, combined and with values attached", () => {
    const parsed = parse(["-it", "-eA=1", "-e", "B=2", "--env=C", "--name", "x", "-m=5m", "--platforms", "a,b", "img"]);
    expect([parsed.bool("interactive"), parsed.bool("tty")]).toEqual([true, true]);
    expect(parsed.list("env")).toEqual(["A=1", "B=2", "C"]);
    expect(parsed.list("platforms")).toEqual(["a", "b"]);
    expect([parsed.string("name"), parsed.string("memory")]).toEqual(["x", "5m"]);
    expect(parsed.args).toEqual(["img"]);
  });

  it("knows defaults, and what was given", () => {
    const parsed = parse(["--interactive=false"]);
    expect([parsed.string("name"), parsed.changed("name"), parsed.changed("interactive")]).toEqual([
      "box",
      false,
      true,
    ]);
    expect(parsed.bool("interactive")).toBe(false);
  });

  it("leaves what follows an argument alone when flags and arguments may not mix, and what follows --", () => {
    expect(parse(["-i", "img", "-t", "--x"], false).args).toEqual(["img", "-t", "--x"]);
    expect(parse(["a", "--", "-t"]).args).toEqual(["a", "-t"]);
    expect(parse(["-"]).args).toEqual(["-"]);
  });

  it("gives the value of another name of a flag to the flag", () => {
    expect(parse(["--secret", "A=1", "-e", "B"]).list("env")).toEqual(["A=1", "B"]);
  });

  it.each([
    [["--foo"], "unknown flag: --foo"],
    [["-tx"], "unknown shorthand flag: 'x' in -x"],
    [["--name"], "flag needs an argument: --name"],
    [["-te"], "flag needs an argument: 'e' in -e"],
    [["---x"], "bad flag syntax: ---x"],
    [["-m", "x"], `invalid argument "x" for "-m, --memory" flag: invalid size: 'x'`],
    [["--tty=x"], `invalid argument "x" for "-t, --tty" flag: strconv.ParseBool: parsing "x": invalid syntax`],
  ])("refuses %j", (argv, message) => {
    expect(() => parse(argv)).toThrow(message);
  });

  it("stops at a request for help", () => {
    expect(() => parse(["--help"])).toThrow(HelpRequested);
    expect(() => parse(["-h"])).toThrow(HelpRequested);
    expect(() => parseFlags([help], ["--help=true"], { env: {} }, { interspersed: true })).toThrow(HelpRequested);
    expect(() => parseFlags([help], ["--help=bad"], { env: {} }, { interspersed: true })).toThrow(
      'invalid argument "bad" for "--help" flag: strconv.ParseBool: parsing "bad": invalid syntax',
    );
  });
});

const help: Flag = { name: "help", type: "bool", usage: "Print usage" };

describe("flagUsages()", () => {
  it("aligns usage, shows defaults, hides what is hidden and sorts by name", () => {
    expect(flagUsages(flags, 0).split("\n").slice(0, 4)).toEqual([
      "  -e, --env list            Variables",
      "  -i, --interactive         Keep stdin open",
      "  -m, --memory bytes        Memory limit",
      '      --name string         A name (default "box")',
    ]);
    expect(flagUsages(flags, 0)).not.toContain("secret");
  });
});
