import { jsonResponse, textResponse } from "./responses.ts";

/** An Engine API version, as its two numbers. */
export interface ApiVersion {
  readonly major: number;
  readonly minor: number;
}

export const currentVersion: ApiVersion = { major: 1, minor: 51 };
export const minimumVersion: ApiVersion = { major: 1, minor: 24 };

/** Splits `/v1.51/info` into the version and `/info`. The version is undefined where the path has none. */
export function splitVersion(path: string): { readonly version?: string; readonly rest: string } {
  const match = /^\/v([\d.]+)(\/.*)$/.exec(path);
  return match?.[1] && match[2] ? { version: match[1], rest: match[2] } : { rest: path };
}

export function parseVersion(text: string): ApiVersion {
  const [major, minor] = text.split(".");
  return { major: Number(major), minor: Number(minor ?? 0) };
}

export function formatVersion(version: ApiVersion): string {
  return `${version.major}.${version.minor}`;
}

export function isBefore(version: ApiVersion, minor: number): boolean {
  return version.major < 1 || (version.major === 1 && version.minor < minor);
}

/** What a client of a version that is not served gets, or undefined. Those before 1.24 know errors as plain text only. */
export function refuseVersion(text: string): Response | undefined {
  const [major = 0, minor = 0, ...rest] = text.split(".").map(Number);
  if (isBefore({ major, minor }, minimumVersion.minor)) {
    return textResponse(
      `client version ${text} is too old. Minimum supported API version is ${formatVersion(minimumVersion)}, please upgrade your client to a newer version\n`,
      400,
      { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" },
    );
  }
  const current = !isBefore({ major, minor }, currentVersion.minor) && rest.some((part) => part > 0);
  if (current || !isBefore({ major, minor }, currentVersion.minor + 1)) {
    const message = `client version ${text} is too new. Maximum supported API version is ${formatVersion(currentVersion)}`;
    return jsonResponse({ message }, 400);
  }
  return undefined;
}
