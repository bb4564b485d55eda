import type { Command } from "../command.ts";

/** Listings of Swarm, which the engine refuses in its own words as long as it is no manager. */
function listing(name: string, short: string, path: string): Command {
  return {
    name,
    use: name,
    short,
    category: "swarm",
    hidden: true,
    subcommands: [
      {
        name: "ls",
        use: "ls [OPTIONS]",
        short: `List ${path.slice(1)}`,
        complete: { kind: "none" },
        run: async (cli) => await cli.api.send("GET", path),
      },
    ],
  };
}

/** Hidden, as Docker hides them from a client of an engine that manages no swarm. */
export const swarmGroups: readonly Command[] = [
  listing("config", "Manage Swarm configs", "/configs"),
  listing("node", "Manage Swarm nodes", "/nodes"),
  listing("secret", "Manage Swarm secrets", "/secrets"),
  listing("service", "Manage Swarm services", "/services"),
  listing("stack", "Manage Swarm stacks", "/services"),
];
