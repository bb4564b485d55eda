import type { EngineApi } from "../api/engine-api.ts";

/** Clients may connect while the engine starts: they wait. */
export class ApiGate implements EngineApi {
  readonly #api: Promise<EngineApi>;
  open: (api: EngineApi) => void = () => undefined;
  onUse: () => void = () => undefined;

  constructor() {
    this.#api = new Promise((resolve) => {
      this.open = resolve;
    });
  }

  fetch: EngineApi["fetch"] = async (request) => (await this.#used()).fetch(request);
  upgrade: EngineApi["upgrade"] = async (request) => (await this.#used()).upgrade(request);

  #used(): Promise<EngineApi> {
    this.onUse();
    return this.#api;
  }
}
