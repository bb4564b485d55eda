import type { Command } from "../command.ts";
import { placeholders } from "./placeholders.ts";

/** A group of Swarm's: the engine refuses all of it in its own words as long as it is no manager. */
function group(name: string, what: string, verbs: readonly string[]): Command {
  return placeholders({
    name,
    short: `Manage Swarm ${what}`,
    category: "swarm",
    hidden: true,
    verbs,
    answer: (cli) => cli.api.send("GET", "/nodes"),
  });
}

/** Hidden, as Docker hides them from a client of an engine that manages no swarm. */
export const swarmGroups: readonly Command[] = [
  group("config", "configs", [
    "create Create a config from a file or STDIN",
    "inspect Display detailed information on one or more configs",
    "ls List configs",
    "rm Remove one or more configs",
  ]),
  group("node", "nodes", [
    "demote Demote one or more nodes from manager in the swarm",
    "inspect Display detailed information on one or more nodes",
    "ls List nodes in the swarm",
    "promote Promote one or more nodes to manager in the swarm",
    "ps List tasks running on one or more nodes, defaults to current node",
    "rm Remove one or more nodes from the swarm",
    "update Update a node",
  ]),
  group("secret", "secrets", [
    "create Create a secret from a file or STDIN as content",
    "inspect Display detailed information on one or more secrets",
    "ls List secrets",
    "rm Remove one or more secrets",
  ]),
  group("service", "services", [
    "create Create a new service",
    "inspect Display detailed information on one or more services",
    "logs Fetch the logs of a service or task",
    "ls List services",
    "ps List the tasks of one or more services",
    "rm Remove one or more services",
    "rollback Revert changes to a service's configuration",
    "scale Scale one or multiple replicated services",
    "update Update a service",
  ]),
  group("stack", "stacks", [
    "config Outputs the final config file, after doing merges and interpolations",
    "deploy Deploy a new stack or update an existing stack",
    "ls List stacks",
    "ps List the tasks in the stack",
    "rm Remove one or more stacks",
    "services List the services in the stack",
  ]),
];
