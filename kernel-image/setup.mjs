/**
 * The one entry of all npm scripts: `node kernel-image/setup.mjs COMMAND [ARGUMENT...]`. Plain Node without packages, since
 * it is what installs them. What is here and in node-version.mjs runs on Node 12 too, to say that it is too old.
 */
import { nodeRefusal } from "./setup/node-version.mjs";

const refusal = nodeRefusal(process.versions.node);
if (refusal) {
  process.stderr.write(`${refusal}\n`);
  process.exitCode = 1;
} else {
  import("./setup/main.mjs").then(({ main }) => main(process.argv.slice(2)));
}
