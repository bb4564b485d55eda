import { expect, test } from "vitest";
import { checkLogConfig, readLogSettings } from "./log-options.ts";

const container = {
  ...{ id: "0123456789abcdef", name: "web", imageId: "sha256:fedcba9876543210", image: "busybox", command: "sh -c x" },
  labels: { tier: "front end", other: "x" },
  env: ["STAGE=test", "STAGED=", "bad"],
};
const settings = (options: Record<string, string>, driver = "json-file") => readLogSettings(driver, options, container);

test("readLogSettings() reads how much is kept", () => {
  expect(settings({}).capacity).toBe(8 << 20);
  expect(settings({ "max-size": "10k", "max-file": "3" }).capacity).toBe(30_720);
  expect(settings({ "max-size": "1.5m" }).capacity).toBe(1_572_864);
  expect(settings({}, "none").capacity).toBe(0);
});

test("readLogSettings() puts labels, variables and the tag into the details", () => {
  expect(settings({}).details).toBe("");
  expect(settings({ labels: "tier,none", env: "STAGE" }).details).toBe("STAGE=test,tier=front+end");
  expect(settings({ "env-regex": "^STAGE", "labels-regex": "^o" }).details).toBe("STAGE=test,STAGED=,other=x");
  expect(settings({ tag: "{{.Name}}/{{ .ID }}*~" }).details).toBe("tag=web%2F0123456789ab%2A~");
});

test.each([
  [{ "max-size": "bad" }, "invalid size: 'bad'"],
  [{ "max-size": "0" }, "max-size must be a positive number"],
  [{ "max-file": "0" }, "max-file cannot be less than 1"],
  [{ "max-file": "x" }, 'strconv.Atoi: parsing "x": invalid syntax'],
  [{ compress: "true" }, "compress cannot be true when max-file is less than 2 or max-size is not set"],
  [{ "labels-regex": "[" }, "error parsing regexp: missing closing ]"],
  [{ tag: "{{.Bogus}}" }, "template: log-tag"],
])("readLogSettings() refuses %j", (options, reason) => {
  expect(() => settings(options)).toThrow(
    `failed to create task for container: failed to initialize logging driver: ${reason}`,
  );
});

test.each([
  ["bogus", {}, 'error looking up logging plugin bogus: plugin "bogus" not found'],
  ["json-file", { bogus: "1" }, "unknown log opt 'bogus' for json-file log driver"],
  ["local", { tag: "x" }, "unknown log opt 'tag' for log driver local"],
  ["json-file", { mode: "bogus" }, "logger: logging mode not supported: bogus"],
  [
    "json-file",
    { "max-buffer-size": "1m" },
    "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
  ],
])("checkLogConfig() refuses %s %j", (driver, options, reason) => {
  expect(() => checkLogConfig(driver, options)).toThrow(reason);
});

test("checkLogConfig() takes what Docker takes", () => {
  checkLogConfig("none", { "max-size": "1m" });
  checkLogConfig("local", { "max-size": "bad", compress: "true" });
  checkLogConfig("json-file", { mode: "non-blocking", "max-buffer-size": "1m", tag: "x" });
});
