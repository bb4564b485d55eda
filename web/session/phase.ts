/** What the page is doing, as the user is told. */
export type Phase =
  | { readonly kind: "starting"; readonly what: string; readonly done?: number; readonly total?: number }
  | { readonly kind: "running"; readonly storage: "indexeddb" | "memory"; readonly secure: boolean }
  /** Another tab of this origin runs the engine. */
  | { readonly kind: "elsewhere" }
  /** Another tab took the engine over. */
  | { readonly kind: "moved" }
  /** It did run in another tab, which has ended. */
  | { readonly kind: "free" }
  | { readonly kind: "guest-gone"; readonly reason: string }
  /** The guest runs, and has not answered for long. It may yet. */
  | { readonly kind: "guest-silent" }
  | { readonly kind: "failed"; readonly message: string };

/** The status line's sentence. It changes when something new begins, not with every byte: screen readers read it out. */
export function phaseText(phase: Phase): string {
  switch (phase.kind) {
    case "starting":
      return phase.what;
    case "running":
      return phase.storage === "memory" ? `Running. ${keepsNothing(phase.secure)}` : "Running";
    case "elsewhere":
      return "Wherry is already running in another tab.";
    case "moved":
      return "Wherry has moved to another tab.";
    case "free":
      return "Wherry no longer runs in another tab.";
    case "guest-gone":
      return `The machine has stopped: ${phase.reason}`;
    case "guest-silent":
      return "The machine does not answer: it is overloaded or frozen. Booting it again ends its containers.";
    case "failed":
      return `Wherry could not start: ${phase.message}`;
  }
}

function keepsNothing(secure: boolean): string {
  const reason = secure ? "the browser gives it no storage" : "it is not served over HTTPS";
  return `This page keeps nothing: ${reason}, so images are gone when you close it.`;
}

/** How far what is starting has come, such as "0.5 of 7.8 MB". */
export function amountText(done: number, total: number): string {
  return `${megabytes(done)} of ${megabytes(total)} MB`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
