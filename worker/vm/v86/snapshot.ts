import { system } from "../../errdefs/errors.ts";
import { toldElsewhere } from "../../internal/failures.ts";
import { NinepHostFiles } from "../host-files.ts";
import type { AgentPort } from "../machine.ts";
import { NinepServer } from "../ninep/server.ts";
import { type ColdBoot, Emulator } from "./emulator.ts";

export interface SnapshotComponents {
  readonly wasm: WebAssembly.Module;
  readonly boot: ColdBoot;
  /** Settles when the agent has said that it is ready, and has dropped caches and zeroed what is free. */
  readonly quiesce: (port: AgentPort) => Promise<void>;
}

export interface SnapshotOptions {
  /** Bytes of RAM: the machine that starts from the snapshot has as much. */
  readonly memory: number;
  readonly onConsole?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** Between two looks whether the guest has come to rest, milliseconds. */
const look = 20;
const consoleTail = 2000;

/**
 * Boots the guest from its kernel and keeps the state in which its agent waits for the engine: what `V86Machine` starts
 * from. Rejects with `System`, and the console's last words, when the guest dies on the way.
 */
export async function takeSnapshot(components: SnapshotComponents, options: SnapshotOptions): Promise<ArrayBuffer> {
  const { signal } = options;
  let printed = "";
  const death = rejection();
  const aborted = (): void => death.reject(signal?.reason);
  signal?.throwIfAborted();
  // From here on, since it may come while the emulator is loaded.
  signal?.addEventListener("abort", aborted);
  let emulator: Emulator | undefined;
  try {
    emulator = await Emulator.load(
      {
        wasm: components.wasm,
        files: new NinepServer(new NinepHostFiles().root),
        onConsole: (text) => {
          printed = (printed + text).slice(-consoleTail);
          options.onConsole?.(text);
        },
        onDeath: (reason) => death.reject(system(`the guest died while it booted: ${reason}\n${printed}`)),
      },
      options.memory,
      components.boot,
    );
    emulator.run();
    await Promise.race([components.quiesce(emulator.port), death.promise]);
    await Promise.race([atRest(emulator), death.promise]);
    return emulator.save();
  } finally {
    signal?.removeEventListener("abort", aborted);
    emulator?.kill();
  }
}

interface Rejection {
  readonly promise: Promise<never>;
  reject(reason: unknown): void;
}

/** A promise that only ever rejects; unheard, it does no harm. */
function rejection(): Rejection {
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<never>((_resolve, refuse) => {
    reject = refuse;
  });
  toldElsewhere(promise);
  return { promise, reject };
}

/** Leaves the emulator paused at a moment when the guest waits for an interrupt. */
async function atRest(emulator: Emulator): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, look));
    if (!emulator.idle) continue;
    emulator.pause();
    return;
  }
}
