import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { Terminal } from "@xterm/xterm";
import type { HostShell } from "../../worker/host/host-session.ts";
import { regardless } from "../../worker/internal/failures.ts";
import { handleBrowserKeys } from "./browser-keys.ts";
import { pastedText } from "./pasted-text.ts";

/** How the keyboard leaves the terminal. */
const wayOut = "F6, then Tab, leads out of it.";

const greeting = [
  "Docker on a small Linux machine in this tab. To begin with:",
  "",
  "\x1b[96m    docker run hello-world",
  "    docker run -it --rm debian bash",
  "    docker --help\x1b[0m",
  "",
  `Keys go to this terminal. ${wayOut}`,
  "",
  "",
].join("\r\n");

/** How many bytes xterm.js may have before it without holding the shell's output back. */
const mostUntaken = 64 * 1024;
/** The same in a page that is not shown: browsers give its timers, and with them xterm.js, a turn a second, later one a minute. */
const mostUntakenHidden = 4 * 1024 * 1024;

/** What the view shows of a shell: an xterm.js terminal, fitted to its element. */
export class HostTerminal {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #observer: ResizeObserver;
  readonly #element: HTMLElement;
  /** Bytes that xterm.js has been given and has not taken in. */
  #untaken = 0;

  constructor(element: HTMLElement) {
    this.#element = element;
    this.#terminal = new Terminal({
      // For `unicode`, which xterm.js may still rename.
      allowProposedApi: true,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      fontFamily: 'ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
      fontSize: 14,
      // At 1 the row ends above the underscore of DejaVu Sans Mono, which most Linux desktops show.
      lineHeight: 1.1,
      // Programs choose colours for black or white: on this background their blue could hardly be read.
      minimumContrastRatio: 4.5,
      scrollback: 5000,
      theme: { background: "#0b1f2d", foreground: "#dbe9f1", cursor: "#5cc8f2", selectionBackground: "#2b5a78" },
    });
    this.#terminal.loadAddon(this.#fit);
    // Bash counts two cells for an emoji; xterm.js alone, whose table is older, would count one.
    this.#terminal.loadAddon(new Unicode11Addon());
    this.#terminal.unicode.activeVersion = "11";
    this.#terminal.open(element);
    // Tab is the shell's: whoever has no mouse is told the way out.
    this.#terminal.textarea?.setAttribute("aria-description", `Keys go to the shell, Tab too. ${wayOut}`);
    handleBrowserKeys(this.#terminal, navigator.platform);
    element.addEventListener("paste", this.#onPaste, { capture: true });
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

  /**
   * Gives the terminal the keyboard, unless that is in use elsewhere: at a control of the page, or in the page that holds this
   * one in a frame.
   */
  takeFocus(): void {
    const framed = window !== window.top;
    if (framed && !document.hasFocus()) return;
    if (document.activeElement === null || document.activeElement === document.body) this.#terminal.focus();
  }

  /** What a newcomer reads before the first prompt. */
  greet(): void {
    this.#terminal.write(greeting);
  }

  /** A line of Wherry's own, set off from what the shell prints. */
  note(text: string): void {
    this.#terminal.write(`\r\n\x1b[96m${text}\x1b[0m\r\n`);
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
    const send = (bytes: Uint8Array) => void regardless(input.write(bytes));
    const listeners = [
      this.#terminal.onData((text) => send(encoder.encode(text))),
      this.#terminal.onBinary((text) => send(Uint8Array.from(text, (c) => c.charCodeAt(0)))),
      this.#terminal.onResize(({ rows, cols }) => void regardless(shell.resize({ rows, columns: cols }))),
    ];
    await regardless(shell.resize(this.size));
    try {
      await shell.readable.pipeTo(new WritableStream({ write: (bytes: Uint8Array) => this.#write(bytes) }), { signal });
    } finally {
      for (const listener of listeners) listener.dispose();
      input.releaseLock();
    }
  }

  dispose(): void {
    this.#observer.disconnect();
    this.#element.removeEventListener("paste", this.#onPaste, { capture: true });
    this.#terminal.dispose();
  }

  /**
   * Once xterm.js has much before it, resolves when it has taken all of it in, which is what holds a flood of output back.
   * Waiting for every piece would cost each its own turn of the page's thread, and a program that prints by lines makes many.
   */
  #write(bytes: Uint8Array): Promise<void> | undefined {
    this.#untaken += bytes.length;
    const taken = new Promise<void>((resolve) => {
      this.#terminal.write(bytes, () => {
        this.#untaken -= bytes.length;
        resolve();
      });
    });
    return this.#untaken > (document.hidden ? mostUntakenHidden : mostUntaken) ? taken : undefined;
  }

  /** Before xterm.js has it. */
  readonly #onPaste = (event: ClipboardEvent): void => {
    event.preventDefault();
    event.stopPropagation();
    this.#terminal.paste(pastedText(event.clipboardData?.getData("text/plain") ?? ""));
  };
}
