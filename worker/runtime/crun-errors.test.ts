import { expect, test } from "vitest";
import { translateCrunFailure } from "./crun-errors.ts";

const line = (msg: string) => `${JSON.stringify({ msg, level: "error", time: "2026-01-01T00:00:00Z" })}\n`;
const create =
  "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ";
const exec = "OCI runtime exec failed: exec failed: unable to start container process: ";

test("translateCrunFailure() says in Docker's words what crun 1.8.1 says in its own", () => {
  const said = [
    [
      "create",
      "executable file `foo` not found in $PATH: No such file or directory",
      "foo",
      `${create}exec: "foo": executable file not found in $PATH`,
      127,
    ],
    [
      "create",
      "executable file `/nofoo` not found in $PATH: No such file or directory",
      "/nofoo",
      `${create}exec: "/nofoo": stat /nofoo: no such file or directory`,
      127,
    ],
    [
      "create",
      "open executable: Permission denied",
      "/etc/passwd",
      `${create}exec: "/etc/passwd": permission denied`,
      126,
    ],
    [
      "create",
      "open executable: Operation not permitted",
      "/etc",
      `${create}exec: "/etc": is a directory: permission denied`,
      126,
    ],
    [
      "create",
      "setrlimit `RLIMIT_NOFILE`: Operation not permitted",
      "true",
      `${create}error setting rlimits for ready process: error setting rlimit type 7: operation not permitted`,
      128,
    ],
    ["create", "chdir `/etc/passwd`: Not a directory", "true", "Cannot mkdir: /etc/passwd is not a directory", 128],
    [
      "exec",
      "executable file `foo` not found in $PATH: No such file or directory",
      "foo",
      `${exec}exec: "foo": executable file not found in $PATH`,
      127,
    ],
    ["exec", "open executable: Permission denied", "/etc/passwd", `${exec}exec: "/etc/passwd": permission denied`, 126],
    [
      "exec",
      "chdir `/nodir`: No such file or directory",
      "true",
      `${exec}chdir to cwd ("/nodir") set in config.json failed: no such file or directory`,
      127,
    ],
    [
      "create",
      "the sysctl `net.core.somaxconn` requires a new network namespace",
      "true",
      `${create.split("unable")[0]}sysctl "net.core.somaxconn" not allowed in host network namespace`,
      128,
    ],
    [
      "exec",
      "chdir `/etc/passwd`: Not a directory",
      "true",
      `${exec}chdir to cwd ("/etc/passwd") set in config.json failed: not a directory: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type`,
      127,
    ],
    [
      "create",
      "the sysctl `foo.bar` is not namespaced",
      "true",
      `${create}sysctl "foo.bar" is not in a separate kernel namespace`,
      128,
    ],
  ] as const;
  for (const [kind, message, argv0, expected, exitCode] of said) {
    expect(translateCrunFailure(kind, line(message), argv0)).toMatchObject({ message: expected, exitCode });
  }
});

test("translateCrunFailure() gives the kernel's reason as Go would", () => {
  const message = "open /proc/sys/net/foo: No such file or directory";
  expect(translateCrunFailure("create", line(message), "x").message).toBe(
    `${create}open /proc/sys/net/foo: no such file or directory`,
  );
});

test("translateCrunFailure() passes over warnings, and keeps text that is no JSON", () => {
  const warning = `${JSON.stringify({ msg: "only a warning", level: "warning" })}\n`;
  expect(translateCrunFailure("create", `${line("first")}${warning}`, "x").message).toBe(`${create}first`);
  expect(translateCrunFailure("create", "Segmentation fault\n", "x").message).toBe(`${create}Segmentation fault`);
});
