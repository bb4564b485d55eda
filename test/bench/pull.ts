import { readFile } from "node:fs/promises";
import { buildImage, pushImage, startRegistry } from "../support/registry.node.ts";
import { startDaemon } from "../support/wherry.ts";
import { checked, row } from "./headless.ts";
import type { Row } from "./report.ts";
import { measure } from "./sample.ts";

const layers = 3;
/** Bytes of each layer before compression: pieces of this Node's own program, which shrinks to about a third. */
const layerSize = 30 << 20;

/** How long a pull takes until the image can be run: downloaded, verified, unpacked. */
export async function pullRows(against: string | undefined, registry: string | undefined): Promise<Row[]> {
  const program = await readFile(process.execPath);
  const image = buildImage({
    layers: Array.from({ length: layers }, (_, index) => ({
      [`piece-${index}`]: program.subarray(index * layerSize, (index + 1) * layerSize),
    })),
  });
  const megabytes = image.layers.reduce((sum, { bytes }) => sum + bytes.length, 0) / 1e6;
  const own = registry ? undefined : await startRegistry();
  const host = registry ?? own?.host ?? "";
  const daemon = await startDaemon();
  try {
    await pushImage(host, "wherry-bench:latest", image);
    const name = `${host}/wherry-bench:latest`;
    const subjects = [checked(daemon.host), ...(against ? [checked(against)] : [])];
    const pulls = subjects.map((docker) => () => docker("pull", "-q", name));
    const forget = async (subject: number) => subjects[subject]?.("rmi", "-f", name).catch(() => undefined);
    const samples = await measure(pulls, { runs: 5, warmup: 1, before: forget });
    for (const subject of subjects.keys()) await forget(subject);
    return [row(`pull of ${megabytes.toFixed(0)} MB in ${layers} layers`, samples, "2.0x")];
  } finally {
    await daemon.stop();
    await own?.stop();
  }
}
