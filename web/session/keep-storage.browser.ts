import type { EngineApi } from "../../worker/api/engine-api.ts";
import { engineEvents } from "./engine-events.ts";

/**
 * Asks the browser not to clear this origin's storage by itself when the disk gets full, as soon as there is something to lose:
 * at the first image that is pulled. Chromium and Safari decide without a word; Firefox asks the user, and so this is done at
 * most once while the page is open, right after what the user did, and never where it was refused before.
 */
export async function keepStorage(engine: EngineApi, signal: AbortSignal): Promise<void> {
  const { storage, permissions } = navigator;
  if (typeof storage?.persist !== "function" || (await storage.persisted())) return;
  const permission = await permissions?.query({ name: "persistent-storage" }).catch(() => undefined);
  if (permission?.state === "denied") return;
  for await (const _ of engineEvents(engine, { type: ["image"], event: ["pull"] }, signal)) {
    await storage.persist();
    return;
  }
}
