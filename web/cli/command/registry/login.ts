import type { Cli } from "../../cli.ts";
import type { Command } from "../../command.ts";
import { type AuthConfig, hubServer } from "../../config-file.ts";
import { Canceled, CliError, messageOf } from "../../errors.ts";
import type { ParsedFlags } from "../../flags/parse.ts";

export const loginCommand: Command = {
  name: "login",
  use: "login [OPTIONS] [SERVER]",
  short: "Authenticate to a registry",
  long: "Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.",
  flags: [
    { name: "password", short: "p", type: "string", usage: "Password or Personal Access Token (PAT)" },
    { name: "password-stdin", type: "bool", usage: "Take the Password or Personal Access Token (PAT) from stdin" },
    { name: "username", short: "u", type: "string", usage: "Username" },
  ],
  category: "common",
  args: { max: 1 },
  complete: { kind: "none" },
  run: runLogin,
};

export const logoutCommand: Command = {
  name: "logout",
  use: "logout [SERVER]",
  short: "Log out from a registry",
  long: "Log out from a registry.\nIf no server is specified, the default is defined by the daemon.",
  category: "common",
  args: { max: 1 },
  run: runLogout,
};

interface LoginAnswer {
  readonly Status: string;
  readonly IdentityToken?: string;
}

async function runLogin(cli: Cli, flags: ParsedFlags): Promise<void> {
  checkFlags(flags);
  if (flags.changed("password")) {
    await cli.err.line("WARNING! Using --password via the CLI is insecure. Use --password-stdin.");
  }
  const server = serverOf(flags.args[0]);
  const auth = await credentials(cli, flags, server);
  const answer = await cli.api.json<LoginAnswer>("POST", "/auth", { json: auth });
  const token = answer.IdentityToken;
  const isNew = await store(cli, server, token ? { identitytoken: token } : auth);
  if (isNew && !token) await cli.err.write(unencrypted(cli.config.path));
  await cli.out.line(answer.Status);
}

/** @returns false when the same was there already */
async function store(cli: Cli, server: string, auth: AuthConfig): Promise<boolean> {
  try {
    return await cli.config.store(server, auth);
  } catch (error) {
    throw new CliError(`Error saving credentials: ${messageOf(error)}`, 1, { cause: error });
  }
}

function unencrypted(path: string): string {
  return (
    `\nWARNING! Your credentials are stored unencrypted in '${path}'.\n` +
    "Configure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n\n"
  );
}

/** A note on stderr, in colours where that is a terminal. */
async function note(cli: Cli, text: string): Promise<void> {
  const shown = cli.err.isTerminal
    ? `\u001b[1m\u001b[106m\u001b[30mi\u001b[0m\u001b[0m \u001b[96mInfo → \u001b[0m\u001b[0m\u001b[3m${text}\u001b[0m`
    : ` Info -> ${text}`;
  await cli.err.write(`\n${shown}\n\n\n`);
}

function checkFlags(flags: ParsedFlags): void {
  if (flags.changed("password-stdin")) {
    if (flags.changed("password")) {
      throw new CliError("conflicting options: cannot specify both --password and --password-stdin");
    }
    if (!flags.changed("username")) throw new CliError("the --password-stdin option requires --username to be set");
  }
  for (const name of ["username", "password"]) {
    if (flags.changed(name) && flags.string(name) === "") throw new CliError(`${name} is empty`);
  }
}

function serverOf(argument: string | undefined): string {
  if (argument === undefined || argument === "docker.io" || argument === "") return hubServer;
  return argument;
}

async function credentials(cli: Cli, flags: ParsedFlags, server: string): Promise<AuthConfig> {
  let username = flags.string("username");
  let password = flags.bool("password-stdin") ? await cli.readAll() : flags.string("password");
  password = password.replace(/\r?\n$/, "");
  if (username === "" && password === "") {
    const stored = await cli.config.auth(server);
    if (stored?.username && stored.password) {
      await cli.err.line(`Authenticating with existing credentials... [Username: ${stored.username}]`);
      await note(cli, "To login with a different account, run 'docker logout' followed by 'docker login'");
      return { ...stored, serveraddress: server };
    }
  }
  if ((username === "" || password === "") && !cli.context.tty.stdin) {
    throw new CliError("Error: Cannot perform an interactive login from a non TTY device");
  }
  if (username === "") username = await ask(cli, "Username: ");
  if (username === "") throw new CliError("Error: Non-null Username Required");
  if (password === "") password = await askSecretly(cli, "Password: ");
  if (password === "") throw new CliError("Error: Password Required");
  return { username, password, serveraddress: server };
}

async function ask(cli: Cli, prompt: string): Promise<string> {
  await cli.out.write(prompt);
  try {
    return (await cli.readLine()).trim();
  } catch (error) {
    if (!cli.signal.aborted) throw error;
    await cli.out.write("\n");
    throw new Canceled();
  }
}

/** What is typed does not show. */
async function askSecretly(cli: Cli, prompt: string): Promise<string> {
  await cli.out.write(prompt);
  await cli.context.setRaw(true);
  try {
    return edited(await cli.readLine()).trim();
  } finally {
    await cli.context.setRaw(false);
    await cli.out.write("\n");
  }
}

/**
 * What is left of a line that was typed in raw mode, where nobody else takes care of the keys that edit it.
 * @throws Canceled when it was broken off with Ctrl-C
 */
function edited(text: string): string {
  if (text.includes("\u0003")) throw new Canceled();
  const line = text.slice(text.lastIndexOf("\u0015") + 1);
  let kept = "";
  for (const key of line) kept = /[\b\u007f]/.test(key) ? kept.slice(0, -1) : kept + key;
  return kept;
}

async function runLogout(cli: Cli, flags: ParsedFlags): Promise<void> {
  const given = serverOf(flags.args[0]);
  const server = given === hubServer ? given : given.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  await cli.out.line(`Removing login credentials for ${server}`);
  try {
    await cli.config.erase(server);
  } catch (error) {
    throw new CliError(`WARNING: could not erase credentials:\n${messageOf(error)}`);
  }
}
