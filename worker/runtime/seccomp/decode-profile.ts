import { errorMessage, invalidParameter } from "../../errdefs/errors.ts";
import { array, type Decoded, string, strings, struct, structWith, text, uint, uint64 } from "../../internal/decode.ts";
import { jsonSyntaxError } from "../../internal/json-syntax.ts";
import type { ArgumentCheck, RuleFilter, SeccompProfile, SyscallRule } from "./profile.ts";

const check = structWith<ArgumentCheck>(
  "specs.LinuxSeccompArg",
  { index: 0, value: 0, op: "" },
  { index: uint, value: uint64, valueTwo: uint64, op: text("specs.LinuxSeccompOperator") },
);

const filter = struct<RuleFilter>("seccomp.Filter", { caps: strings, arches: strings, minKernel: string });

const action = text("specs.LinuxSeccompAction");

const rule = structWith<SyscallRule>(
  "seccomp.Syscall",
  { action: "" },
  {
    names: strings,
    name: string,
    action,
    errnoRet: uint,
    args: array(check, "[]*specs.LinuxSeccompArg"),
    includes: filter,
    excludes: filter,
  },
);

const profile = struct<SeccompProfile>("seccomp.Seccomp", {
  defaultAction: action,
  defaultErrnoRet: uint,
  syscalls: array(rule, "[]*seccomp.Syscall"),
});

/**
 * Reads what `--security-opt seccomp=FILE` sent; undefined for a profile that says nothing at all: no filter then. Throws
 * `InvalidParameter` for what is no profile, with Docker's texts.
 */
export function decodeSeccompProfile(text: string): SeccompProfile | undefined {
  const { defaultAction = "", ...rest } = parse(text);
  if (rest.syscalls?.some((rule) => rule.name && rule.names?.length)) {
    throw invalidParameter(
      "both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'",
    );
  }
  return defaultAction === "" && !rest.syscalls?.length ? undefined : { defaultAction, ...rest };
}

function parse(text: string): Decoded<SeccompProfile> {
  try {
    return profile.decode(JSON.parse(text) ?? {}, "Seccomp");
  } catch (error) {
    const reason = (jsonSyntaxError(text) ?? errorMessage(error)).replace(
      /^unexpected EOF$/,
      "unexpected end of JSON input",
    );
    throw invalidParameter(`Decoding seccomp profile failed: ${reason}`);
  }
}
