import { type Command, type CommandPath, fullName, useLine } from "./command.ts";
import { flagUsages } from "./flags/usage.ts";

/** Columns assumed when stdin is no terminal. */
export const defaultWidth = 80;

/** The help text of a command, without a newline after the last line's own. */
export function helpText(path: CommandPath, width: number): string {
  const { command } = path;
  const isRoot = path.parents.length === 0;
  const sections = [`Usage:  ${usage(path)}\n\n${(command.long ?? command.short).trim()}`];
  if (command.aliases?.length) sections.push(`Aliases:\n  ${command.aliases.join(", ")}`);
  if (command.example) sections.push(`Examples:\n${command.example}`);
  const usages = flagUsages(command.flags ?? [], width - 1).trimEnd();
  if (!isRoot && usages) sections.push(`Options:\n${usages}`);
  if (command.subcommands) sections.push(...commandSections(command, isRoot));
  if (isRoot && usages) sections.push(`Global Options:\n${usages}`);
  if (command.subcommands) sections.push(`Run '${fullName(path)} COMMAND --help' for more information on a command.`);
  if (isRoot) sections.push("For more help on how to use Docker, head to https://docs.docker.com/go/guides/");
  return `${sections.join("\n\n")}\n`;
}

function usage(path: CommandPath): string {
  if (!path.command.subcommands) return useLine(path);
  const options = path.parents.length === 0 || path.command.flags?.length ? " [OPTIONS]" : "";
  return `${fullName(path)}${options} COMMAND`;
}

function commandSections(group: Command, isRoot: boolean): string[] {
  const shown = (group.subcommands ?? []).filter((command) => !command.hidden);
  const sorted = shown.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const common = isRoot ? shown.filter((command) => command.category === "common") : [];
  const rest = sorted.filter((command) => !common.includes(command));
  const padding = Math.max(11, ...(group.subcommands ?? []).map((command) => command.name.length));
  const section = (title: string, commands: readonly Command[]) =>
    commands.length === 0
      ? []
      : [`${title}:\n${commands.map((each) => `  ${each.name.padEnd(padding)} ${each.short}`).join("\n")}`];
  return [
    ...section("Common Commands", common),
    ...section(
      "Management Commands",
      rest.filter((each) => each.subcommands && each.category !== "swarm"),
    ),
    ...section(
      "Swarm Commands",
      rest.filter((each) => each.subcommands && each.category === "swarm"),
    ),
    ...section(
      "Commands",
      rest.filter((each) => !each.subcommands),
    ),
  ];
}
