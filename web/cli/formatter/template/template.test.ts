import { describe, expect, it } from "vitest";
import { Template } from "./template.ts";
import { GoFunction, Struct } from "./values.ts";

const data = new Struct("*test.Row", {
  ID: "abc",
  Count: 3,
  Running: true,
  Tags: ["x", "y"],
  Labels: { b: "2", a: "1" },
  Inner: new Struct("test.Inner", { Name: "n", None: null }),
  Label: new GoFunction(["string"], (name) => `label ${String(name)}`),
});

const render = (text: string) => new Template(text).execute(data);

describe("Template", () => {
  it.each([
    ["{{.ID}}-{{.Count}}", "abc-3"],
    ["{{ .Inner.Name }}{{/* nothing */}}", "n"],
    ["a {{- .ID -}} b", "aabcb"],
    ["{{if .Running}}up{{else}}down{{end}}", "up"],
    ["{{if not .Running}}up{{else if eq .ID `abc`}}abc{{else}}down{{end}}", "abc"],
    ["{{range .Tags}}[{{.}}]{{end}}", "[x][y]"],
    ["{{range $i, $t := .Tags}}{{$i}}{{$t}}{{end}}", "0x1y"],
    ["{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "a=1;b=2;"],
    ["{{range .Tags}}{{if eq . `y`}}{{break}}{{end}}{{.}}{{end}}", "x"],
    ["{{range .Tags}}{{if eq . `x`}}{{continue}}{{end}}{{.}}{{end}}", "y"],
    ["{{range .Inner.None}}x{{else}}none{{end}}", "none"],
    ["{{with .Inner}}{{.Name}}{{$.ID}}{{end}}", "nabc"],
    ["{{$x := .ID}}{{$x = `y`}}{{$x}}", "y"],
    ["{{index .Labels `a`}}{{index .Tags 1}}", "1y"],
    ["{{(index .Tags 0) | upper | printf `%s!`}}", "X!"],
    ["{{join .Tags `,`}} {{split `a/b` `/`}} {{title `one two`}}", "x,y [a b] One Two"],
    ["{{len .Tags}}{{len .ID}}{{len .Labels}}", "232"],
    ["{{.Labels}} {{.Tags}} {{.Inner}}", "map[a:1 b:2] [x y] {n <nil>}"],
    ["{{.Labels.nope}}", "<no value>"],
    ["{{json .Inner}} {{json .Tags}} {{json `<a>`}}", '{"Name":"n","None":null} ["x","y"] "<a>"'],
    ["{{json .Labels}}", '{"a":"1","b":"2"}'],
    ["{{.Label `x`}} {{`y` | .Label}}", "label x label y"],
    ["{{and .ID .Count}}{{or `` .ID}}{{lt 1 2}}{{ge 2.5 3.0}}", "3abctruefalse"],
    ["{{printf `%5d|%-4s|%q|%.2f|%x|%v|%T` 3 `a` `b` 1.5 255 true 1}}", '    3|a   |"b"|1.50|ff|true|int'],
    ['{{"a\\tb"}}', "a\tb"],
  ])("execute() renders %s", (text, expected) => {
    expect(render(text)).toBe(expected);
  });

  it.each([
    ["{{.ID", "template: :1: unclosed action"],
    ["{{foo}}", 'template: :1: function "foo" not defined'],
    ["{{end}}", "template: :1: unexpected {{end}}"],
    ["{{if .ID}}", "template: :1: unexpected EOF"],
    ["{{if}}{{end}}", "template: :1: missing value for if"],
    ["{{$x}}", 'template: :1: undefined variable "$x"'],
    ["{{break}}", "template: :1: {{break}} outside {{range}}"],
  ])("the constructor refuses %s", (text, message) => {
    expect(() => new Template(text)).toThrow(message);
  });

  it.each([
    ["{{.Foo}}", `template: :1:2: executing "" at <.Foo>: can't evaluate field Foo in type *test.Row`],
    ["{{.ID.Foo}}", `template: :1:5: executing "" at <.ID.Foo>: can't evaluate field Foo in type string`],
    [
      "x\n{{index .Tags 9}}",
      `template: :2:2: executing "" at <index .Tags 9>: error calling index: index out of range: 9`,
    ],
  ])("execute() says where %s fails", (text, message) => {
    expect(() => render(text)).toThrow(message);
  });
});
