import { invalidParameter } from "../../errdefs/errors.ts";
import type { UserSpec } from "./types.ts";

/** A container's own /etc/passwd and /etc/group, untrusted; empty where the image has none. */
export interface UserDatabase {
  readonly passwd: string;
  readonly group: string;
}

/** Bytes that are read of each of the two. */
const fileLimit = 1 << 20;

/** Reads who is known in a container. `read` answers files of its root filesystem, undefined for those that are not there. */
export async function readUserDatabase(
  read: (path: string, limit: number) => Promise<Uint8Array | undefined>,
): Promise<UserDatabase> {
  const text = async (path: string) => new TextDecoder().decode((await read(path, fileLimit)) ?? new Uint8Array(0));
  const [passwd, group] = await Promise.all([text("/etc/passwd"), text("/etc/group")]);
  return { passwd, group };
}

export interface ResolvedUser extends UserSpec {
  readonly home: string;
}

const largestId = 2 ** 31 - 1;

/**
 * Who `user` (`name|uid[:group|gid]`, "" is root) is in the container. `additional` are the groups of `--group-add`. Throws
 * `InvalidParameter` with Docker's text when a name is unknown.
 */
export function resolveUser(user: string, additional: readonly string[], database: UserDatabase): ResolvedUser {
  const colon = user.indexOf(":");
  const [name, groupName] = colon < 0 ? [user, ""] : [user.slice(0, colon), user.slice(colon + 1)];
  const groups = parseGroup(database.group);
  const entry = findUser(parsePasswd(database.passwd), name);
  const uid = entry?.uid ?? (name === "" ? 0 : parseId(name));
  if (uid === undefined) throw invalidParameter(`unable to find user ${name}: no matching entries in passwd file`);
  checkId(uid);
  const memberName = entry?.name ?? name;
  const gid = groupName === "" ? (entry?.gid ?? 0) : findGroup(groups, groupName);
  const memberOf =
    groupName === "" ? groups.filter(({ members }) => members.includes(memberName)).map((group) => group.gid) : [];
  const added = additional.map((group) => findGroup(groups, group));
  return { uid, gid, additionalGids: [...new Set([gid, ...memberOf, ...added])], home: entry?.home || "/" };
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

function findUser(entries: readonly PasswdEntry[], name: string): PasswdEntry | undefined {
  if (name === "") return entries.find((entry) => entry.uid === 0);
  return entries.find((entry) => entry.name === name) ?? entries.find((entry) => entry.uid === parseId(name));
}

function findGroup(entries: readonly GroupEntry[], name: string): number {
  const gid = entries.find((entry) => entry.name === name)?.gid ?? parseId(name);
  if (gid === undefined) throw invalidParameter(`unable to find group ${name}: no matching entries in group file`);
  checkId(gid);
  return gid;
}

function parseId(text: string): number | undefined {
  return /^-?\d+$/.test(text) ? Number(text) : undefined;
}

function checkId(id: number): void {
  if (id < 0 || id > largestId) throw invalidParameter(`uids and gids must be in range 0-${largestId}`);
}

function parsePasswd(text: string): readonly PasswdEntry[] {
  return rows(text).flatMap(([name = "", , uid = "", gid = "", , home = ""]) => {
    const ids = [parseId(uid), parseId(gid)];
    return name === "" || ids[0] === undefined ? [] : [{ name, uid: ids[0], gid: ids[1] ?? 0, home }];
  });
}

function parseGroup(text: string): readonly GroupEntry[] {
  return rows(text).flatMap(([name = "", , number = "", members = ""]) => {
    const gid = parseId(number);
    return name === "" || gid === undefined
      ? []
      : [{ name, gid, members: members.split(",").filter((member) => member !== "") }];
  });
}

function rows(text: string): readonly (readonly string[])[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"));
}
