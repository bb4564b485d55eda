import { useEffect, useRef } from "preact/hooks";
import type { Connected } from "../session/session.browser.ts";
import { HostTerminal } from "../terminal/host-terminal.ts";

/** Milliseconds within which the news of a dead guest follow those of its shell. */
const tellingTime = 100;

/** A terminal on the Docker host. When its shell ends, Enter opens the next one, as a console does. */
export function TerminalView(props: { readonly connected: Connected | undefined; readonly screenReader: boolean }) {
  const element = useRef<HTMLDivElement>(null);
  const terminal = useRef<HostTerminal | undefined>(undefined);

  useEffect(() => {
    if (!element.current) return undefined;
    const created = new HostTerminal(element.current);
    created.greet();
    terminal.current = created;
    return () => created.dispose();
  }, []);

  useEffect(() => {
    if (terminal.current) terminal.current.screenReader = props.screenReader;
  }, [props.screenReader]);

  useEffect(() => {
    const { connected } = props;
    const shown = terminal.current;
    if (!connected || !shown) return undefined;
    const stop = new AbortController();
    shown.reset();
    shown.greet();
    shown.takeFocus();
    void runShells(shown, connected, stop.signal);
    return () => stop.abort();
  }, [props.connected]);

  return (
    <section
      class={props.connected ? "terminal" : "terminal terminal-idle"}
      aria-label="Terminal on the Docker host"
      ref={element}
    />
  );
}

async function runShells(terminal: HostTerminal, connected: Connected, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const end = await runShell(terminal, connected, signal);
    // A shell's end may be the first sign of the guest's, which the status line then tells: there is no new shell to offer.
    await new Promise((resolve) => setTimeout(resolve, tellingTime));
    if (signal.aborted) return;
    terminal.note(`${end} Press Enter for a new one.`);
    await terminal.enter(signal);
  }
}

/** Answers how it ended. */
async function runShell(terminal: HostTerminal, connected: Connected, signal: AbortSignal): Promise<string> {
  try {
    const shell = await connected.host.openShell({ size: terminal.size, signal });
    await terminal.attach(shell, signal);
    return "The shell has ended.";
  } catch (error) {
    return `The shell is lost: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
