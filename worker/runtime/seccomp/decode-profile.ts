import { errorMessage, invalidParameter } from "../../errdefs/errors.ts";
import { array, type Decode, type Decoded, integer, string, struct } from "../../internal/decode.ts";
import type { ArgumentCheck, RuleFilter, SeccompProfile, SyscallRule } from "./profile.ts";

const check: Decode<ArgumentCheck> = (value, path) => {
  const { index = 0, value: compared = 0, op = "", ...rest } = checkMembers(value, path);
  return { index, value: compared, op, ...rest };
};

const checkMembers = struct<ArgumentCheck>({ index: integer, value: integer, valueTwo: integer, op: string });

const filter = struct<RuleFilter>({ caps: array(string), arches: array(string), minKernel: string });

const rule: Decode<SyscallRule> = (value, path) => {
  const { action = "", ...rest } = ruleMembers(value, path);
  return { action, ...rest };
};

const ruleMembers = struct<SyscallRule>({
  names: array(string),
  name: string,
  action: string,
  errnoRet: integer,
  args: array(check),
  includes: filter,
  excludes: filter,
});

const profile = struct<SeccompProfile>({
  defaultAction: string,
  defaultErrnoRet: integer,
  syscalls: array(rule),
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
    return profile(JSON.parse(text) ?? {}, "");
  } catch (error) {
    throw invalidParameter(`Decoding seccomp profile failed: ${errorMessage(error)}`);
  }
}
