import type { ContainerConfig } from "../api/types/container.ts";

/** The program and its arguments: entrypoint, then command. An entrypoint of one empty word is none. */
export function commandLine(config: Partial<Pick<ContainerConfig, "Entrypoint" | "Cmd">>): readonly string[] {
  const entrypoint = config.Entrypoint ?? [];
  const words = entrypoint.length === 1 && entrypoint[0] === "" ? [] : entrypoint;
  return [...words, ...(config.Cmd ?? [])];
}
