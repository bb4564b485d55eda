import "@xterm/xterm/css/xterm.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { serveInvocations } from "./cli/serve-invocations.ts";
import { EngineClient } from "./client/engine-client.ts";
import { HostSessionClient } from "./client/host-session-client.ts";
import type { Connected, EnginePorts, Session } from "./session/session.browser.ts";

/** Speaks to a worker's engine through its two doors, and answers the `docker` of its shells. */
export function connect(ports: EnginePorts): Connected {
  const engine = new EngineClient(ports.engine);
  const host = new HostSessionClient(ports.host);
  serveInvocations(host, engine);
  return {
    engine,
    host,
    dispose: () => {
      engine.dispose();
      host.dispose();
    },
  };
}

export function show(session: Session, root: HTMLElement): void {
  render(<App session={session} />, root);
}
