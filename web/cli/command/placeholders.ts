import type { Cli } from "../cli.ts";
import type { Command } from "../command.ts";

/** A group whose commands are known by name alone. */
interface Placeholders extends Partial<Command> {
  readonly name: string;
  readonly short: string;
  /** Each `VERB Its short description`. */
  readonly verbs: readonly string[];
  /** What all of them do. */
  readonly answer: (cli: Cli, verb: string) => Promise<void>;
}

export function placeholders({ name, short, verbs, answer, ...more }: Placeholders): Command {
  return {
    name,
    use: name,
    short,
    ...more,
    subcommands: verbs.map((line): Command => {
      const [verb = "", ...words] = line.split(" ");
      return {
        name: verb,
        use: `${verb} [OPTIONS]`,
        short: words.join(" "),
        anyWords: true,
        run: (cli) => answer(cli, verb),
      };
    }),
  };
}
