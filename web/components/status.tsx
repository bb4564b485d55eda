import { amountText, type Phase, phaseText } from "../session/phase.ts";

/** The status line, with the one action that the phase calls for. */
export function Status({ phase, onAction }: { readonly phase: Phase; readonly onAction: () => void }) {
  const action = phaseAction(phase);
  return (
    <div class={`status status-${phase.kind}`}>
      <span role="status">{phaseText(phase)}</span>
      {phase.kind === "starting" && phase.total ? <Amount {...phase} total={phase.total} /> : null}
      {action ? (
        <button type="button" onClick={onAction}>
          {action}
        </button>
      ) : null}
    </div>
  );
}

function Amount({ what, done = 0, total }: { readonly what: string; readonly done?: number; readonly total: number }) {
  const amount = amountText(done, total);
  return (
    <>
      <progress aria-label={what} aria-valuetext={amount} value={done} max={total} />
      <span class="amount" aria-hidden="true">
        {amount}
      </span>
    </>
  );
}

function phaseAction(phase: Phase): string | undefined {
  switch (phase.kind) {
    case "elsewhere":
    case "moved":
    case "free":
      return "Use it here";
    case "guest-gone":
    case "guest-silent":
      return "Boot it again";
    case "failed":
      return "Try again";
    default:
      return undefined;
  }
}
