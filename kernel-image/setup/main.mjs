import { commands } from "./commands.mjs";
import { SetupFailure, systemFailure } from "./failure.mjs";
import { Progress } from "./progress.mjs";

/**
 * Runs a command, and sets the exit code.
 * @param {readonly string[]} argv
 */
export async function main([name = "", ...args]) {
  const command = commands[name];
  if (!command) {
    process.stderr.write(`Usage: node kernel-image/setup.mjs ${Object.keys(commands).join("|")} [ARGUMENT...]\n`);
    process.exitCode = 2;
    return;
  }
  try {
    process.exitCode = await command(args, new Progress());
  } catch (error) {
    const failure = error instanceof SetupFailure ? error : systemFailure(error);
    process.stderr.write(`${failure ? failure.message : error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 1;
  }
}
