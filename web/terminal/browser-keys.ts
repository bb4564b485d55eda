import type { Terminal } from "@xterm/xterm";

/**
 * Keys that are not the shell's. Ctrl+Shift+C and, with a selection, Ctrl+C copy; Ctrl+V and Ctrl+Shift+V paste (the
 * browser's own paste event reaches the terminal); F6 is the way out of the terminal by keyboard: into the browser's own
 * controls, where it knows the key, and a Tab that follows leads to what comes next, in the page around a frame too. Every
 * other key goes to the shell, and the browser is kept from acting on it (Ctrl+P would print). Apple's systems copy and
 * paste with Cmd, which is the browser's own; Ctrl is the shell's there.
 * @param platform as `navigator.platform` says it
 */
export function handleBrowserKeys(terminal: Terminal, platform: string): void {
  const apple = /^(Mac|iP)/.test(platform);
  let leaving = false;
  terminal.textarea?.addEventListener("focus", () => {
    leaving = false;
  });
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type === "keydown" && !["Tab", "Shift"].includes(event.key)) leaving = event.key === "F6";
    if (event.key === "F6" || (leaving && event.key === "Tab")) return false;
    if (apple || !event.ctrlKey || event.altKey || event.metaKey) return true;
    const key = event.key.toLowerCase();
    if (key === "v") return false;
    if (key === "c" && (event.shiftKey || terminal.hasSelection())) {
      if (event.type === "keydown") copySelection(terminal, event);
      return false;
    }
    return true;
  });
}

function copySelection(terminal: Terminal, event: KeyboardEvent): void {
  event.preventDefault();
  if (!terminal.hasSelection()) return;
  // The clipboard API needs a secure context; the copy command works everywhere a key was pressed.
  document.execCommand("copy");
  terminal.clearSelection();
}
