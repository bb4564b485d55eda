/** A seccomp profile as Docker's `--security-opt seccomp=FILE` takes it. */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly syscalls?: readonly SyscallRule[];
}

export interface SyscallRule {
  readonly names?: readonly string[];
  /** The older spelling of a single name. */
  readonly name?: string;
  readonly action: string;
  readonly errnoRet?: number;
  /** All have to hold. */
  readonly args?: readonly ArgumentCheck[];
  readonly includes?: RuleFilter;
  readonly excludes?: RuleFilter;
}

/** `SCMP_CMP_MASKED_EQ`: (argument & value) == valueTwo. */
export interface ArgumentCheck {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

/** Any one of the capabilities or architectures makes it match. */
export interface RuleFilter {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  /** Such as `4.8`. */
  readonly minKernel?: string;
}

/** What the rules of a profile may depend on. */
export interface SeccompContext {
  readonly capabilities: readonly string[];
  /** The kernel's release, as `uname -r` says it. */
  readonly kernel: string;
}

const architecture = "x86";

/** The rules that apply to a container on i386. */
export function applicableRules(profile: SeccompProfile, context: SeccompContext): readonly SyscallRule[] {
  return (profile.syscalls ?? []).filter(({ includes = {}, excludes = {} }) => {
    if (excludes.arches?.includes(architecture)) return false;
    if (excludes.caps?.some((capability) => context.capabilities.includes(capability))) return false;
    if (excludes.minKernel && atLeast(context.kernel, excludes.minKernel)) return false;
    if (includes.arches?.length && !includes.arches.includes(architecture)) return false;
    if (includes.caps?.length && !includes.caps.every((capability) => context.capabilities.includes(capability)))
      return false;
    return !includes.minKernel || atLeast(context.kernel, includes.minKernel);
  });
}

function atLeast(release: string, wanted: string): boolean {
  const [major, minor] = versionOf(release);
  const [wantedMajor, wantedMinor] = versionOf(wanted);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** Major and minor: `6.12.38-wherry` is 6 and 12. */
function versionOf(text: string): readonly [number, number] {
  const [, major = 0, minor = 0] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return [Number(major), Number(minor)];
}
