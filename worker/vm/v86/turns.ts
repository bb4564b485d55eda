import type { EmulatorLoop } from "./internals.ts";

/**
 * Has the CPU's turns, of a millisecond each, called by this thread's own event loop. In a browser v86 asks a worker of its
 * own for each, because a page's timers are slowed down when it is hidden: two hops between threads for a millisecond of
 * work. The machine runs in a worker already, whose timers are not slowed down. On Node v86 does without by itself.
 */
export function takeTurnsHere(loop: EmulatorLoop): void {
  if (!loop.worker) return;
  loop.unregister_yield();
  const { port1: here, port2: there } = new MessageChannel();
  let timer: ReturnType<typeof setTimeout> | undefined;
  here.onmessage = ({ data }: MessageEvent<number>) => loop.yield_callback(data);
  loop.yield = (delay, tick) => {
    clearTimeout(timer);
    if (delay < 1) there.postMessage(tick);
    // A turn within a timer's call would make the next timer a nested one, which may not be shorter than 4 ms.
    else timer = setTimeout(() => there.postMessage(tick), delay);
  };
  loop.unregister_yield = () => {
    clearTimeout(timer);
    here.close();
  };
}
