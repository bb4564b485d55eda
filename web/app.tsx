import { useEffect, useState } from "preact/hooks";
import { Status } from "./components/status.tsx";
import { TerminalView } from "./components/terminal-view.tsx";
import { isChosen, keepChoice } from "./session/choice.browser.ts";
import { keepStorage } from "./session/keep-storage.browser.ts";
import { LeaveGuard } from "./session/leave-guard.browser.ts";
import type { Connected, Session, SessionState } from "./session/session.browser.ts";

export function App({ session }: { readonly session: Session }) {
  const { phase, connected } = useSession(session);
  const [screenReader, setScreenReader] = useState(() => isChosen("screen-reader"));
  useEffect(() => keepChoice("screen-reader", screenReader), [screenReader]);
  useLeaveGuard(connected);
  useKeptStorage(phase.kind === "running" && phase.storage === "indexeddb" ? connected : undefined);

  return (
    <>
      <header>
        <img src="./wherry.svg" alt="" width="24" height="24" />
        <h1>Wherry</h1>
        <Status phase={phase} onAction={() => void session.resume()} />
        <button type="button" aria-pressed={screenReader} onClick={() => setScreenReader((on) => !on)}>
          Screen reader
        </button>
      </header>
      <main>
        <TerminalView connected={connected} screenReader={screenReader} />
      </main>
    </>
  );
}

function useSession(session: Session): SessionState {
  const [state, setState] = useState(session.state);
  useEffect(() => {
    setState(session.state);
    const listener = session.onChange(setState);
    return () => listener.dispose();
  }, [session]);
  return state;
}

function useLeaveGuard(connected: Connected | undefined): void {
  useEffect(() => {
    if (!connected) return undefined;
    const guard = new LeaveGuard(connected.engine);
    guard.start();
    return () => guard.stop();
  }, [connected]);
}

function useKeptStorage(connected: Connected | undefined): void {
  useEffect(() => {
    if (!connected) return undefined;
    const stop = new AbortController();
    // It is a request to the browser, and nothing depends on the answer.
    keepStorage(connected.engine, stop.signal).catch(() => undefined);
    return () => stop.abort();
  }, [connected]);
}
