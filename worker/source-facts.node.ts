import { execFileSync } from "node:child_process";

/**
 * For Vite's `define`: which commit a build is of, and that commit's time, so that the same sources build the same. Empty in
 * sources without git.
 */
export function sourceFacts(top: string): Readonly<Record<"__COMMIT__" | "__BUILT__", string>> {
  const [commit = "", built = ""] = lastCommit(top).trim().split("\n");
  return { __COMMIT__: JSON.stringify(commit), __BUILT__: JSON.stringify(built) };
}

function lastCommit(top: string): string {
  try {
    const argv = ["-C", top, "log", "-1", "--format=%h%n%cI"];
    return execFileSync("git", argv, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return "";
  }
}
