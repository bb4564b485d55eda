import type { Terminal } from "@xterm/xterm";
import { expect, test } from "vitest";
import { handleBrowserKeys } from "./browser-keys.ts";

/** Whether the shell gets a key that is pressed while text is selected. */
function reachesShell(platform: string, key: string, modifiers: Partial<KeyboardEvent> = {}): boolean | undefined {
  let handler: ((event: KeyboardEvent) => boolean) | undefined;
  const terminal = {
    hasSelection: () => true,
    attachCustomKeyEventHandler: (attached: (event: KeyboardEvent) => boolean) => {
      handler = attached;
    },
  };
  handleBrowserKeys(terminal as unknown as Terminal, platform);
  return handler?.({
    type: "keyup",
    key,
    ctrlKey: false,
    altKey: false,
    metaKey: false,
    ...modifiers,
  } as KeyboardEvent);
}

const ctrl = { ctrlKey: true };

test("Ctrl copies and pastes, but on Apple's systems, where Cmd does", () => {
  for (const key of ["c", "v", "V"]) {
    for (const platform of ["Linux x86_64", "Win32"]) expect(reachesShell(platform, key, ctrl)).toBe(false);
    for (const platform of ["MacIntel", "iPad"]) expect(reachesShell(platform, key, ctrl)).toBe(true);
  }
});

test("other keys with Ctrl are the shell's, and F6 is the browser's", () => {
  for (const platform of ["Linux x86_64", "MacIntel"]) {
    for (const key of ["p", "w", "r"]) expect(reachesShell(platform, key, ctrl)).toBe(true);
    expect(reachesShell(platform, "F6")).toBe(false);
  }
});
