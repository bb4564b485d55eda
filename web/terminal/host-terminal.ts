import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import type { HostShell } from "../../worker/host/host-session.ts";
import { handleBrowserKeys } from "./browser-keys.ts";

/** What the view shows of a shell: an xterm.js terminal, fitted to its element. */
export class HostTerminal {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #observer: ResizeObserver;

  constructor(element: HTMLElement) {
    this.#terminal = new Terminal({
      cursorBlink: true,
      fontFamily: 'ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
      fontSize: 14,
      scrollback: 5000,
      theme: { background: "#0b1f2d", foreground: "#dbe9f1", cursor: "#5cc8f2", selectionBackground: "#2b5a78" },
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.open(element);
    handleBrowserKeys(this.#terminal);
    // A page that is not shown, such as a folded part of a tutorial, leaves the size as it was.
    const fit = () => {
      if (element.clientWidth > 0) this.#fit.fit();
    };
    this.#observer = new ResizeObserver(fit);
    this.#observer.observe(element);
    fit();
  }

  get size(): { readonly rows: number; readonly columns: number } {
    return { rows: this.#terminal.rows, columns: this.#terminal.cols };
  }

  set screenReader(on: boolean) {
    this.#terminal.options.screenReaderMode = on;
  }

  focus(): void {
    this.#terminal.focus();
  }

  /** A line of Wherry's own, set off from what the shell prints. */
  note(text: string): void {
    this.#terminal.write(`\r\n\x1b[2m${text}\x1b[0m\r\n`);
  }

  /** Resolves when Enter is pressed, or the signal is aborted. */
  async enter(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const listener = this.#terminal.onData((text) => {
        if (text === "\r") done();
      });
      const done = () => {
        listener.dispose();
        signal.removeEventListener("abort", done);
        resolve();
      };
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });
  }

  reset(): void {
    this.#terminal.reset();
  }

  /** Connects keyboard and screen to a shell until its output ends or the signal is aborted. */
  async attach(shell: HostShell, signal: AbortSignal): Promise<void> {
    const input = shell.writable.getWriter();
    const encoder = new TextEncoder();
    const send = (bytes: Uint8Array) => void input.write(bytes).catch(() => undefined);
    const listeners = [
      this.#terminal.onData((text) => send(encoder.encode(text))),
      this.#terminal.onBinary((text) => send(Uint8Array.from(text, (c) => c.charCodeAt(0)))),
      this.#terminal.onResize(({ rows, cols }) => void shell.resize({ rows, columns: cols }).catch(() => undefined)),
    ];
    await shell.resize(this.size).catch(() => undefined);
    try {
      await shell.readable.pipeTo(new WritableStream({ write: (bytes) => this.#write(bytes) }), { signal });
    } finally {
      for (const listener of listeners) listener.dispose();
      input.releaseLock();
    }
  }

  dispose(): void {
    this.#observer.disconnect();
    this.#terminal.dispose();
  }

  /** Resolves when xterm.js has taken the bytes in, which is what holds a flood of output back. */
  #write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(bytes, resolve));
  }
}
