import { expect, test } from "vitest";
import { parseChallenges } from "./challenge.ts";

test.each([
  [null, []],
  ["", []],
  ["Basic", [{ scheme: "basic", parameters: {} }]],
  ['Basic realm="a b"', [{ scheme: "basic", parameters: { realm: "a b" } }]],
  [
    'Bearer realm="https://auth.example/token",service="reg",scope="repository:a/b:pull,push",error="insufficient_scope"',
    [
      {
        scheme: "bearer",
        parameters: {
          realm: "https://auth.example/token",
          service: "reg",
          scope: "repository:a/b:pull,push",
          error: "insufficient_scope",
        },
      },
    ],
  ],
  [
    'Bearer realm="r\\"x", Basic realm=y',
    [
      { scheme: "bearer", parameters: { realm: 'r"x' } },
      { scheme: "basic", parameters: { realm: "y" } },
    ],
  ],
  [
    "Negotiate, Basic realm=z",
    [
      { scheme: "negotiate", parameters: {} },
      { scheme: "basic", parameters: { realm: "z" } },
    ],
  ],
  ['realm="x"', []],
  [`Basic realm="${"x".repeat(9000)}"`, []],
])("parseChallenges() reads %j", (header, expected) => {
  expect(parseChallenges(header).map(({ scheme, parameters }) => ({ scheme, parameters: { ...parameters } }))).toEqual(
    expected,
  );
});

test("parseChallenges() takes a hostile header in linear time", () => {
  expect(parseChallenges(`Bearer ${'a="'.repeat(2000)}`)).toHaveLength(1);
});
