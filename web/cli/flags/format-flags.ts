import type { Flag } from "./flag.ts";

/** `--format` of commands that show an object whole. */
export const objectFormatFlag: Flag = {
  name: "format",
  short: "f",
  type: "string",
  usage:
    "Format output using a custom template:\n'json':             Print in JSON format\n'TEMPLATE':         Print output using the given Go template.\nRefer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates",
};

/** `--format` of commands that list; their `-f` is `--filter`. */
export const tableFormatFlag: Flag = {
  name: "format",
  type: "string",
  usage:
    "Format output using a custom template:\n'table':            Print output in table format with column headers (default)\n'table TEMPLATE':   Print output in table format using the given Go template\n'json':             Print in JSON format\n'TEMPLATE':         Print output using the given Go template.\nRefer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates",
};
