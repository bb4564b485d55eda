import type { Terminal } from "@xterm/xterm";
import { expect, test } from "vitest";
import { handleBrowserKeys } from "./browser-keys.ts";

/** A terminal with text selected, whose `presses` tells whether the shell gets a key. */
function terminalOn(platform: string) {
  let handler: ((event: KeyboardEvent) => boolean) | undefined;
  const textarea = new EventTarget();
  const terminal = {
    textarea,
    hasSelection: () => true,
    attachCustomKeyEventHandler: (attached: (event: KeyboardEvent) => boolean) => {
      handler = attached;
    },
  };
  handleBrowserKeys(terminal as unknown as Terminal, platform);
  const event = (type: string, key: string, modifiers: Partial<KeyboardEvent>) =>
    handler?.({ type, key, ctrlKey: false, altKey: false, metaKey: false, ...modifiers } as KeyboardEvent);
  return {
    focus: () => textarea.dispatchEvent(new Event("focus")),
    releases: (key: string, modifiers: Partial<KeyboardEvent> = {}) => event("keyup", key, modifiers),
    presses: (key: string, modifiers: Partial<KeyboardEvent> = {}) => event("keydown", key, modifiers),
  };
}

const reachesShell = (platform: string, key: string, modifiers: Partial<KeyboardEvent> = {}) =>
  terminalOn(platform).releases(key, modifiers);

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

test("Tab is the shell's, but the one that follows F6", () => {
  const { presses, releases, focus } = terminalOn("MacIntel");
  const reaches = (...keys: readonly string[]) => keys.map((key) => presses(key)).at(-1);
  expect(reaches("Tab")).toBe(true);
  expect(reaches("F6", "Tab")).toBe(false);
  expect(reaches("F6", "Shift", "Tab")).toBe(false);
  expect(reaches("F6", "a", "Tab")).toBe(true);
  presses("F6");
  focus();
  releases("F6");
  expect(reaches("Tab"), "the terminal was left and come back to").toBe(true);
});
