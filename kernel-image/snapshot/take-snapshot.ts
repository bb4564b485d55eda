/**
 * Boots the guest once and writes its state: what every later start of a machine begins with. The set-up bundles this with
 * the machine's own adapter and runs it, so that both agree on every device.
 *
 *     node take-snapshot.js identity
 *     node take-snapshot.js take WASM BIOS VGABIOS KERNEL INITRAMFS OUTPUT
 */
import { readFile, writeFile } from "node:fs/promises";
import { encodeFrame, type Frame, FrameReader } from "../../worker/internal/wire/frames.ts";
import { FrameType, PROTOCOL_VERSION } from "../../worker/shim/protocol.ts";
import type { AgentPort } from "../../worker/vm/machine.ts";
import { machineIdentity } from "../../worker/vm/v86/identity.ts";
import { takeSnapshot } from "../../worker/vm/v86/snapshot.ts";

const { memory, commandLine } = machineIdentity;

const quiesceId = 1;

/** Waits for the agent, and then until it has dropped its caches and zeroed what is free. */
function quiesce(port: AgentPort): Promise<void> {
  return new Promise((resolve, reject) => {
    const hear = ({ type, id, payload }: Frame): void => {
      const word = new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getUint32(0, true);
      if (type === FrameType.READY && word !== PROTOCOL_VERSION) {
        reject(new Error(`Cannot use the agent: expected protocol ${PROTOCOL_VERSION}, got ${word}`));
      } else if (type === FrameType.READY) {
        port.send(encodeFrame(FrameType.QUIESCE, quiesceId));
      } else if (type === FrameType.RESULT && id === quiesceId) {
        listening.dispose();
        if (word === 0) resolve();
        else reject(new Error(`Cannot quiesce the guest: error ${word}`));
      }
    };
    const reader = new FrameReader();
    const listening = port.onReceive((bytes) => reader.push(bytes, hear));
  });
}

async function bytesOf(path: string): Promise<ArrayBuffer> {
  const bytes = await readFile(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

const [verb, ...paths] = process.argv.slice(2);
if (verb === "take") {
  const [wasm = "", bios = "", vgaBios = "", kernel = "", initramfs = "", output = ""] = paths;
  const boot = {
    bios: await bytesOf(bios),
    vgaBios: await bytesOf(vgaBios),
    kernel: await bytesOf(kernel),
    initramfs: await bytesOf(initramfs),
    commandLine,
  };
  const module = await WebAssembly.compile(await bytesOf(wasm));
  const state = await takeSnapshot({ wasm: module, boot, quiesce }, { memory });
  await writeFile(output, new Uint8Array(state));
  process.exit(0);
}
process.stdout.write(JSON.stringify({ ...machineIdentity, protocol: PROTOCOL_VERSION }));
