import { execFileSync } from "node:child_process";

const wanted = 28;
const [, major = "0"] = / (\d+)\./.exec(execFileSync("docker", ["--version"], { encoding: "utf8" })) ?? [];

/**
 * Whether the docker command on the PATH is older than the one that the tests compare with. Debian 12's own is: it lacks flags,
 * and words some answers of its own otherwise.
 */
export const olderDocker = Number(major) < wanted;
