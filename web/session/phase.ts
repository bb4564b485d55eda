/** What the page is doing, as the user is told. */
export type Phase =
  | { readonly kind: "starting"; readonly what: string; readonly done?: number; readonly total?: number }
  | { readonly kind: "running"; readonly storage: "indexeddb" | "memory" }
  /** Another tab of this origin runs the engine. */
  | { readonly kind: "elsewhere" }
  /** Another tab took the engine over. */
  | { readonly kind: "moved" }
  | { readonly kind: "guest-gone"; readonly reason: string }
  | { readonly kind: "failed"; readonly message: string };

/** The status line's sentence. */
export function phaseText(phase: Phase): string {
  switch (phase.kind) {
    case "starting":
      return phase.done !== undefined && phase.total
        ? `${phase.what}: ${megabytes(phase.done)} of ${megabytes(phase.total)} MB`
        : phase.what;
    case "running":
      return phase.storage === "memory"
        ? "Running. This page keeps nothing: it is not served over HTTPS, so images are gone when you close it."
        : "Running";
    case "elsewhere":
      return "Wherry is already running in another tab.";
    case "moved":
      return "Wherry has moved to another tab.";
    case "guest-gone":
      return `The machine has stopped: ${phase.reason}`;
    case "failed":
      return `Wherry could not start: ${phase.message}`;
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
