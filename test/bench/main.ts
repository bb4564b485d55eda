import { writeFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { headlessRows } from "./headless.ts";
import { pageRows } from "./page.ts";
import { pullRows } from "./pull.ts";
import { printTable, type Row } from "./report.ts";

const usage = `Usage:  npm run bench -- [OPTIONS]

Measure Wherry, next to another engine when one is named

Options:
      --against string   Docker host to pair with, such as unix:///var/run/docker.sock; it must have the image busybox
      --registry string  Registry that both engines reach, for the pull (default: one that is started on loopback)
      --json string      File to write the figures to
      --only list        Parts to measure: headless, pull, page`;

const { values } = parseArgs({
  options: {
    against: { type: "string" },
    registry: { type: "string" },
    json: { type: "string" },
    only: { type: "string", multiple: true },
    help: { type: "boolean" },
  },
});

if (values.help) {
  console.log(usage);
} else {
  const wanted = (part: string) => !values.only || values.only.includes(part);
  console.log(`${cpus().length} x ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(2)}, Node ${process.version}\n`);
  const rows: Row[] = [];
  if (wanted("headless")) rows.push(...(await headlessRows(values.against)));
  if (wanted("pull")) rows.push(...(await pullRows(values.against, values.registry)));
  if (wanted("page")) rows.push(...(await pageRows()));
  printTable(rows);
  if (values.json) await writeFile(values.json, `${JSON.stringify(rows, undefined, 2)}\n`);
}
