import { expect, test } from "vitest";
import { compileSeccomp } from "./compile.ts";
import { decodeSeccompProfile } from "./decode-profile.ts";

const context = { capabilities: [], kernel: "6.12.38" } as const;
const profile = (members: object) => JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", ...members });
const rule = (members: object) => profile({ syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_ERRNO", ...members }] });

test.each(["{}", "null", '{"defaultAction":""}', '{"syscalls":[]}', '{"syscalls":null}'])(
  "%s filters nothing",
  (text) => {
    expect(decodeSeccompProfile(text)).toBeUndefined();
  },
);

test.each([
  ["[]", "json: cannot unmarshal array into Go value of type seccomp.Seccomp"],
  ["{", "unexpected end of JSON input"],
  ["{} x", "invalid character 'x' after top-level value"],
  [
    profile({ defaultAction: 5 }),
    "json: cannot unmarshal number into Go struct field Seccomp.defaultAction of type specs.LinuxSeccompAction",
  ],
  [
    profile({ syscalls: 5 }),
    "json: cannot unmarshal number into Go struct field Seccomp.syscalls of type []*seccomp.Syscall",
  ],
  [profile({ syscalls: [5] }), "json: cannot unmarshal number into Seccomp.syscalls.0 of type seccomp.Syscall"],
  [
    rule({ args: [{ index: "0" }] }),
    "json: cannot unmarshal string into Go struct field Seccomp.syscalls.0.args.0.index of type uint",
  ],
  [
    rule({ name: "mkdir" }),
    "both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'",
  ],
])("%s is refused", (text, message) => {
  const prefix = message.startsWith("both") ? "" : "Decoding seccomp profile failed: ";
  expect(() => decodeSeccompProfile(text)).toThrow(`${prefix}${message}`);
});

test.each([
  [profile({ defaultAction: "BOGUS" }), "string BOGUS is not a valid action for seccomp"],
  [rule({ action: undefined }), "string  is not a valid action for seccomp"],
  [
    JSON.stringify({ syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_ERRNO" }] }),
    "string  is not a valid action for seccomp",
  ],
  [rule({ args: [{ index: 0, op: "Y" }] }), "string Y is not a valid operator for seccomp"],
])("%s cannot be started with", (text, message) => {
  const decoded = decodeSeccompProfile(text);
  const runc =
    "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: ";
  expect(() => decoded && compileSeccomp(decoded, context)).toThrow(`${runc}${message}`);
});
