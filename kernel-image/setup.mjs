/**
 * The one entry of all npm scripts: `node kernel-image/setup.mjs COMMAND [ARGUMENT...]`. Plain Node without packages, since
 * it is what installs them.
 */
import { commands } from "./setup/commands.mjs";
import { SetupFailure } from "./setup/failure.mjs";
import { Progress } from "./setup/progress.mjs";

const [name = "", ...args] = process.argv.slice(2);
const command = commands[name];
if (command) {
  try {
    process.exitCode = await command(args, new Progress());
  } catch (error) {
    process.stderr.write(
      `${error instanceof SetupFailure ? error.message : error instanceof Error ? error.stack : error}\n`,
    );
    process.exitCode = 1;
  }
} else {
  process.stderr.write(`Usage: node kernel-image/setup.mjs ${Object.keys(commands).join("|")} [ARGUMENT...]\n`);
  process.exitCode = 2;
}
