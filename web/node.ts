import { daemon } from "../worker/node.ts";
import { processContext } from "./cli/context.node.ts";
import { docker } from "./cli/docker.ts";
import { HttpEngineClient } from "./client/http.node.ts";
import { serve } from "./server/serve.node.ts";

/** `wherry`: serves the page; `wherry daemon`: runs the engine; anything else is the docker command. */
async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  if (command === undefined || command === "serve") return serve(rest);
  if (command.startsWith("--") && command !== "--version") return serve(argv);
  if (command === "daemon") return daemon(rest);
  return docker(processContext(argv), new HttpEngineClient(process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock"));
}

process.exit(await main(process.argv.slice(2)));
