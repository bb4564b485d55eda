import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { Status } from "./components/status.tsx";
import { TerminalView } from "./components/terminal-view.tsx";
import { LeaveGuard } from "./session/leave-guard.browser.ts";
import type { Phase } from "./session/phase.ts";
import { type Connected, Session, type SessionComponents } from "./session/session.browser.ts";

export function App({ components }: { readonly components: SessionComponents }) {
  const [phase, setPhase] = useState<Phase>({ kind: "starting", what: "Starting" });
  const [connected, setConnected] = useState<Connected>();
  const [screenReader, setScreenReader] = useState(false);
  const session = useMemo(
    () => new Session(components, { onPhase: setPhase, onConnected: setConnected }),
    [components],
  );

  useEffect(() => void session.start(), [session]);
  useLeaveGuard(connected);

  const act = useCallback(() => {
    void (phase.kind === "elsewhere" || phase.kind === "moved" ? session.takeOver() : session.start());
  }, [phase.kind, session]);

  return (
    <>
      <header>
        <img src="./wherry.svg" alt="" width="24" height="24" />
        <h1>Wherry</h1>
        <Status phase={phase} onAction={act} />
        <button type="button" class="toggle" aria-pressed={screenReader} onClick={() => setScreenReader((on) => !on)}>
          Screen reader
        </button>
      </header>
      <main aria-label="Terminal">
        <TerminalView connected={connected} screenReader={screenReader} />
      </main>
    </>
  );
}

function useLeaveGuard(connected: Connected | undefined): void {
  useEffect(() => {
    if (!connected) return undefined;
    const guard = new LeaveGuard(connected.engine);
    guard.start();
    return () => guard.stop();
  }, [connected]);
}
